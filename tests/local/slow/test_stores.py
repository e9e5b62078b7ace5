"""The embedded stores: their data survives what may happen to it, and they are closed to others."""

import stat
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
import redis

from deploy.local.errors import StartError
from deploy.local.ports import free_port
from deploy.local.stores import Postgres, Valkey
from tests.servers import PostgresServer, ValkeyServer


@pytest.fixture(scope="module")
def own_postgres() -> Iterator[PostgresServer]:
    """One that the tests of this file may kill."""
    with PostgresServer() as server:
        yield server


async def fetch(server: PostgresServer, question: str) -> object:
    connection = await asyncpg.connect(server.url())
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


async def test_postgres_keeps_its_rows_over_kill_9(own_postgres: PostgresServer) -> None:
    own_postgres.execute("create table kept (n int)", "insert into kept values (7)", database="darkroom")
    own_postgres.kill()
    own_postgres.start()
    assert await fetch(own_postgres, "select n from kept") == 7
    own_postgres.stop()
    own_postgres.start()
    assert await fetch(own_postgres, "select n from kept") == 7


async def test_postgres_searches_without_regard_to_case_in_every_alphabet(own_postgres: PostgresServer) -> None:
    assert await fetch(own_postgres, "select 'Übung ЖУК' ilike '%übung жук%'") is True
    own_postgres.execute("create extension pg_trgm", database="darkroom")
    assert await fetch(own_postgres, "select show_trgm('жук') <> '{}'") is True


async def test_a_paused_postgres_is_silent_and_comes_back(own_postgres: PostgresServer) -> None:
    own_postgres.pause()
    with pytest.raises((TimeoutError, OSError)):
        await asyncpg.connect(own_postgres.url(), timeout=0.3)
    own_postgres.resume()
    assert await fetch(own_postgres, "select 1") == 1


async def test_postgres_asks_for_its_password(own_postgres: PostgresServer) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(own_postgres.url(), password="wrong")


def test_valkey_keeps_its_data_over_kill_9() -> None:
    with ValkeyServer() as server:
        with redis.Redis.from_url(server.url) as client:
            client.set("kept", "7")
        server.kill()
        server.start()
        with redis.Redis.from_url(server.url) as client:
            assert client.get("kept") == b"7"


def test_valkey_asks_for_its_password(valkey_server: ValkeyServer) -> None:
    with redis.Redis(port=valkey_server.port) as client, pytest.raises(redis.AuthenticationError):
        client.ping()


def test_data_of_another_version_is_refused(place: Path) -> None:
    Postgres(place / "postgres", free_port(), durable=False).prepare()
    version = place / "postgres" / "data" / "PG_VERSION"
    version.write_text("16\n")

    with pytest.raises(StartError, match=r"written by Postgres 16, this one is 18\."):
        Postgres(place / "postgres", free_port()).prepare()


def test_an_interrupted_beginning_is_begun_again(place: Path) -> None:
    postgres = Postgres(place / "postgres", free_port(), durable=False)
    unfinished = place / "postgres" / "data.unfinished"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("half")
    postgres.prepare()

    assert (place / "postgres" / "data" / "global").is_dir()
    assert not unfinished.exists()


def test_secrets_are_closed_and_stay_the_same(place: Path) -> None:
    stores: list[Postgres | Valkey] = [
        Postgres(place / "postgres", 5000, durable=False),
        Valkey(place / "valkey", 6000),
    ]
    for store in stores:
        store.prepare()
    urls = [store.url() for store in stores]
    for store in stores:
        store.prepare()

    assert [store.url() for store in stores] == urls
    for file in ("postgres/secret", "valkey/secret", "valkey/valkey.conf"):
        assert stat.S_IMODE((place / file).stat().st_mode) == 0o600
    commands = [word for store in stores for word in store.child().command]
    secrets = [(place / name / "secret").read_text() for name in ("postgres", "valkey")]
    assert not any(secret in word for secret in secrets for word in commands)
