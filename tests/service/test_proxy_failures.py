"""What a client is told when an inner service fails, and what a service notices when a client leaves."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from starlette.types import Receive, Send

from deploy.local.ports import free_port
from tests.service.gate import LIST, UPLOAD, Seen, Upstream, answer, eventually, gate, get, parse, raw, read, settings

TOO_LARGE = 10 * 1024 * 1024 + 64 * 1024 + 1


@asynccontextmanager
async def speaking(talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> AsyncIterator[str]:
    """A service that says what no HTTP server would. Answers its address."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


async def test_a_service_that_is_not_there_is_a_retryable_502() -> None:
    async with gate(settings(f"http://127.0.0.1:{free_port()}")) as port:
        found = parse(await raw(port, get(LIST)))
    problem = found.problem()
    assert (found.status, problem["code"], problem["retryable"]) == (502, "upstream_unavailable", True)
    assert found.header("retry-after") == "1"
    assert "library" in problem["detail"]


@pytest.mark.parametrize(
    "words",
    [
        b"",
        b"HTTP/1.1 200",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
)
async def test_a_service_that_breaks_off_or_speaks_nonsense_is_a_502(words: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(words)

    async with speaking(talk) as url, gate(settings(url)) as port:
        found = parse(await raw(port, get(LIST)))
    assert (found.status, found.problem()["code"]) == (502, "upstream_unavailable")


async def test_a_service_that_is_silent_is_a_504() -> None:
    async def respond(seen: Seen, receive: Receive, send: Send) -> None:
        await read(seen, receive)
        await read_until_left(seen, receive)

    upstream = Upstream(respond)
    async with gate(upstream, proxy_timeout=0.3) as port:
        found = parse(await raw(port, get(LIST)))
        assert (found.status, found.problem()["code"]) == (504, "upstream_timeout")
        await eventually("the service is told that nobody waits", lambda: upstream.asked[0].left)


async def read_until_left(seen: Seen, receive: Receive) -> None:
    """Waits for the gateway to hang up."""
    while not seen.left:
        seen.left = (await receive())["type"] == "http.disconnect"


@pytest.mark.parametrize("framing", [b"Content-Length: 300000", b"Transfer-Encoding: chunked"])
async def test_a_service_that_dies_in_the_middle_never_looks_like_a_whole_answer(framing: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        piece = b"x" * 100_000
        writer.write(b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n\r\n")
        writer.write(b"%x\r\n%b\r\n" % (len(piece), piece) if b"chunked" in framing else piece)
        await writer.drain()

    async with speaking(talk) as url, gate(settings(url)) as port:
        received = await raw(port, get(LIST))
    assert received.startswith(b"HTTP/1.1 200 OK")
    assert received.count(b"HTTP/1.1") == 1
    assert not received.endswith(b"0\r\n\r\n")
    assert b"problem+json" not in received
    assert len(parse(received).body) < 300_000


async def test_a_slow_answer_is_waited_for_as_long_as_something_moves() -> None:
    async def respond(seen: Seen, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(8):
            await asyncio.sleep(0.15)  # The pace of the stand-in, not a wait for something to happen.
            await send({"type": "http.response.body", "body": b"x", "more_body": True})
        await send({"type": "http.response.body", "body": b"."})

    async with gate(Upstream(respond), proxy_timeout=1.0) as port:
        received = await raw(port, get(LIST))
    assert received.endswith(b"0\r\n\r\n")
    assert b"." in received.partition(b"\r\n\r\n")[2]


async def test_the_service_notices_a_client_that_leaves_while_it_thinks() -> None:
    async def respond(seen: Seen, receive: Receive, send: Send) -> None:
        await read(seen, receive)
        await read_until_left(seen, receive)

    upstream = Upstream(respond)
    async with gate(upstream) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(get(LIST))
        await eventually("the service is asked", lambda: upstream.asked)
        writer.close()
        await eventually("the service is told", lambda: upstream.asked[0].left)


async def test_the_service_notices_a_client_that_leaves_in_the_middle_of_its_upload() -> None:
    async def respond(seen: Seen, receive: Receive, send: Send) -> None:
        await read(seen, receive)

    upstream = Upstream(respond)
    async with gate(upstream) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"POST {UPLOAD} HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\n\r\n".encode() + b"x" * 100_000)
        await eventually("some of it arrives", lambda: upstream.asked and upstream.asked[0].body)
        writer.close()
        await eventually("the service is told", lambda: upstream.asked[0].left)
    assert not upstream.asked[0].whole


async def test_the_service_notices_a_client_that_leaves_in_the_middle_of_the_answer() -> None:
    async def respond(seen: Seen, receive: Receive, send: Send) -> None:
        await read(seen, receive)
        watch = asyncio.create_task(read_until_left(seen, receive))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while not seen.left:
            await send({"type": "http.response.body", "body": b"x" * 65_536, "more_body": True})
            await asyncio.sleep(0)
        await watch

    upstream = Upstream(respond)
    async with gate(upstream) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(get(LIST))
        await reader.read(1000)
        writer.close()
        await eventually("the service is told", lambda: upstream.asked[0].left)


async def test_a_client_that_stops_in_the_middle_of_its_body_is_let_go() -> None:
    upstream = Upstream()
    async with gate(upstream, proxy_timeout=0.3) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"POST {UPLOAD} HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\n\r\n".encode() + b"x" * 1000)
        found = parse(await reader.readuntil(b'"}'))
        writer.close()
        assert (found.status, found.problem()["code"]) == (400, "malformed_request")
        await eventually("the service is told", lambda: upstream.asked[0].left)


async def test_a_body_over_the_limit_is_refused_before_it_is_read() -> None:
    upstream = Upstream()
    async with gate(upstream) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = f"POST {UPLOAD} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: {TOO_LARGE}\r\n\r\n"
        writer.write(head.encode())
        found = parse(await reader.readuntil(b'"}'))
        writer.close()
    assert (found.status, found.problem()["code"]) == (413, "file_too_large")
    assert found.header("connection") == "close"
    assert upstream.asked == []


async def test_a_client_that_sends_too_much_before_it_listens_still_gets_the_answer() -> None:
    upstream = Upstream()
    async with gate(upstream) as port:
        head = f"POST {UPLOAD} HTTP/1.1\r\nHost: x\r\nContent-Length: {TOO_LARGE}\r\n\r\n"
        found = parse(await raw(port, head.encode() + b"x" * TOO_LARGE))
    assert (found.status, found.problem()["code"]) == (413, "file_too_large")
    assert upstream.asked == []


async def test_a_body_that_outgrows_the_limit_without_saying_so_is_cut_off() -> None:
    async def respond(seen: Seen, receive: Receive, send: Send) -> None:
        await read(seen, receive)
        await answer(send)

    upstream = Upstream(respond)
    piece = b"x" * 100_000
    body = b"%x\r\n%b\r\n" % (len(piece), piece) * 12 + b"0\r\n\r\n"
    async with gate(upstream, max_file=1_000_000 - 64 * 1024) as port:
        found = parse(
            await raw(port, f"POST {UPLOAD} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode() + body)
        )
        assert (found.status, found.problem()["code"]) == (413, "file_too_large")
        await eventually("the service is told", lambda: upstream.asked[0].left)
    assert not upstream.asked[0].whole
    assert len(upstream.asked[0].body) <= 1_000_000
