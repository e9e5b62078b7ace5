"""Slow, huge and many: what one client may cost is bounded, and said in the one error body. A real process."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.service.gate import LIST, get, parse, raw
from tests.stack import Process

NOWHERE = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "REDIS_URL": "redis://127.0.0.1:1/0"}
BOUNDS = {
    "DARKROOM_HEADER_TIMEOUT": "1",
    "DARKROOM_BODY_TIMEOUT": "1",
    "DARKROOM_MAX_CONNECTIONS": "20",
    "DARKROOM_MAX_HEADER_BYTES": "8192",
}


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Process]:
    process = Process("gateway", NOWHERE | BOUNDS, logs=tmp_path).start(wait=False)
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
    request = get("/healthz").replace(b"Connection: close\r\n", b"")
    held = [await asyncio.open_connection("127.0.0.1", gateway.port) for _ in range(20)]
    try:
        for reader, writer in held:
            writer.write(request)
            assert (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 200")
        refused = parse(await raw(gateway.port, get("/healthz")))
        assert (refused.status, refused.problem()["code"]) == (503, "unavailable")
        reader, writer = held[0]
        writer.write(request)
        await reader.readuntil(b'{"status":"ok"}')
        assert await reader.readuntil(b'{"status":"ok"}')
    finally:
        for _, writer in held:
            writer.close()
    async with asyncio.timeout(20):
        while parse(await raw(gateway.port, get("/healthz"))).status != 200:
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("body", [b"[" * 30_000, b'{"prompt":' * 5_000, b'{"a":' * 900 + b"1" + b"}" * 900])
async def test_deep_json_is_refused(gateway: Process, body: bytes) -> None:
    head = f"POST {LIST}/generate HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n"
    found = parse(await raw(gateway.port, f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body))
    assert found.status in (400, 422), found.body
    assert found.problem()["code"] in ("malformed_request", "invalid_request")
