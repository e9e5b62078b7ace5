"""What the way to Postgres calls a database that does not answer, and what it leaves as it is. A real Postgres."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from deploy.local.ports import free_port
from shared.db.pool import DatabaseUnavailable, Pool, connect, transaction
from shared.settings import LibrarySettings

MARK = "insert into budgets (business_id, monthly_micros) values (1, 1)"


def settings(url: str) -> LibrarySettings:
    return LibrarySettings(database_url=url, redis_url="redis://unused", sandbox_url="http://127.0.0.1:1")


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with await connect(settings(database)) as pool:
        yield pool


@pytest.mark.parametrize("fault", [OSError(28, "No space left on device"), TimeoutError(), ConnectionResetError()])
async def test_an_error_of_the_block_stays_what_it_is_and_nothing_is_written(pool: Pool, fault: Exception) -> None:
    with pytest.raises(type(fault)) as caught:
        async with transaction(pool) as connection:
            await connection.execute(MARK)
            raise fault
    assert caught.value is fault
    assert await pool.fetchval("select count(*) from budgets") == 0


@pytest.mark.parametrize(
    ("statement", "arguments", "fault"),
    [
        ("select nonsense", (), asyncpg.UndefinedColumnError),
        ("select $1::int", ("not a number",), asyncpg.DataError),
        ("select $1::int", (1, 2), asyncpg.InterfaceError),
    ],
)
async def test_a_mistake_of_ours_stays_what_it_is(
    pool: Pool, statement: str, arguments: tuple[object, ...], fault: type[Exception]
) -> None:
    with pytest.raises(fault):
        await pool.fetchval(statement, *arguments)
    with pytest.raises(fault):
        async with transaction(pool) as connection:
            await connection.fetchval(statement, *arguments)
    assert await pool.fetchval("select 1") == 1


@pytest.mark.parametrize("ends_with", ["a statement", "the commit", "an error"])
async def test_a_connection_that_breaks_within_a_transaction_is_a_database_that_does_not_answer(
    pool: Pool, ends_with: str
) -> None:
    with pytest.raises(DatabaseUnavailable):
        async with transaction(pool) as connection:
            await connection.execute(MARK)
            own = await connection.fetchval("select pg_backend_pid()")
            await pool.fetchval("select pg_terminate_backend($1, 5000)", own)
            if ends_with == "a statement":
                await connection.execute(MARK)
            elif ends_with == "an error":
                raise LookupError
    assert await pool.fetchval("select count(*) from budgets") == 0


async def test_the_cause_and_its_state_are_named(pool: Pool) -> None:
    with pytest.raises(DatabaseUnavailable, match="QueryCanceledError 57014") as caught:
        async with transaction(pool) as connection:
            await connection.execute("set local statement_timeout = '10ms'")
            await connection.fetchval("select pg_sleep(60)")
    assert isinstance(caught.value.__cause__, asyncpg.QueryCanceledError)


async def test_nobody_there_and_a_wrong_password_are_a_database_that_does_not_answer(database: str) -> None:
    nobody = f"postgresql://x:x@127.0.0.1:{free_port()}/none"
    for url, word in ((nobody, "ConnectionRefusedError"), (database.replace("://darkroom:", "://darkroom:x"), "28P01")):
        async with await connect(settings(url)) as pool:
            with pytest.raises(DatabaseUnavailable, match=word):
                await pool.fetchval("select 1")


async def test_nobody_waits_for_a_free_connection_longer_than_is_said(database: str) -> None:
    few = settings(database).model_copy(update={"database_pool": 1, "database_timeout": 0.5})
    async with await connect(few) as pool, transaction(pool):
        async with asyncio.timeout(30):
            with pytest.raises(DatabaseUnavailable, match="no connection became free"):
                await pool.fetchval("select 1")
            with pytest.raises(DatabaseUnavailable, match="no connection became free"):
                async with transaction(pool):
                    pass
