"""The decision pages are not only history: what they say of the code is what the code does."""

import ast
import re
from datetime import timedelta
from functools import cache

import pytest

from gateway.auth.authenticate import FRESH_SECONDS
from generation_worker import rate_limiter
from shared.db import image_pages, late_images
from shared.http import internal_auth
from shared.settings import WorkerSettings
from tests import test_architecture
from tests.documents import read
from tests.repository import ROOT, files, python

FOLDER = ROOT / "docs" / "decisions"
PAGES = {int(page.name[:4]): page.relative_to(ROOT).as_posix() for page in sorted(FOLDER.glob("*.md"))}
_CODE = {".py", ".toml", ".yaml", ".ts", ".tsx", ".css", ".conf"}


@cache
def code() -> str:
    """Everything that runs."""
    return "\n".join((ROOT / path).read_text() for path in files() if path.suffix in _CODE)


_THEIRS = {"pg_dump"}
"""Programs of others."""


def words(number: int) -> list[str]:
    """What stands in backticks, but for what was not chosen."""
    chosen = read(PAGES[number]).partition("## Alternatives")[0]
    return [" ".join(word.split()) for word in re.findall(r"`([^`]+)`", chosen)]


@pytest.mark.parametrize("number", PAGES)
def test_what_a_decision_names_in_code_is_in_the_code(number: int) -> None:
    """Names of functions, tables, columns, settings and codes: `jobs.claim`, `images.searchable`, `late_looks`."""
    named = {word for word in words(number) if re.fullmatch(r"[A-Za-z]\w*(\.[a-z]\w*)?", word)}
    parts = {part for word in named for part in word.split(".")}
    gone = {part for part in parts - _THEIRS if not re.search(rf"\b{part}\b", code())}
    assert not gone, f"{PAGES[number]} names {sorted(gone)}"


@pytest.mark.parametrize("number", PAGES)
def test_what_a_decision_names_of_a_file_is_in_that_file(number: int) -> None:
    """`shared/db/images.py` (`searchable`, `fold`)."""
    for name, inside in re.findall(r"`([\w/.-]+\.\w+)`\s+\(([^)]*)\)", read(PAGES[number])):
        for symbol in re.findall(r"`(\w+)`", inside):
            assert re.search(rf"\b{symbol}\b", read(name)), f"{PAGES[number]}: {name} has no {symbol}"


def default(field: str) -> float:
    return float(WorkerSettings.model_fields[field].default)


NUMBER_WORDS = {"three": 3, "sixth": 6}
FACTS = [
    (3, r"a lease of (\d+) seconds", default("lease")),
    (3, r"in one statement every (\d+) seconds", default("renew_every")),
    (3, r"as `worker_lost` at the (\w+)", default("max_losses")),
    (3, r"within a lease and a sweep, (\d+) seconds", default("lease") + default("sweep_every")),
    (8, r"come back (\d+) seconds after", rate_limiter._MINUTE),
    (11, r"more than (\d+), the statement", 64),
    (11, r"The newest ([\d,]+) pictures", image_pages._NEWEST),
    (11, r"([\d,]+) from a cursor on", image_pages._NEXT),
    (11, r"sorts up to ([\d,]+) of its", image_pages._SORTED),
    (11, r"counted up to ([\d,]+);", image_pages.COUNTED),
    (13, r"remembered for (\w+) seconds", FRESH_SECONDS),
]
"""Page, where the number stands in it, and the number that the code has."""


@pytest.mark.parametrize(("number", "pattern", "value"), FACTS)
def test_a_number_of_a_decision_is_that_of_the_code(number: int, pattern: str, value: float) -> None:
    said = re.findall(pattern, " ".join(read(PAGES[number]).split()))
    assert len(said) == 1, pattern
    assert NUMBER_WORDS.get(said[0]) or float(said[0].replace(",", "")) == value


def test_totals_are_folded_when_the_page_says() -> None:
    """It is in SQL of a migration, hence no constant."""
    assert "WHERE business_id = business) <= 64 THEN" in read("shared/migrations/versions/0002_library_counts.py")


def test_late_pictures_are_looked_for_when_the_page_says() -> None:
    assert "1, 10 and 60 minutes and a day after the end" in " ".join(read(PAGES[4]).split())
    assert [timedelta(minutes=1), timedelta(minutes=10), timedelta(minutes=60), timedelta(days=1)] == late_images.STEPS
    assert "for this request and a minute" in read(PAGES[13])
    assert internal_auth.SECONDS == 60


def test_decision_6_names_everybody_who_uses_aiohttp_and_nobody_else() -> None:
    (said,) = re.findall(r"^## Decision\n(.*?)(?=^## )", read(PAGES[6]), re.DOTALL | re.MULTILINE)
    assert {word for word in re.findall(r"`([^`]+)`", said) if "/" in word} == test_architecture.VENDORS["aiohttp"]


def test_decision_9_names_everybody_who_writes_the_searchable_column() -> None:
    (said,) = re.findall(r"^## Decision\n(.*?)(?=^## )", read(PAGES[9]), re.DOTALL | re.MULTILINE)
    writes = {str(path) for path in python("shared") if re.search(r"\bsearchable\s*=\s*(\$|said)", read(str(path)))}
    assert {word for word in re.findall(r"`([^`]+)`", said) if "/" in word} == writes


def test_decision_10_names_everybody_who_raises_an_exception_of_the_framework() -> None:
    (said,) = re.findall(r"^## Decision\n(.*?)(?=^## )", read(PAGES[10]), re.DOTALL | re.MULTILINE)
    raising = {
        str(path)
        for path in python("shared", "gateway", "upload_service", "library_service")
        for node in ast.walk(ast.parse(read(str(path))))
        if isinstance(node, ast.Raise)
        and isinstance(node.exc, ast.Call)
        and ast.unparse(node.exc.func) == "HTTPException"
    }
    assert raising == {"shared/http/request_bodies.py"}
    assert "`shared/http/request_bodies.py`" in said
