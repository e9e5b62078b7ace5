"""Ends proxied requests that nobody waits for any more, and those in which nothing moves. Knows no service.

One walk over all open requests, several times a second: a timer for each would cost more than the watch is worth.
"""

import asyncio
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any, Self

from gateway.proxy.client_stream import ClientLeft, ClientStream
from shared.observability.periodic import run_periodically

_WALK_SECONDS = 0.2


class Watchdog:
    """One per process."""

    def __init__(self, silence: float) -> None:
        self._silence = silence
        """Seconds without a byte in either direction after which a request is ended."""
        self._open: set[WatchedRequest] = set()

    def walking(self) -> AbstractAsyncContextManager[None]:
        """Walks until the block ends."""
        return run_periodically("watchdog", _WALK_SECONDS, self._walk)

    async def _walk(self) -> None:
        oldest = asyncio.get_running_loop().time() - self._silence
        for guard in list(self._open):
            guard.look(oldest)

    def over(self, client: ClientStream) -> "WatchedRequest":
        """For a `with` block. It raises Left when the client goes away, TimeoutError when nothing moves."""
        return WatchedRequest(client, self._open)


class WatchedRequest:
    """One open request."""

    __slots__ = ("_client", "_ended_by", "_leaving", "_open", "_task")

    def __init__(self, client: ClientStream, others: "set[WatchedRequest]") -> None:
        self._client = client
        self._open = others
        self._ended_by: Exception | None = None
        self._leaving: asyncio.Task[None] | None = None
        self._task: asyncio.Task[Any] | None = None

    def look(self, oldest: float) -> None:
        """`oldest` is when something must have moved at the latest."""
        if self._client.moved < oldest:
            self._end(TimeoutError())
        elif self._leaving is None and not self._client.unread:
            # As long as there is a body, whoever reads it sees the client leave.
            self._leaving = asyncio.create_task(self._wait_for_leaving())

    async def _wait_for_leaving(self) -> None:
        await self._client.left()
        self._end(ClientLeft())

    def _end(self, reason: Exception) -> None:
        if self._ended_by is None and self._task is not None:
            self._ended_by = reason
            self._task.cancel()

    def __enter__(self) -> Self:
        self._task = asyncio.current_task()
        self._open.add(self)
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        self._open.discard(self)
        if self._leaving is not None:
            self._leaving.cancel()
        if self._ended_by is None or self._task is None:
            return
        # As asyncio.timeout does: our own cancellation ends here, somebody else's goes on.
        if self._task.uncancel() == 0 and kind is asyncio.CancelledError:
            raise self._ended_by
