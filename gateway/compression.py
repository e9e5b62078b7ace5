"""JSON in gzip for whoever takes it, as pure ASGI. Never event streams, and not the polls: those are small, hot, and
answered before this is asked (`main.Dispatcher`). Pages and files are packed once, in `static/files.py`."""

import re
import zlib

from starlette.types import ASGIApp, Message, Receive, Scope, Send

WORTH_PACKING = 1024
"""Bytes. Fewer fit into one packet anyway."""
_LEVEL = 1
"""A page of twenty pictures: a fifth of the bytes for 0.1 ms. Higher levels save little more for five times that."""
_GZIP = 31
"""zlib's word for gzip with the largest window."""
_KINDS = (b"application/json", b"application/problem+json", b"text/csv")
_TAKES = re.compile(rb"(?:^|[,\s])gzip(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))", re.IGNORECASE)
_VARY = (b"vary", b"accept-encoding")


def takes_gzip(scope: Scope) -> bool:
    """Whether the client asked for it."""
    return any(name == b"accept-encoding" and _TAKES.search(value) for name, value in scope["headers"])


class Compression:
    """Packs what the application answers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(send, packs=takes_gzip(scope), of_head=scope["method"] == "HEAD")
        await self._app(scope, receive, answer)


class _Answer:
    """One answer on its way out."""

    def __init__(self, send: Send, *, packs: bool, of_head: bool) -> None:
        self._send = send
        self._packs = packs
        self._of_head = of_head
        self._start: Message | None = None
        """Not yet sent, because the length is only known with the body."""
        self._gzip: zlib._Compress | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            await self._begin(message)
        elif self._gzip is None:
            await self._send(message)
        else:
            await self._pack(message)

    async def _begin(self, message: Message) -> None:
        if message["status"] == 304:  # Says what the answer that is known would have said.
            message["headers"] = [*message["headers"], _VARY]
        elif _is_worth_it(message):
            message["headers"] = [*message["headers"], _VARY]
            if self._packs and self._of_head:  # Told what GET is told, but the length, which nobody knows unpacked.
                message["headers"] = _of_packed(message["headers"], None)
            elif self._packs:
                self._gzip, self._start = zlib.compressobj(_LEVEL, wbits=_GZIP), message
                return
        await self._send(message)

    async def _pack(self, message: Message) -> None:
        assert self._gzip is not None  # noqa: S101 - for the type checker
        more = message.get("more_body", False)
        body = self._gzip.compress(message.get("body", b""))
        if not more:
            body += self._gzip.flush()
        if self._start is not None:
            start, self._start = self._start, None
            start["headers"] = _of_packed(start["headers"], None if more else len(body))
            await self._send(start)
        await self._send({"type": "http.response.body", "body": body, "more_body": more})


def _is_worth_it(start: Message) -> bool:
    kind, length = b"", WORTH_PACKING
    for name, value in start["headers"]:
        if name == b"content-type":
            kind = value
        elif name == b"content-length":
            length = int(value)
        elif name == b"content-encoding" or (name == b"cache-control" and b"no-transform" in value):
            return False
    return length >= WORTH_PACKING and kind.startswith(_KINDS)


def _of_packed(headers: list[tuple[bytes, bytes]], length: int | None) -> list[tuple[bytes, bytes]]:
    """A strong tag is of the plain bytes: packed it is said as a weak one, and compared weakly everywhere."""
    told = [(b"content-encoding", b"gzip")]
    for name, value in headers:
        if name == b"etag" and not value.startswith(b"W/"):
            told.append((name, b"W/" + value))
        elif name != b"content-length":
            told.append((name, value))
    return told if length is None else [*told, (b"content-length", str(length).encode())]
