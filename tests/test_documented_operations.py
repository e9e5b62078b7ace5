"""The documents for operators and testers are true, and nothing that a page or the code refers to is missing."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from deploy.sandbox.control.faults import Do, Order, Target
from deploy.sandbox.control.routes import LimitsOrder, ModelOrder
from tests.documents import asked, blocks, coded, curls, pages, read, rows, sections
from tests.repository import ROOT, SERVICES, files, python
from tests.servers import PostgresServer

DOCS = ROOT / "docs"


# Operations


def test_each_metric_is_documented() -> None:
    kinds = {"Counter", "Gauge", "Histogram", "Summary"}
    made = {
        node.args[0].value
        for path in python("shared", *SERVICES)
        for node in ast.walk(ast.parse(read(str(path))))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in kinds
        and isinstance(node.args[0], ast.Constant)
    }  # fmt: skip
    named = {coded(row[0]) for row in rows(sections("docs/operations.md")["Metrics and alerts"])}
    assert {name for name in named if name.startswith("darkroom_")} == made


def test_each_alert_is_explained() -> None:
    rules = re.findall(r"- alert: (\w+)", read("deploy/prometheus/alerts.yaml"))
    explained = re.findall(r"^\| `([A-Z]\w+)` ", sections("docs/operations.md")["Metrics and alerts"], re.MULTILINE)
    assert rules
    assert explained == rules


def warnings() -> Iterator[tuple[str, str]]:
    """Event and level of what the log says from warning upwards."""
    for path in python("shared", *SERVICES):
        for node in ast.walk(ast.parse(read(str(path)))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and ast.unparse(node.func.value) == "log.get()"
            ):
                level = {"exception": "error"}.get(node.func.attr, node.func.attr)
                assert isinstance(node.args[0], ast.Constant), f"{path}:{node.lineno}: an event's name is a constant"
                if level in {"warning", "error", "critical"}:
                    yield str(node.args[0].value), level


def test_each_warning_of_the_log_is_explained() -> None:
    table = rows(sections("docs/operations.md")["What the log says from warning upwards"])
    assert {(coded(row[0]), row[1]) for row in table} == set(warnings())
    assert [coded(row[0]) for row in table] == sorted(coded(row[0]) for row in table)


def test_no_page_names_an_event_that_is_never_logged() -> None:
    logged = {name for name, _ in warnings()}
    named = set(re.findall(r"\(`([a-z]+\.[a-z_]+)`[;)]", read("docs/operations.md")))
    assert named
    assert named <= logged


def test_the_sql_of_the_operations_page_runs(postgres_server: PostgresServer, migrated_template: str) -> None:
    statements = [s for block in blocks("docs/operations.md", "sql") for s in block.split(";\n") if s.strip()]
    assert len(statements) > 5
    postgres_server.create("documented", migrated_template)
    try:
        postgres_server.execute(*statements, database="documented")
    finally:
        postgres_server.drop("documented")


# The sandbox


def test_the_scripts_of_the_testing_page_are_ones_the_sandbox_takes() -> None:
    takes: dict[str, type[BaseModel]] = {
        "/_sandbox/script": Order,
        "/_sandbox/limits": LimitsOrder,
        "/_sandbox/models": ModelOrder,
    }
    lines = [asked(words) for words in curls("docs/testing.md")]
    for method, path, body in lines:
        if method == "POST":
            takes[path].model_validate(body)
        else:
            assert path in takes or path in {"/_sandbox/ledger", "/_sandbox/ledger/summary"}
    assert {path for _, path, _ in lines} >= set(takes)


def test_the_testing_page_explains_everything_the_sandbox_can_do() -> None:
    text = sections("docs/testing.md")["The sandbox"]
    cells = [row[0] for row in rows(text)]
    assert sorted(word for cell in cells for word in re.findall(r"`(\w+)`", cell)) == sorted(get_args(Do))
    assert all(f"`{target}`" in text for target in get_args(Target))


def test_the_testing_page_names_each_folder_of_tests() -> None:
    named = {coded(row[0]) for row in rows(sections("docs/testing.md")["What each kind proves"])}
    there = {
        f"tests/{path.parts[1]}/"
        for path in files()
        if path.parts[0] == "tests" and path.name.startswith("test_") and len(path.parts) > 2
    }
    assert named == there | {"tests/test_*.py"}


# The files themselves


def test_every_link_leads_somewhere() -> None:
    for page in pages():
        for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
            place, _, anchor = target.partition("#")
            if "://" in place:
                continue
            found = (page.parent / place) if place else page
            assert found.exists(), f"{page.relative_to(ROOT)} links to {target}"
            if anchor:
                assert anchor in anchors(found), f"{page.relative_to(ROOT)} links to {target}"


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def test_every_file_that_a_page_names_exists() -> None:
    here = {str(path) for path in files()}
    tops = {path.parts[0] for path in files() if len(path.parts) > 1}
    for page in pages():
        for name in re.findall(r"`([\w.-]+/[\w./-]+\.\w+)`", page.read_text()):
            if name.split("/")[0] in tops:
                assert name in here, f"{page.relative_to(ROOT)} names {name}"


def test_every_document_that_the_code_names_exists() -> None:
    here = {str(path) for path in files()}
    for path in files():
        if path.suffix in {".py", ".toml", ".yaml", ".css", ".ts", ".tsx"} or path.name == "Makefile":
            for name in re.findall(r"\bdocs/[\w/-]+\.md\b", (ROOT / path).read_text()):
                assert name in here, f"{path} names {name}"


def test_the_decisions_are_numbered_and_have_one_form() -> None:
    found = sorted((DOCS / "decisions").glob("*.md"))
    assert [int(page.name[:4]) for page in found] == list(range(1, len(found) + 1))
    for page in found:
        text = page.read_text()
        assert text.startswith(f"# {int(page.name[:4])}. "), page
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == [
            "Context",
            "Decision",
            "Consequences",
            "Alternatives",
            "References",
        ], page


@pytest.mark.parametrize(
    "name",
    [
        "requirements.lock",
        "requirements-uv.lock",
        "gateway/web/package-lock.json",
        "gateway/web/types/package-lock.json",
    ],
)
def test_a_lock_names_no_host(name: str) -> None:
    if (ROOT / name).exists():
        text = read(name)
        assert not re.search(r"--(extra-)?index-url|--find-links|--trusted-host", text)
        hosts = re.findall(
            r"\"resolved\"|(?<!\"url\": \")https?://(?!(?:[\w.-]*\.)?(?:github\.com|opencollective\.com)[/\"])[\w.-]+",
            text,
        )
        assert not hosts, hosts[:5]
