"""Where it is measured: the whole product on private stores, durable as those of `make up`, and its peers beside it."""

import asyncio
import shutil
import sys
import tempfile
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import redis

from deploy.local.ports import free_port
from deploy.local.stores import Postgres
from tests.servers import PostgresServer, ValkeyServer
from tests.stack import Process, Stack

BUSINESS = 900_000_000
"""The first of the benches' own businesses; what they make is taken away again."""

_ROOM = {"DARKROOM_MAX_WAITING_JOBS": "1000000"}
"""No worker takes the jobs that are accepted, and the price of accepting is measured, not the limit."""

Answer = TypeVar("Answer")


class DurablePostgres(PostgresServer):
    """With fsync and whole pages, which a test's own does without: the cost of a commit is the real one."""

    def __init__(self) -> None:
        super(PostgresServer, self).__init__(lambda folder: Postgres(folder, free_port(), durable=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Handed to every bench."""

    stack: Stack
    """Without workers; a bench that needs one adds it and stops it."""
    database_url: str
    redis_url: str
    folder: Path
    """For logs and bodies."""

    @property
    def gateway(self) -> Process:
        return self.stack.gateway

    @property
    def peer_redis_url(self) -> str:
        """Another database of the same Redis, so that stock arq and our workers never see each other's queue."""
        return self.redis_url.removesuffix("/0") + "/1"

    def bare(self, size: int) -> Process:
        """A bare ASGI server that answers with so many bytes; a context manager."""
        port = free_port()
        command = (sys.executable, "-m", "bench.bare", str(port), str(size))
        return Process("bare", {"DARKROOM_PORT": str(port)}, logs=self.folder, command=command)

    def worker(self, **environment: str) -> Process:
        """One more worker of ours, ready."""
        return self.stack.add_worker(**environment)

    def sql(self, statement: str, *values: Any) -> list[asyncpg.Record]:
        """Asks Postgres on a connection of its own."""

        async def ask() -> list[asyncpg.Record]:
            connection = await asyncpg.connect(self.database_url)
            try:
                return await connection.fetch(statement, *values)
            finally:
                await connection.close()

        return run(ask())

    def stores(self) -> str:
        """Which stores these are, and how safe their data is."""
        postgres = self.sql("select split_part(version(), ' ', 2) as v, current_setting('fsync') as fsync")[0]
        with redis.Redis.from_url(self.redis_url) as client:
            said: dict[str, str] = client.info("server")
        valkey = said.get("valkey_version") or said["redis_version"]
        return (
            f"private Postgres {postgres['v']} (fsync {postgres['fsync']}), Valkey {valkey} (append-only, every second)"
        )

    def forget_jobs(self) -> None:
        """Takes all jobs of the benches away, and the bells that were rung for them."""
        for table in ("attempts", "jobs"):
            self.sql(f"delete from {table} where business_id >= $1", BUSINESS)
        with redis.Redis.from_url(self.redis_url) as client:
            client.flushdb()


def run(work: Coroutine[Any, Any, Answer]) -> Answer:
    """Runs it to its end."""
    return asyncio.run(work)


def generate_body(prompt: str, business: str = str(BUSINESS)) -> str:
    """A request for a picture, as text because the load generator writes numbers into it."""
    return f'{{"prompt":"{prompt}","business_id":{business},"size":"1024x1024"}}'


JSON: Mapping[str, str] = {"content-type": "application/json"}
GENERATE = "/api/v1/images/generate"


@contextmanager
def opened() -> Iterator[Site]:
    """Starts it all and takes it all away."""
    folder = Path(tempfile.mkdtemp(prefix="darkroom-bench-"))
    try:
        with DurablePostgres() as postgres, ValkeyServer() as valkey:
            database_url, redis_url = postgres.url(), valkey.url
            _migrate(database_url, redis_url, folder)
            with Stack(folder, database_url=database_url, redis_url=redis_url, workers=0, environment=_ROOM) as stack:
                yield Site(stack=stack, database_url=database_url, redis_url=redis_url, folder=folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _migrate(database_url: str, redis_url: str, logs: Path) -> None:
    told = {"DATABASE_URL": database_url, "REDIS_URL": redis_url}
    program = Process("shared.migrations", told, logs=logs)
    program.start(wait=False)
    status = program.wait(60)
    assert status == 0, f"the migrations ended with {status}:\n{program.log}"
