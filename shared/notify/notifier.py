"""Redis: wakes workers, publishes changes. Never raises into a request: Postgres remembers, a lost one costs seconds.

The only importer of arq outside the worker's `main.py`. What is written: one arq message per wake-up (it expires), and
three channels: `darkroom:wake` (somebody look), `darkroom:jobs` (this job changed), `darkroom:cancels`.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID, uuid4

import orjson
from arq.constants import default_queue_name, job_key_prefix
from arq.jobs import serialize_job
from redis.asyncio import Connection, Redis, SSLConnection, UnixDomainSocketConnection
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from shared.db.tables import JobRow
from shared.observability import log
from shared.settings import Common

WAKE = "darkroom:wake"
"""Channel: workers look for jobs. The message is empty."""
CHANGES = "darkroom:jobs"
"""Channel: a job changed, as JSON `{"id", "revision"}`."""
CANCELS = "darkroom:cancels"
"""Channel: the id of a running job that is to be canceled."""
LOOK = "look"
"""The one arq function: claim what is due."""

DOWN = (RedisError, OSError, TimeoutError)
"""What the client raises when Redis is away or silent."""
_MESSAGE_LIFE_MS = 3_600_000
_QUIET_SECONDS = 1.0
_SILENCE_SECONDS = 5.0


def serialize(message: dict[str, Any]) -> bytes:
    """JSON for arq, whose default is pickle: whoever writes to Redis would run code in the workers."""
    return orjson.dumps(message, default=str)


class _Careful(AbstractConnection):
    """redis-py's connection, without two of its ways to leave sockets behind when Redis does not answer properly.

    It checks the health of a connection that it is just making by making one: without end, for a peer that accepts and
    hangs up, such as a proxy without a Redis behind it. And a cancelled handshake leaves the socket open.
    """

    _connecting = False

    async def connect(self) -> None:
        self._connecting = True
        try:
            await super().connect()  # type: ignore[no-untyped-call]
        except BaseException:
            await self.disconnect(nowait=True)
            raise
        finally:
            self._connecting = False

    async def check_health(self) -> None:
        if not self._connecting:
            await super().check_health()  # type: ignore[no-untyped-call]


_CAREFUL: dict[type[AbstractConnection], type[AbstractConnection]] = {
    kind: type(f"_Careful{kind.__name__}", (_Careful, kind), {})
    for kind in (Connection, SSLConnection, UnixDomainSocketConnection)
}


def client(settings: Common) -> Redis:
    """A Redis client that gives up in bounded time, also when the socket is open and nobody answers."""
    redis: Redis = Redis.from_url(
        settings.redis_url.get_secret_value(),
        socket_timeout=settings.redis_timeout,
        socket_connect_timeout=settings.redis_timeout,
        socket_keepalive=True,
        health_check_interval=15,
        retry=Retry(NoBackoff(), 1),
    )
    pool = redis.connection_pool
    pool.connection_class = _CAREFUL[pool.connection_class]
    return redis


class Notifier:
    """One per process."""

    def __init__(self, redis: "Redis", patience: float) -> None:
        self._redis = redis
        self._patience = patience
        """Seconds a request may wait for a wake-up to be sent."""
        self._quiet_until = 0.0

    @classmethod
    def at(cls, settings: Common) -> "Notifier":
        """With a client of its own. Nothing is connected yet."""
        return cls(client(settings), patience=min(0.5, settings.redis_timeout))

    @property
    def redis(self) -> "Redis":
        """For those who need Redis for more than wake-ups, such as the rate limiter."""
        return self._redis

    async def wake_workers(self, job_ids: Sequence[UUID], changed: Sequence[JobRow] = ()) -> bool:
        """Asks the workers to claim, and publishes changes. False when Redis did not take it: the sweep will."""
        now = int(time.time() * 1000)
        pipe = self._redis.pipeline(transaction=False)
        for job_id in job_ids:
            # A random id: with one made from the job arq drops a wake-up while an old marker of it lives
            # (docs/decisions/0002-random-bells-and-claims.md).
            message_id = uuid4().hex
            body = serialize_job(LOOK, (str(job_id),), {}, None, now, serializer=serialize)
            pipe.psetex(job_key_prefix + message_id, _MESSAGE_LIFE_MS, body)
            pipe.zadd(default_queue_name, {message_id: now})
        if job_ids:
            pipe.publish(WAKE, b"")
        for job in changed:
            pipe.publish(CHANGES, orjson.dumps({"id": str(job.id), "revision": job.revision}))
        return await self._send(pipe.execute)

    async def publish(self, *changed: JobRow) -> bool:
        """Publishes that these jobs changed, to whoever watches them."""
        return await self.wake_workers((), changed)

    async def cancel(self, job: JobRow) -> bool:
        """Tells the worker of a marked job to look at the mark now; otherwise it sees it at its next renewal."""
        return await self._send(lambda: self._redis.publish(CANCELS, str(job.id)))

    async def _send(self, command: Any) -> bool:
        if time.monotonic() < self._quiet_until:
            return False
        try:
            async with asyncio.timeout(self._patience):
                await command()
        except DOWN as gone:
            # Nobody else waits for a Redis that was just found dead.
            self._quiet_until = time.monotonic() + _QUIET_SECONDS
            log.get().warning("notifier.unreachable", error=type(gone).__name__)
            return False
        return True

    async def listen(self, *channels: str) -> AsyncIterator[tuple[str, bytes] | None]:
        """Messages as (channel, data). None says: from here on nothing is missed (connected) — or raises DOWN.

        The caller loops: on DOWN whatever was cached is no longer told about, until the next None.
        """
        async with self._redis.pubsub() as subscription:
            await subscription.subscribe(*channels)
            pinged = False
            while True:
                message = await subscription.get_message(ignore_subscribe_messages=False, timeout=_SILENCE_SECONDS)
                if message is None and pinged:
                    raise TimeoutError("Redis is silent")
                pinged = message is None
                if message is None:
                    await subscription.ping()
                elif message["type"] == "subscribe":
                    if message["data"] == len(channels):
                        yield None
                elif message["type"] == "message":
                    yield message["channel"].decode(), message["data"]

    async def close(self) -> None:
        """Closes its connections."""
        await self._redis.aclose()
