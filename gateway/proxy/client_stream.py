"""The client of one proxied request: its body coming in and the answer going out. Knows no service."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from starlette.types import Message, Receive, Scope, Send

from gateway.proxy.body_rules import BodyRules
from shared.domain.errors import Problem
from shared.http.middleware import LEFT, send_problem

_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_LINGER_SECONDS = 5.0
_LINGER_BYTES = 32 * 1024 * 1024


class ClientLeft(Exception):
    """The client went away: nobody waits for an answer."""


class ClientStream:
    """Reads and writes, and remembers when something last moved."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, accepts: BodyRules) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._accepts = accepts
        self._kind = ""
        self._now = asyncio.get_running_loop().time
        self.length: int | None = None
        """Bytes of the body, where the client says."""
        self.unread = False
        """Whether there is a body that has not come to its end."""
        self.waiting = False
        """Whether it is the client we wait for at this moment."""
        self.answered = False
        """Whether the answer has begun."""
        self.refusal: Problem | None = None
        """Why the body is not taken."""
        self.gone = False
        """Whether the client went away in the middle of its body."""
        self.moved = self._now()
        """When something last moved, by the loop's clock."""
        self._closing = False
        if scope["method"] in _WITH_BODY:
            self._look_for_body()

    def _look_for_body(self) -> None:
        coding = ""
        for name, value in self._scope["headers"]:
            if name == b"content-length":
                self.length = int(value)
                self.unread = self.length > 0
            elif name == b"transfer-encoding":
                self.unread = True
            elif name == b"content-type":
                self._kind = value.decode("latin-1")
            elif name == b"content-encoding":
                coding = value.decode("latin-1")
        if self.unread:
            self.refusal = self._accepts.refusal(self._kind, coding)
        if self.refusal is None and self.length is not None and self.length > self._accepts.most(self._kind):
            self.refusal = self._accepts.too_large(self._kind)

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it comes; ends early, with `refusal` or `gone` set, when it is too large or the client leaves."""
        size, most = 0, self._accepts.most(self._kind)
        while self.unread:
            message = await self._next()
            chunk = message["body"]
            size += len(chunk)
            if size > most:
                self.refusal = self._accepts.too_large(self._kind)
                raise self.refusal
            yield chunk

    async def whole(self) -> bytes:
        """The body at once."""
        return b"".join([chunk async for chunk in self.chunks()])

    async def _next(self) -> Message:
        self.waiting = True
        message = await self._receive()
        self.waiting = False
        self.moved = self._now()
        if message["type"] == "http.disconnect":
            self.gone = True
            raise ClientLeft
        self.unread = message.get("more_body", False)
        return message

    async def start(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        """Begins the answer."""
        self._closing = self.unread
        if self._closing:
            headers.append((b"connection", b"close"))
        self.answered = True
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def write(self, chunk: bytes) -> None:
        """A piece of the answer; waits while the client is slow."""
        self.waiting = True
        await self._send({"type": "http.response.body", "body": chunk, "more_body": True})
        self.waiting = False
        self.moved = self._now()

    async def end(self, last: bytes = b"") -> None:
        """The rest of the answer."""
        if self._closing:
            await self.write(last)
            await self._linger()
            last = b""
        await self._send({"type": "http.response.body", "body": last})

    async def refuse(self, problem: Problem) -> None:
        """Answers a problem while the body is still coming."""

        async def pass_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                await self.start(message["status"], message["headers"])
            else:
                await self.end(message["body"])

        await send_problem(self._scope, pass_on, problem)

    async def left(self) -> None:
        """Returns when the client goes away. Only for when its body has been read."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def leave(self) -> None:
        """For the log and the metrics, which would otherwise show no status; nothing reaches anybody."""
        if not self.answered:
            await self._send({"type": "http.response.start", "status": LEFT, "headers": []})

    async def _linger(self) -> None:
        """Reads on for a moment. Closing on unread bytes resets the connection, and the reset overtakes the answer."""
        patience = _LINGER_BYTES
        with suppress(TimeoutError, ClientLeft):
            async with asyncio.timeout(_LINGER_SECONDS):
                while self.unread and patience > 0:
                    patience -= len((await self._next())["body"])
