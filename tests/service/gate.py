"""The gateway's proxy on a real port, a stand-in for the inner services behind it, and bare sockets in front of it."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.auth.authenticate import Authenticate
from gateway.proxy.proxy import Proxy
from shared.http.middleware import Middleware
from shared.settings import GatewaySettings

LIST = "/api/v1/images"
UPLOAD = "/api/v1/images/upload"


@dataclass
class Seen:
    """One request as the inner service met it."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes = b""
    whole: bool = False
    left: bool = False

    def header(self, name: str) -> str | None:
        """The only value of this header."""
        values = [value for known, value in self.headers if known == name]
        assert len(values) < 2, f"{name} was said {len(values)} times"
        return values[0] if values else None


async def read(seen: Seen, receive: Receive) -> None:
    """Reads the body into `seen`, or notes that the gateway left."""
    while not seen.whole and not seen.left:
        message = await receive()
        seen.left = message["type"] == "http.disconnect"
        if not seen.left:
            seen.body += message["body"]
            seen.whole = not message.get("more_body", False)


async def answer(send: Send, body: bytes = b"{}", status: int = 200, *headers: tuple[bytes, bytes]) -> None:
    """A plain answer of known length."""
    told = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body)), *headers]
    await send({"type": "http.response.start", "status": status, "headers": told})
    await send({"type": "http.response.body", "body": body})


@dataclass
class Upstream:
    """Plays the upload and the library service: notes what it is asked, and answers as the test says."""

    behaviour: Callable[[Seen, Receive, Send], Awaitable[None]] | None = None
    asked: list[Seen] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        query = scope["query_string"].decode("latin-1")
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
        target = scope["raw_path"].decode("latin-1") + ("?" + query if query else "")
        seen = Seen(scope["method"], target, headers)
        self.asked.append(seen)
        if self.behaviour is not None:
            await self.behaviour(seen, receive, send)
            return
        await read(seen, receive)
        await answer(send)


@asynccontextmanager
async def listening(app: ASGIApp, http: Any = "httptools", **options: Any) -> AsyncIterator[int]:
    """The app on a free port of the loopback, served as `shared.http.server.serve` does."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    config = uvicorn.Config(
        app, http=http, log_config=None, access_log=False, server_header=False, lifespan="off", **options
    )
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup(sockets=[listener])
    await server.on_tick(0)
    try:
        yield listener.getsockname()[1]
    finally:
        await _stop(server)


async def _stop(server: uvicorn.Server) -> None:
    """At once: uvicorn's own way out waits in tenths of a second, which hundreds of tests would pay."""
    for listening_server in server.servers:
        listening_server.close()
    tasks = list(server.server_state.tasks)
    for connection in list(server.server_state.connections):
        connection.transport.abort()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def settings(upload: str, library: str | None = None, **more: Any) -> GatewaySettings:
    """Settings for a gateway that needs no store."""
    return GatewaySettings(
        database_url="postgresql://nobody@127.0.0.1:1/none",
        redis_url="redis://127.0.0.1:1/0",
        upload_url=upload,
        library_url=library or upload,
        log_level="error",
        allowed_hosts="x, darkroom",  # What bare sockets call it here.
        **more,
    )


def unlocked(app: ASGIApp) -> Authenticate:
    """The app behind a door that asks nobody, as with `DARKROOM_AUTH=off`."""
    access = Authenticate(app)
    access.open()
    return access


@asynccontextmanager
async def gate(upstream: ASGIApp | GatewaySettings, **more: Any) -> AsyncIterator[int]:
    """The proxy in its shell, in front of a stand-in (or of what the settings name). Answers the port."""
    async with AsyncExitStack() as stack:
        if isinstance(upstream, GatewaySettings):
            chosen = upstream
        else:
            inner = await stack.enter_async_context(listening(upstream))
            chosen = settings(f"http://127.0.0.1:{inner}", **more)
        proxy = Proxy(chosen)
        await stack.enter_async_context(proxy.running())
        yield await stack.enter_async_context(listening(Middleware(unlocked(proxy), chosen, checks={})))


async def raw(port: int, request: bytes) -> bytes:
    """Everything that comes back for these bytes until the other side closes. The request must ask to close."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        async with asyncio.timeout(20):
            return await reader.read()
    finally:
        writer.close()


def get(target: str, *headers: str) -> bytes:
    """A GET that closes the connection."""
    return "\r\n".join([f"GET {target} HTTP/1.1", "Host: darkroom", "Connection: close", *headers, "", ""]).encode()


@dataclass
class Answer:
    """One parsed answer."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """The only value of this header."""
        values = [value for known, value in self.headers if known == name]
        assert len(values) < 2, f"{name} was answered {len(values)} times"
        return values[0] if values else None

    def problem(self) -> dict[str, Any]:
        """The problem body, whose form is the same everywhere."""
        assert self.header("content-type") == "application/problem+json", self
        found: dict[str, Any] = json.loads(self.body)
        assert {"type", "title", "status", "detail", "instance", "code", "retryable", "request_id"} <= set(found)
        assert found["status"] == self.status
        assert found["request_id"] == self.header("x-request-id")
        return found


def parse(received: bytes) -> Answer:
    """The first answer in what was received."""
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    return Answer(int(first.split(" ")[1]), headers, body)


async def eventually(what: str, condition: Callable[[], object], seconds: float = 10.0) -> None:
    """Waits until it is true."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, f"not within {seconds:g} s: {what}"
        await asyncio.sleep(0.01)
