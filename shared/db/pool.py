"""The way to Postgres: one asyncpg pool per process, and transactions that can be seen. No queries here."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Literal

import asyncpg

from shared.domain.errors import Unavailable
from shared.settings import Common

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Pool = asyncpg.Pool[asyncpg.Record]
    Connection = PoolConnectionProxy[asyncpg.Record]
    Row = asyncpg.Record
    Db = Pool | Connection
    _Asyncpg = asyncpg.Connection[asyncpg.Record]
    _AsyncpgPool = asyncpg.Pool[asyncpg.Record]
else:
    Pool = Connection = Row = Db = Any
    _Asyncpg = asyncpg.Connection
    _AsyncpgPool = asyncpg.Pool


class DatabaseUnavailable(Exception):
    """Postgres is away, restarting, silent, read-only, full, broken or out of connections; the statement is not wrong.

    The same may work a moment later. Nothing was committed, unless the connection broke during the commit itself: then
    nobody knows. The text names what asyncpg said; no other failure of input or output is ever called so.
    """


_NOT_NOW = (
    asyncpg.PostgresConnectionError,  # class 08
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.TransactionTimeoutError,
    asyncpg.TransactionRollbackError,  # class 40: serialization failures and deadlocks
    asyncpg.InsufficientResourcesError,  # class 53: disk, memory, connections
    asyncpg.LockNotAvailableError,
    asyncpg.OperatorInterventionError,  # class 57: shutdowns, cancelled and timed out statements
    asyncpg.PostgresSystemError,  # class 58: what its operating system refused
    asyncpg.InternalServerError,  # class XX: what it says of itself, such as of a damaged block
    # Its words for a connection that the server closed in the very moment in which a statement was begun on it.
    asyncpg.InternalClientError,
    # The network's. A statement asks nothing else of the operating system.
    OSError,
    TimeoutError,
)
"""What a statement on an open connection raises when nothing is wrong with it."""


def _unavailable(gone: Exception) -> DatabaseUnavailable:
    state = getattr(gone, "sqlstate", None)
    message = " ".join(str(gone).split())  # Postgres' details come in lines of their own
    return DatabaseUnavailable(" ".join(filter(None, (type(gone).__name__, state, message))))


class _PooledConnection(_Asyncpg):
    """asyncpg's, which says DatabaseUnavailable where nothing is wrong with the statement. Transactions use it too."""

    async def execute(self, *arguments: Any, **more: Any) -> Any:
        return await self._said(super().execute(*arguments, **more))

    async def fetch(self, *arguments: Any, **more: Any) -> Any:
        return await self._said(super().fetch(*arguments, **more))

    async def fetchrow(self, *arguments: Any, **more: Any) -> Any:
        return await self._said(super().fetchrow(*arguments, **more))

    async def fetchval(self, *arguments: Any, **more: Any) -> Any:
        return await self._said(super().fetchval(*arguments, **more))

    async def _said(self, statement: Awaitable[Any]) -> Any:
        try:
            return await statement
        except _NOT_NOW as gone:
            raise _unavailable(gone) from gone
        except asyncpg.InterfaceError as wrong:
            if self.is_closed():
                raise _unavailable(wrong) from wrong
            raise  # a mistake of ours, such as an argument of another type


async def _open(*arguments: Any, **more: Any) -> "asyncpg.Connection[asyncpg.Record]":
    try:
        return await asyncpg.connect(*arguments, **more)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as gone:
        raise _unavailable(gone) from gone


class _Pool(_AsyncpgPool):
    """asyncpg's, which waits for a free connection no longer than `wait_seconds`. Asyncpg's own way to say so makes a
    task of every use; here only those pay that have to wait."""

    wait_seconds: float

    async def _acquire(self, timeout: float | None) -> "Connection":
        if not self._queue.empty():  # type: ignore[attr-defined]
            return await super()._acquire(timeout)  # type: ignore[misc,no-any-return]
        try:
            return await super()._acquire(timeout or self.wait_seconds)  # type: ignore[misc,no-any-return]
        except TimeoutError as gone:
            raise DatabaseUnavailable("no connection became free in time") from gone


Plans = Literal["anew", "kept"]
"""`anew`, for searches: a kept plan makes a trigram search for a common word 70 times slower. Nor does a page start
processes of Postgres. `kept`, for what is read by its index whatever the values: making the plan takes longer than
reading the rows, and Postgres takes a new one each time wherever it believes that a business has few."""
_PLANS: dict[Plans | None, dict[str, str]] = {
    "anew": {"plan_cache_mode": "force_custom_plan", "max_parallel_workers_per_gather": "0"},
    "kept": {"plan_cache_mode": "force_generic_plan"},
    None: {},
}


async def connect(settings: Common, *, plans: Plans | None = None, most: int | None = None) -> Pool:
    """A pool that opens its connections when they are needed, so that a process starts while Postgres is away.

    `plans` says how a statement with parameters is planned where Postgres should not decide it.
    `most` connections instead of `DARKROOM_DATABASE_POOL`.
    """
    pool = _Pool(
        settings.database_url.get_secret_value(),
        init_size=0,
        min_size=0,
        max_size=most or settings.database_pool,
        timeout=settings.database_timeout,
        command_timeout=settings.database_timeout,
        connect=_open,
        connection_class=_PooledConnection,
        record_class=asyncpg.Record,
        max_queries=50_000,
        max_inactive_connection_lifetime=300.0,
        loop=None,
        reset=_as_it_is,
        server_settings=_PLANS[plans] | {"timezone": "UTC", "application_name": "darkroom"},
    )
    pool.wait_seconds = settings.database_timeout
    return await pool


async def _as_it_is(_: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Instead of asyncpg's round trip after every use: no query here changes a session or keeps a lock beyond its
    transaction. An open transaction it ends all the same."""


@asynccontextmanager
async def transaction(db: Pool) -> AsyncIterator[Connection]:
    """One unit of work: committed when the block ends, undone when it raises.

    Raises DatabaseUnavailable; an error of the block itself stays what it is.
    """
    async with db.acquire() as connection:
        try:
            async with connection.transaction():
                yield connection
        except asyncpg.InterfaceError as wrong:
            if _is_gone(connection):
                raise _unavailable(wrong) from wrong
            raise


def _is_gone(connection: Connection) -> bool:
    """Whether it was closed while it was held: asyncpg then takes it away from its holder."""
    try:
        return connection.is_closed()
    except asyncpg.InterfaceError:
        return True


async def ping_with_a_write(db: Pool) -> None:
    """Commits a record of a few bytes to Postgres' log and to no table: it answers, and it takes writes."""
    await db.fetchval("select pg_logical_emit_message(true, 'darkroom', '')")


async def ping(db: Pool, seconds: float = 2.0) -> None:
    """Raises Unavailable when Postgres does not answer in time."""
    try:
        async with asyncio.timeout(seconds):
            await db.fetchval("select 1")
    except (DatabaseUnavailable, TimeoutError) as gone:
        raise Unavailable("Postgres does not answer") from gone
