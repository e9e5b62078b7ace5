"""Slow, huge and many: what one client may cost is bounded, and said in the one error body. A real process."""

import asyncio
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from starlette.types import Receive, Scope, Send

from shared.http.protocol import bounded
from tests.service.gate import LIST, eventually, get, listening, parse, raw
from tests.service.gate import settings as gate_settings
from tests.stack import Process

NOWHERE = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "REDIS_URL": "redis://127.0.0.1:1/0"}
BOUNDS = {
    "DARKROOM_HEADER_TIMEOUT": "60",
    "DARKROOM_BODY_TIMEOUT": "60",
    "DARKROOM_MAX_CONNECTIONS": "20",
    "DARKROOM_MAX_HEADER_BYTES": "8192",
}


SOON = {"DARKROOM_HEADER_TIMEOUT": "1", "DARKROOM_BODY_TIMEOUT": "1"}
"""Only where the end of that time is what a test is about: a loaded machine is no slow client."""


@pytest.fixture
async def gateway(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Process]:
    more: dict[str, str] = getattr(request, "param", {})
    process = Process("gateway", NOWHERE | BOUNDS | more, logs=tmp_path).start(wait=False)
    try:
        async with asyncio.timeout(30):
            while True:
                try:
                    assert parse(await raw(process.port, get("/healthz"))).status == 200
                    break
                except OSError:
                    assert process.runs, process.log
                    await asyncio.sleep(0.05)
        yield process
    finally:
        await asyncio.to_thread(process.stop)


async def drip(port: int, start: bytes, drop: bytes) -> bytes:
    """Sends `start`, then `drop` again and again until the other side has enough; what it said."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answer = asyncio.create_task(reader.read())
    try:
        async with asyncio.timeout(20):
            writer.write(start)
            while not answer.done():
                writer.write(drop)
                await asyncio.wait({answer}, timeout=0.1)
        return answer.result()
    finally:
        answer.cancel()
        writer.close()


@pytest.mark.parametrize("gateway", [SOON], indirect=True, ids=["soon"])
@pytest.mark.parametrize(
    ("start", "drop"),
    [
        (b"", b""),
        (b"G", b""),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ", b"a"),
        (f"POST {LIST}/generate HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n".encode(), b" "),
        (f"POST {LIST}/upload?business_id=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n".encode(), b"-"),
        (f"POST {LIST}/generate HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode(), b"1\r\n \r\n"),
    ],
    ids=["nothing", "one byte", "a header", "a body", "an upload", "chunks"],
)
async def test_who_sends_a_byte_now_and_then_is_sent_away(gateway: Process, start: bytes, drop: bytes) -> None:
    found = parse(await drip(gateway.port, start, drop))
    assert (found.status, found.problem()["code"]) == (408, "request_timeout")


@pytest.mark.parametrize("gateway", [{"DARKROOM_LEAST_BODY_SECONDS": "1"}], indirect=True, ids=["looked at soon"])
async def test_a_body_has_a_least_rate(gateway: Process) -> None:
    start = f"POST {LIST}/generate HTTP/1.1\r\nHost: x\r\nContent-Length: 50000\r\n\r\nsome bytes".encode()
    for drop in (b"", b"some bytes"):
        found = parse(await drip(gateway.port, start, drop))
        assert (found.status, found.problem()["code"]) == (408, "request_timeout")


@pytest.mark.parametrize(
    "gateway", [{"DARKROOM_LEAST_BODY_SECONDS": "1", "DARKROOM_LEAST_BODY_RATE": "1"}], indirect=True, ids=["a byte"]
)
async def test_a_body_that_keeps_to_the_least_rate_is_read_to_its_end(gateway: Process) -> None:
    head = f"POST {LIST}/generate HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    writer.write(f"{head}Content-Length: 200\r\n\r\n".encode())
    for _ in range(200):  # Two looks and more. The pace is what is tested.
        writer.write(b"[")
        await asyncio.sleep(0.015)
    async with asyncio.timeout(20):
        assert parse(await reader.read()).status != 408
    writer.close()


@pytest.mark.parametrize(
    "headers",
    [
        b"X-Huge: " + b"a" * 9000,
        b"X-Endless: " + b"a" * 200_000,
        b"\r\n".join(b"X-%d: y" % number for number in range(300)),
        b"\r\n".join(b"X-%d: y" % number for number in range(5000)),
    ],
    ids=["one", "endless", "three hundred", "five thousand"],
)
async def test_huge_headers_are_refused(gateway: Process, headers: bytes) -> None:
    request = b"GET / HTTP/1.1\r\nHost: x\r\n" + headers + b"\r\n\r\n"
    found = parse(await raw(gateway.port, request))
    assert (found.status, found.problem()["code"]) == (431, "head_too_large")


async def test_more_connections_than_allowed_are_told_and_the_others_go_on(gateway: Process) -> None:
    """Each has a request whose body is still to come."""
    request = f"POST {LIST}/generate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n"
    held = [await asyncio.open_connection("127.0.0.1", gateway.port) for _ in range(20)]
    try:
        for _, writer in held:
            writer.write(request.encode())
        refused = [parse(await raw(gateway.port, get("/healthz"))).status]
        while refused[-1] != 503:  # Until all of the twenty heads have been read.
            refused.append(parse(await raw(gateway.port, get("/healthz"))).status)
        reader, writer = next((reader, writer) for reader, writer in held if not reader.at_eof())
        writer.write(b"{}")
        assert b"422" in await reader.readline()
    finally:
        for _, writer in held:
            writer.close()
    async with asyncio.timeout(20):
        while parse(await raw(gateway.port, get("/healthz"))).status != 200:
            await asyncio.sleep(0.05)


async def test_heads_that_never_end_keep_nobody_out(gateway: Process) -> None:
    held = [await asyncio.open_connection("127.0.0.1", gateway.port) for _ in range(20)]
    try:
        for _, writer in held:
            writer.write(get("/healthz")[:10])
        for _ in range(10):
            assert parse(await raw(gateway.port, get("/healthz"))).status == 200
        last, writer = held[-1]
        writer.write(get("/healthz")[10:])
        assert parse(await last.read()).status == 200, "the oldest gave way, one for each"
    finally:
        for _, writer in held:
            writer.close()


async def test_an_idle_connection_gives_way_to_a_new_one(gateway: Process) -> None:
    request = get("/healthz").replace(b"Connection: close\r\n", b"")
    held = [await asyncio.open_connection("127.0.0.1", gateway.port) for _ in range(20)]
    try:
        for reader, writer in held:
            writer.write(request)
            await reader.readuntil(b'{"status":"ok"}')
        assert parse(await raw(gateway.port, get("/healthz"))).status == 200
        await eventually("one was closed", lambda: sum(reader.at_eof() for reader, _ in held) == 1)
        for reader, writer in held:
            if not reader.at_eof():
                writer.write(request)
                assert await reader.readuntil(b'{"status":"ok"}')
    finally:
        for _, writer in held:
            writer.close()


@pytest.mark.parametrize("body", [b"[" * 30_000, b'{"prompt":' * 5_000, b'{"a":' * 900 + b"1" + b"}" * 900])
async def test_deep_json_is_refused(gateway: Process, body: bytes) -> None:
    head = f"POST {LIST}/generate HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n"
    found = parse(await raw(gateway.port, f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body))
    assert found.status in (400, 422), found.body
    assert found.problem()["code"] in ("malformed_request", "invalid_request")


CHUNKED = f"POST {LIST}/generate HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"


@pytest.mark.parametrize(
    ("start", "drop"),
    [
        (f"{CHUNKED}\r\n0\r\n".encode(), b"a:b\r\n"),
        (f"{CHUNKED}\r\n0\r\n".encode(), b"X-Long: " + b"a" * 1000 + b"\r\n"),
        (f"{CHUNKED}\r\n".encode(), b"1;" + b"a" * 1000 + b"\r\n \r\n"),
        (f"{CHUNKED}Content-Type: text/plain\r\n\r\n".encode(), b"1;" + b"a" * 1000 + b"\r\n \r\n"),
    ],
    ids=["trailers", "long trailers", "chunk extensions", "chunk extensions after the answer"],
)
async def test_what_is_no_body_is_bounded_wherever_it_stands(gateway: Process, start: bytes, drop: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    answer = asyncio.create_task(reader.read())
    writer.write(start)
    for _ in range(200):
        if not answer.done():
            writer.write(drop * (10_000 // len(drop)))
            await asyncio.wait({answer}, timeout=0.01)
    async with asyncio.timeout(20):  # It does not wait for the end.
        await asyncio.wait({answer})
    writer.close()
    assert parse(answer.result()).status >= 400


@pytest.mark.parametrize(
    ("end", "piece"), [(b"0\r\n", b"a:b\r\n"), (b"", b"1\r\n \r\n")], ids=["trailers", "chunks of a byte"]
)
async def test_no_more_of_them_are_looked_at_than_are_allowed(end: bytes, piece: bytes) -> None:
    """However many came at once: the loop would stand still while all of them are told one by one."""
    looked_at = 0

    class Counting(bounded(gate_settings("http://unused"))):  # type: ignore[misc]
        def on_header(self, name: bytes, value: bytes) -> None:
            nonlocal looked_at
            looked_at += 1
            super().on_header(name, value)

        def on_body(self, body: bytes) -> None:
            nonlocal looked_at
            looked_at += 1
            super().on_body(body)

    async def nobody(_scope: Scope, receive: Receive, _send: Send) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    async with listening(nobody, http=Counting) as port:
        head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        answer = await raw(port, head + end + piece * 200_000)
    assert parse(answer).status == 431
    assert looked_at < 10_000


async def test_a_trailer_becomes_no_header(gateway: Process) -> None:
    head = f"{CHUNKED}Connection: close\r\nContent-Type: application/json\r\n\r\n"
    body = '{"business_id": 1, "prompt": "a fox"}'
    trailers = "X-Request-Id: mine\r\nAuthorization: junk\r\nHost: y\r\n"
    found = parse(await raw(gateway.port, f"{head}{len(body):x}\r\n{body}\r\n0\r\n{trailers}\r\n".encode()))
    assert found.problem()["code"] == "unavailable"  # Postgres, which was asked
    assert found.header("x-request-id") != "mine"


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n",
        b"GET /healthz HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n",
        b"POST /healthz HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /healthz HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"POST /healthz HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET /healthz\r\n\r\n",
        b"GET /healthz HTTP/0.9\r\nHost: a\r\n\r\n",
        b"GET /healthz HTTP/2.0\r\nHost: a\r\n\r\n",
    ],
    ids=[
        "no host",
        "two hosts",
        "two hosts in 1.0",
        "chunks in 1.0",
        "gzip chunked",
        "gzip and chunked",
        "no version",
        "0.9",
        "2.0",
    ],
)
async def test_a_head_that_could_be_read_in_two_ways_is_refused(gateway: Process, request_: bytes) -> None:
    found = parse(await raw(gateway.port, request_))
    assert (found.status, found.problem()["code"]) == (400, "malformed_request")


async def test_a_long_query_counts(gateway: Process) -> None:
    found = parse(await raw(gateway.port, get(f"{LIST}?business_id=1&q={'a' * 9000}")))
    assert (found.status, found.problem()["code"]) == (431, "head_too_large")


async def test_http_1_0_is_served(gateway: Process) -> None:
    assert parse(await raw(gateway.port, b"GET /healthz HTTP/1.0\r\n\r\n")).status == 200


async def test_who_still_sends_after_a_refusal_can_read_it(gateway: Process) -> None:
    """Closing on what was not read would reset the connection, and urllib and Node would not see the answer."""
    size = 52 * 1024 * 1024
    request = urllib.request.Request(
        f"{gateway.url}{LIST}/upload?business_id=1", data=bytes(size), method="POST",
        headers={"Content-Type": "multipart/form-data; boundary=x"},
    )  # fmt: skip

    def ask() -> urllib.error.HTTPError:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with pytest.raises(urllib.error.HTTPError) as refused:
            opener.open(request, timeout=30)
        return refused.value

    for _ in range(3):
        refused = await asyncio.to_thread(ask)
        with refused:
            assert refused.code == 413
            assert refused.headers["connection"] == "close"


async def test_a_body_that_is_whole_keeps_the_connection(gateway: Process) -> None:
    body = b'{"business_id": 1, "prompt": "a fox"}'
    head = f"POST {LIST}/generate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    async with asyncio.timeout(20):
        for _ in range(2):
            writer.write(head.encode() + b"\r\n\r\n" + body)
            said = await reader.readuntil(b"}")
            assert said.startswith(b"HTTP/1.1 503")
            assert b"connection: close" not in said.lower()
    writer.close()


@pytest.mark.parametrize("gateway", [{"DARKROOM_HEADER_TIMEOUT": "1"}], indirect=True)
async def test_each_head_of_a_connection_has_its_own_time_and_the_silence_between_has_none(gateway: Process) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    async with asyncio.timeout(20):
        for silence in (0, 1.2, 1.2):
            await asyncio.sleep(silence)
            writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert (await reader.readuntil(b"}")).startswith(b"HTTP/1.1 200")
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: ")
        assert (await reader.read()).startswith(b"HTTP/1.1 408")
    writer.close()
