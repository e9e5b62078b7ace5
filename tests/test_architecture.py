"""The rules of the house that a program can check. Who may import whom is in pyproject.toml ([tool.importlinter])."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from gateway.proxy import proxy
from shared.db import uploads
from shared.http import health
from shared.settings import GatewaySettings, LibrarySettings, UploadSettings, WorkerSettings
from shared.storage import store
from tests.repository import ROOT, SERVICES, files, python

VAGUE = {"utils", "util", "helpers", "helper", "common", "manager", "core", "misc"}

HOUSE = ("shared", *SERVICES)
PURE = (
    "shared/domain/caller.py",
    "shared/domain/cursor.py",
    "shared/storage/urls.py",
    "shared/catalog/dialect.py",
    "shared/domain/errors.py",
    "shared/domain/filenames.py",
    "shared/catalog/model.py",
    "shared/domain/money.py",
    "shared/domain/platforms.py",
    "shared/domain/renditions.py",
    "shared/settings/checks.py",
    "shared/catalog/sizes.py",
    "shared/catalog/tokens.py",
    "generation_worker/providers/openai_errors.py",
    "shared/domain/addresses.py",
    "upload_service/decoder/inspect.py",
)
"""Beside what the import contract says of them: they open no file. The catalogue opens two, in `load`."""

VENDORS = {
    "openai": {"generation_worker/providers/openai.py"},
    "cloudinary": {"shared/storage/store.py"},
    "arq": {"shared/notify/notifier.py", "generation_worker/main.py"},
    "aiohttp": {
        "generation_worker/hosted.py",
        "shared/http/public_only.py",
        "gateway/proxy/proxy.py",
        "gateway/proxy/headers.py",
        "upload_service/fetch.py",
    },
    "redis": {"shared/notify/notifier.py", "generation_worker/rate_limiter.py"},
    "asyncpg": {"shared/db/pool.py", "shared/db/images.py", "shared/db/trash.py"},
    "httpx": set(),
}
"""Who may import a package that speaks with somebody outside. Nobody else knows its name."""

SQL = {
    f"shared/db/{name}.py"
    for name in (
        *("attachments", "budgets", "images", "jobs", "api_keys", "late_images", "ledger", "tables"),
        *("image_pages", "job_views", "new_jobs", "retention", "trash", "unreadable_answers", "uploads", "pool"),
    )
}
"""Who may write SQL, beside the migrations."""
_STATEMENT = re.compile(
    r"\s*(select\s.+|with\s+\w+\s.*as\s.+|insert\s+into\s.+|update\s+\w+\s+set\s.+|delete\s+from\s.+)", re.DOTALL
)


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text(), str(path))


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """Every node of a file."""
    return tuple(ast.walk(tree(path)))


@cache
def imported(path: Path) -> frozenset[str]:
    """The packages that a file imports anywhere, also inside a function."""
    plain = {alias.name for node in nodes(path) if isinstance(node, ast.Import) for alias in node.names}
    plain |= {node.module for node in nodes(path) if isinstance(node, ast.ImportFrom) and node.module}
    return frozenset(name.split(".")[0] for name in plain)


@cache
def names(path: Path) -> frozenset[str]:
    """Every name and attribute that a file uses."""
    used = {node.id for node in nodes(path) if isinstance(node, ast.Name)}
    used |= {node.attr for node in nodes(path) if isinstance(node, ast.Attribute)}
    return frozenset(
        used | {alias.name for node in nodes(path) if isinstance(node, ast.ImportFrom) for alias in node.names}
    )


def strings(path: Path) -> Iterator[str]:
    """The strings that are no documentation; of an f-string its fixed parts."""
    prose = {
        id(node.value) for node in nodes(path) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    inside = {id(part) for node in nodes(path) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in nodes(path):
        if isinstance(node, ast.JoinedStr):
            yield "x".join(
                part.value for part in node.values if isinstance(part, ast.Constant) and isinstance(part.value, str)
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and not {id(node)} & (prose | inside):
            yield node.value


def test_the_import_contracts_hold() -> None:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    checked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout[-4000:]


@pytest.mark.parametrize("vendor", sorted(VENDORS))
def test_a_vendor_is_known_to_its_own_files_only(vendor: str) -> None:
    assert {str(path) for path in python(*HOUSE) if vendor in imported(path)} == VENDORS[vendor]


def test_the_environment_is_read_in_one_place() -> None:
    readers = {str(path) for path in python(*HOUSE) if {"environ", "getenv", "environb"} & names(path)}
    assert readers <= {"shared/settings/every_process.py"}


def test_one_place_makes_applications_and_no_handler_raises_the_frameworks_errors() -> None:
    makers = {str(path) for path in python(*HOUSE) if {"FastAPI", "HTTPException", "BaseHTTPMiddleware"} & names(path)}
    assert makers == {"shared/http/app.py", "shared/http/request_bodies.py"}
    assert not [path for path in python(*HOUSE) if "BaseHTTPMiddleware" in names(path)]


def test_sql_is_written_where_the_tables_are_known() -> None:
    places = [path for path in python(*HOUSE) if path.parts[:2] != ("shared", "migrations")]
    writers = {str(path) for path in places if any(_STATEMENT.fullmatch(text) for text in strings(path))}
    assert {"shared/db/jobs.py", "shared/db/images.py", "shared/db/ledger.py"} <= writers, "the test no longer sees SQL"
    assert writers <= SQL
    askers = {str(path) for path in places if {"fetchrow", "fetchval", "executemany"} & names(path)}
    assert askers <= SQL


@pytest.mark.parametrize("name", PURE)
def test_what_decides_opens_no_file(name: str) -> None:
    touching = {"Path", "read_text", "read_bytes", "write_text", "write_bytes", "urlopen", "connect", "sleep"}
    assert not touching & names(Path(name))
    calls = [node.func for node in nodes(Path(name)) if isinstance(node, ast.Call)]
    # PIL's `Image.open` on bytes in memory is an attribute and stays allowed.
    assert not [call for call in calls if isinstance(call, ast.Name) and call.id == "open"]


def length(path: Path) -> int:
    return len((ROOT / path).read_text().splitlines())


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert not [path for path in files() if path.suffix == ".py" and {path.stem, *path.parent.parts} & VAGUE]


def test_no_class_name_means_two_things() -> None:
    """Of the product and the sandbox together: who looks for a name finds one."""
    found: dict[str, set[str]] = {}
    for path in python("shared", *SERVICES, "deploy"):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found.setdefault(node.name, set()).add(str(path))
    assert {name: paths for name, paths in found.items() if len(paths) > 1} == {}


def test_every_module_says_what_belongs_in_it() -> None:
    assert not [
        path
        for path in python(*HOUSE, "deploy", "bench", "tests")
        if length(path) and not ast.get_docstring(tree(path))
    ]


def test_the_timeouts_form_a_ladder() -> None:
    """Each inner one is over before the outer one, so that the reason reaches whoever waits."""
    worker = WorkerSettings(database_url="postgresql://x", redis_url="redis://x")
    gateway = GatewaySettings(database_url="postgresql://x", redis_url="redis://x")
    upload = UploadSettings(database_url="postgresql://x", redis_url="redis://x")
    library = LibrarySettings(database_url="postgresql://x", redis_url="redis://x")
    ladders = {
        "a job": [worker.vendor_timeout + worker.store_timeout, worker.job_timeout, worker.message_timeout],
        "a lease": [2 * worker.renew_every, worker.lease],
        "a recovery": [worker.sweep_every, worker.lease],
        "a picture": [upload.decode_cpu, upload.decode_timeout],
        "an upload": [upload.decode_timeout + upload.store_timeout, gateway.proxy_timeout],
        "an upload's fence": [gateway.proxy_timeout, uploads.CLOSE_WITHIN, uploads.STALE_AFTER],
        "a probe": [upload.probe_timeout, upload.probe_timeout + upload.probes_wait, gateway.proxy_timeout],
        "destroying now": [library.purges_wait, library.purges_wait + library.store_timeout, gateway.proxy_timeout],
        "readiness": [store.PING_SECONDS, health.ADVISORY_SECONDS, proxy.PEEK_SECONDS, health.CHECK_SECONDS],
        "reaching a service": [gateway.connect_timeout, gateway.proxy_timeout],
    }
    for what, ladder in ladders.items():
        assert ladder == sorted(set(ladder)), what


@pytest.mark.parametrize(
    "broken",
    [
        {"vendor_timeout": 210.0},
        {"store_timeout": 90.0},
        {"job_timeout": 330.0},
        {"lease": 20.0},
        {"renew_every": 15.0},
    ],
    ids=str,
)
def test_a_worker_refuses_a_broken_ladder(broken: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"must be (shorter|longer) than"):
        WorkerSettings.model_validate({"database_url": "postgresql://x", "redis_url": "redis://x", **broken})


def test_who_goes_on_after_a_cancellation_says_so() -> None:
    """A caught CancelledError that is not raised again is taken back with `uncancel`: otherwise, before Python 3.11.3,
    every `asyncio.timeout` that expires later in this task raises CancelledError instead of TimeoutError."""
    for path in python(*HOUSE):
        for function in (n for n in nodes(path) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)):
            for handler in (n for n in ast.walk(function) if isinstance(n, ast.ExceptHandler)):
                if handler.type is None or "CancelledError" not in ast.unparse(handler.type):
                    continue
                done = ast.unparse(handler)
                assert re.search(r"\braise$|uncancel\(|go_on\(", done, re.MULTILINE), f"{path}:{handler.lineno}"
