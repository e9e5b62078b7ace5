"""The way to Postgres: one asyncpg pool per process, and transactions that can be seen. No queries here."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import asyncpg

from shared.errors import Unavailable
from shared.settings import Common

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Pool = asyncpg.Pool[asyncpg.Record]
    Connection = PoolConnectionProxy[asyncpg.Record]
    Row = asyncpg.Record
    Db = Pool | Connection
else:
    Pool = Connection = Row = Db = Any

DOWN = (
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.InterfaceError,
    # Its words for a connection that the server closed in the very moment in which a statement was begun on it.
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)
"""What asyncpg raises when Postgres is away, restarting or silent, and nothing is wrong with the statement."""


DatabaseUnavailable = (*DOWN, asyncpg.ReadOnlySQLTransactionError, asyncpg.InsufficientResourcesError)


async def connect(settings: Common, *, searches: bool = False) -> Pool:
    """A pool that opens its connections when they are needed, so that a process starts while Postgres is away.

    `searches` plans every statement anew: a generic plan makes a trigram search for a common word 70 times slower,
    while everything else is faster with it. Nor does it start processes of Postgres for a page.
    """
    plans = {"plan_cache_mode": "force_custom_plan", "max_parallel_workers_per_gather": "0"} if searches else {}
    pool = asyncpg.create_pool(
        settings.database_url.get_secret_value(),
        min_size=0,
        max_size=settings.database_pool,
        timeout=settings.database_timeout,
        command_timeout=settings.database_timeout,
        reset=_as_it_is,
        server_settings=plans | {"timezone": "UTC", "application_name": "darkroom"},
    )
    return await pool


async def _as_it_is(_: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Instead of asyncpg's round trip after every use: no query here changes a session or keeps a lock beyond its
    transaction. An open transaction it ends all the same."""


@asynccontextmanager
async def transaction(db: Pool) -> AsyncIterator[Connection]:
    """One unit of work: committed when the block ends, undone when it raises."""
    async with db.acquire() as connection, connection.transaction():
        yield connection


async def ping_with_a_write(db: Pool) -> None:
    """Commits a record of a few bytes to Postgres' log and to no table: it answers, and it takes writes."""
    await db.fetchval("select pg_logical_emit_message(true, 'darkroom', '')")


async def ping(db: Pool, seconds: float = 2.0) -> None:
    """Raises Unavailable when Postgres does not answer in time."""
    try:
        async with asyncio.timeout(seconds):
            await db.fetchval("select 1")
    except DOWN as gone:
        raise Unavailable("Postgres does not answer") from gone
