"""The documents say what the code does: each setting, route and code is there, and nothing else."""

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from deploy.local.settings import LocalSettings
from deploy.sandbox.settings import Settings as SandboxSettings
from gateway.docs.document import FILE
from gateway.generation.schemas import RETRYABLE
from shared.db.tables import JobError
from shared.domain.errors import all_problems
from shared.settings import Common, GatewaySettings, LibrarySettings, StoreSettings, UploadSettings, WorkerSettings
from tests.documents import asked, coded, curls, pages, read, rows, sections

BASE = "http://localhost:8003"
STORES = {"database_url": "postgresql://nobody", "redis_url": "redis://nobody"}
SANDBOX = {"sandbox_url": "http://127.0.0.1:8004"}


# Settings


def shown(default: object) -> str:
    if default is None:
        return "none"
    return f"`{default:g}`" if isinstance(default, float) and default < 1e5 else f"`{default}`"


def own_settings(kind: type[Common]) -> dict[str, str]:
    """Name and default of the settings that a class itself declares."""
    fields = {name: kind.model_fields[name] for name in kind.__annotations__ if name in kind.model_fields}
    return {
        str(field.validation_alias.choices[0]): "required" if field.is_required() else shown(field.default)  # type: ignore[union-attr]
        for field in fields.values()
    }


def sandbox_settings() -> dict[str, str]:
    """The sandbox names each variable in the words under its field."""
    names = re.findall(r"^    (\w+): .*\n    \"\"\"(DARKROOM_\w+):", read("deploy/sandbox/settings.py"), re.MULTILINE)
    return {variable: shown(getattr(SandboxSettings, field)) for field, variable in names}


def runner_settings() -> dict[str, str]:
    """As for the sandbox."""
    names = re.findall(r"^    (\w+): .*\n    \"\"\"`(DARKROOM_\w+)`:", read("deploy/local/settings.py"), re.MULTILINE)
    read_now = LocalSettings.read({})
    values = {variable: getattr(read_now, field) for field, variable in names}
    return {
        name: shown(
            value.relative_to(Path.cwd())
            if isinstance(value, Path)
            else float(value)
            if name.endswith("SECONDS")
            else value
        )
        for name, value in values.items()
    }


SETTINGS: Mapping[str, Mapping[str, str]] = {
    "Every process": own_settings(Common),
    "Upload service, library service and worker": own_settings(StoreSettings),
    "Gateway": own_settings(GatewaySettings),
    "Upload service": own_settings(UploadSettings),
    "Library service": own_settings(LibrarySettings),
    "Worker": own_settings(WorkerSettings),
    "`make up`": runner_settings(),
    "The sandbox": sandbox_settings(),
}


@pytest.mark.parametrize("section", SETTINGS)
def test_each_setting_is_documented_with_its_default(section: str) -> None:
    written = {coded(row[0]): row[1] for row in rows(sections("docs/configuration.md")[section])}
    assert written == dict(SETTINGS[section])


def test_no_document_names_a_setting_that_nobody_reads() -> None:
    known = {name for section in SETTINGS.values() for name in section} | {"POSTGRES_PASSWORD", "REDIS_PASSWORD"}
    known |= {"OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "DARKROOM_URL"}
    for page in pages():
        named = set(
            re.findall(r"\b(?:DARKROOM|OPENAI|CLOUDINARY|POSTGRES|REDIS|DATABASE)_[A-Z_]*[A-Z]\b", page.read_text())
        )
        assert named <= known, page


# Routes


@cache
def document() -> dict[str, Any]:
    """The document that the running gateway serves."""
    found: dict[str, Any] = json.loads(FILE.read_text())
    return found


def routes() -> set[tuple[str, str]]:
    methods = {"get", "post", "put", "patch", "delete"}
    return {(method.upper(), path) for path, item in document()["paths"].items() for method in methods & set(item)}


PROBES = {("GET", path) for path in ("/healthz", "/readyz", "/metrics", "/openapi.json")}


def test_each_route_has_a_heading_in_the_api_page() -> None:
    headings = re.findall(r"^### `([A-Z]+) (\S+)`$", read("docs/api.md"), re.MULTILINE)
    assert len(headings) == len(set(headings))
    assert set(headings) == routes()


def template(path: str) -> str:
    named = path.replace("$IMAGE_ID", "{image_id}").replace("$POST_ID", "{post_id}")
    return re.sub(r"\$?JOB_ID", "{job_id}", named)


def test_the_lines_of_curl_in_the_readme_name_existing_routes() -> None:
    lines = [asked(words) for words in curls("README.md")]
    assert {(method, template(path)) for method, path, _ in lines} <= routes() | PROBES


def test_each_route_has_a_line_of_curl() -> None:
    lines = [asked(words) for words in curls("docs/quick-reference.md")]
    assert {(method, template(path)) for method, path, _ in lines} == routes() | PROBES


@pytest.mark.parametrize("words", curls("docs/quick-reference.md"), ids=" ".join)
def test_a_line_of_curl_sends_what_its_route_takes(words: list[str]) -> None:
    method, path, body = asked(words)
    if (method, path) in PROBES:
        return
    operation = document()["paths"][template(path)][method.lower()]
    (url,) = [word for word in words if word.startswith("http")]
    assert url.startswith(BASE)
    known = {parameter["name"] for parameter in operation.get("parameters", []) if parameter["in"] == "query"}
    assert {name for name, _ in parse_qsl(urlsplit(url).query)} <= known
    if body:
        assert "Content-Type: application/json" in words
        assert set(body) <= fields(operation)
    if "-F" in words:
        # What takes both is described with JSON only, and says so in words.
        assert "multipart/form-data" in operation["requestBody"]["content"] or "form" in operation["description"]


def fields(operation: dict[str, Any]) -> set[str]:
    """The names that a JSON body of this operation may have."""
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    if "$ref" in schema:
        schema = document()["components"]["schemas"][schema["$ref"].split("/")[-1]]
    choices = schema.get("oneOf", schema.get("anyOf", [schema]))
    return {name for choice in choices for name in choice["properties"]}


def test_no_document_names_a_path_that_does_not_exist() -> None:
    """Bare or below the prefix that the quick reference leaves out."""
    known = {path for _, path in routes()} | {path for _, path in PROBES} | {"/docs"}
    short = {path.removeprefix("/api/v1/images") or "/" for path in known}
    for name in ("docs/api.md", "docs/quick-reference.md", "docs/operations.md"):
        prose = re.sub(r"^```(?!sh).*?^```", "", read(name), flags=re.MULTILINE | re.DOTALL)
        named = re.findall(r"(?:GET|POST|PATCH|DELETE|PUT) (/[\w/{}.-]*)", prose)
        assert named
        assert {path for path in named if path not in known | short} == set(), name


# Codes


def test_each_problem_code_is_documented_with_its_status() -> None:
    written = {coded(row[0]): row[1] for row in rows(sections("docs/api.md")["Problems"])}
    assert written == {kind.code: str(kind.status) for kind in all_problems()}


def test_each_problem_says_whether_a_retry_may_help() -> None:
    """`yes` and `after …` only where the code itself says so."""
    for row in rows(sections("docs/api.md")["Problems"]):
        (kind,) = [kind for kind in all_problems() if kind.code == coded(row[0])]
        assert (row[2] in {"yes", "after `Retry-After`"}) == kind.retryable, kind.code
        assert row[3]


def test_each_reason_of_a_failed_job_is_documented() -> None:
    written = {coded(row[0]): row for row in rows(sections("docs/api.md")["Why a job failed"])}
    assert set(written) == {str(error) for error in JobError}
    for name, row in written.items():
        assert (row[1] == "yes") == (JobError(name) in RETRYABLE), name
        assert row[2], f"{name}: was I charged?"
        assert row[3], f"{name}: who fixes it?"
