"""Fixtures for every test: private stores, an empty migrated database, and the running product. Never the user's own.

`database` and `redis_url` are fresh for each test; `stack` is one product for the whole session.
"""

import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.leaks import found
from tests.servers import PostgresServer, ValkeyServer
from tests.stack import Process, Stack

# A developer's shell may name real stores, real keys and a proxy; no test may see them.
for _name in list(os.environ):
    if _name.startswith(("DARKROOM_", "OPENAI_", "CLOUDINARY_")) or _name.lower() in {
        *("database_url", "redis_url"),
        *("http_proxy", "https_proxy", "all_proxy"),
    }:
        del os.environ[_name]

_TEMPLATE = "migrated"
_numbers = itertools.count(1)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """What was not tried is said last and loudly."""
    for report in terminalreporter.stats.get("skipped", []):
        terminalreporter.write_line(f"NOT TRIED: {report.nodeid}: {report.longrepr[2]}", red=True, bold=True)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """In continuous integration what was not tried is a failure."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") == "true" and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session", autouse=True)
def no_secret_is_logged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Begun before and ended after everything else: whatever ran, none of its logs holds a secret."""
    yield
    leaked = list(found(tmp_path_factory.getbasetemp()))
    assert not leaked, "\n".join(leaked[:20])


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """The session's Postgres. A test that kills a server makes its own: `with PostgresServer() as server`."""
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[ValkeyServer]:
    """The session's Redis."""
    with ValkeyServer() as server:
        yield server


@pytest.fixture(scope="session")
def migrated_template(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a database that the real migrations built once; copying it is faster than migrating."""
    postgres_server.create(_TEMPLATE)
    migrate(postgres_server.services_url(_TEMPLATE), tmp_path_factory.mktemp("migrations"))
    return _TEMPLATE


@pytest.fixture(scope="session")
def tables(postgres_server: PostgresServer, migrated_template: str) -> str:
    """The name of the database that most tests use one after the other."""
    postgres_server.create("tables", migrated_template)
    return "tables"


@pytest.fixture
def database(postgres_server: PostgresServer, tables: str) -> str:
    """The address of a database with all tables and no rows. Not for tests that change the tables themselves."""
    postgres_server.clear(tables)
    return postgres_server.url(tables)


@pytest.fixture
def own_database(postgres_server: PostgresServer, migrated_template: str) -> Iterator[str]:
    """Like `database`, but nobody else's: a test may change its tables."""
    name = f"own_{next(_numbers)}"
    yield postgres_server.create(name, migrated_template)
    postgres_server.drop(name)


@pytest.fixture
def empty_database(postgres_server: PostgresServer) -> Iterator[str]:
    """The address of a database without tables."""
    name = f"empty_{next(_numbers)}"
    yield postgres_server.create(name)
    postgres_server.drop(name)


@pytest.fixture
def redis_url(valkey_server: ValkeyServer) -> str:
    """The address of an empty Redis."""
    valkey_server.flush()
    return valkey_server.url


@pytest.fixture(scope="session")
def stack(
    postgres_server: PostgresServer, migrated_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """The whole product, running. Tests share it, so each takes a `business_id` of its own and kills nothing."""
    """As with `make up`, by a role that is no superuser."""
    postgres_server.create("stack", migrated_template)
    database_url = postgres_server.services_url("stack")
    with (
        ValkeyServer() as queue,  # Its own, because `redis_url` empties the session's.
        Stack(tmp_path_factory.mktemp("stack"), database_url=database_url, redis_url=queue.url, workers=2) as running,
    ):
        yield running


@pytest.fixture
def business_id() -> int:
    """A business that no other test uses."""
    return 1000 + next(_numbers)


def migrate(database_url: str, logs: Path) -> None:
    """Runs the real migrations to the end."""
    program = Process("shared.migrations", {"DATABASE_URL": database_url, "REDIS_URL": "redis://unused"}, logs=logs)
    program.start(wait=False)
    status = program.wait(60)
    assert status == 0, f"the migrations ended with {status}:\n{program.log}"
