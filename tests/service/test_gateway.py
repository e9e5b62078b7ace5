"""The gateway as a process: who answers which path, what it needs, how much memory it takes, how it stops."""

import asyncio
import gzip
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import orjson
import pytest
from starlette.types import Receive, Send

from tests.service.gate import (
    LIST,
    UPLOAD,
    Answer,
    Seen,
    Upstream,
    answer,
    eventually,
    get,
    listening,
    parse,
    raw,
    read,
)
from tests.stack import Process

UPLOADS, SIZE = 50, 5 * 1024 * 1024
NOWHERE = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "REDIS_URL": "redis://127.0.0.1:1/0"}


@asynccontextmanager
async def gateway(upstream: Upstream, logs: Path, **stores: str) -> AsyncIterator[Process]:
    """A gateway process in front of a stand-in for both inner services; without stores unless the test names them."""
    async with listening(upstream) as inner:
        services = dict.fromkeys(("DARKROOM_UPLOAD_URL", "DARKROOM_LIBRARY_URL"), f"http://127.0.0.1:{inner}")
        process = Process("gateway", {**NOWHERE, **services, **stores}, logs=logs).start(wait=False)
        try:
            await _until_it_listens(process)
            yield process
        finally:
            await asyncio.to_thread(process.stop)


async def _until_it_listens(process: Process) -> None:
    async with asyncio.timeout(30):
        while True:
            assert process.runs, process.log
            try:
                assert parse(await raw(process.port, get("/healthz"))).status == 200
                return
            except OSError:
                await asyncio.sleep(0.05)


async def ask(process: Process, target: str, method: str = "GET") -> Answer:
    return parse(await raw(process.port, get(target).replace(b"GET", method.encode(), 1)))


async def test_every_path_has_one_who_answers_and_every_refusal_one_form(tmp_path: Path) -> None:
    upstream = Upstream()
    async with gateway(upstream, tmp_path) as process:
        assert (await ask(process, f"{LIST}?business_id=1")).status == 200
        assert [seen.target for seen in upstream.asked] == [f"{LIST}?business_id=1"]
        upstream.asked.clear()
        page = await ask(process, "/")
        assert (page.status, page.header("content-type")) == (200, "text/html; charset=utf-8")
        for method, target, status in (
            ("GET", f"{LIST}/generate", 405),
            ("PUT", f"{LIST}/generate/estimate-cost", 405),
            ("GET", f"{LIST}/generate/nothing", 404),
            ("GET", f"{LIST}/generate/status/not-an-id", 404),
            ("GET", f"{LIST}/generate/status/", 404),
            ("GET", f"{LIST}/generate%2fstatus", 404),
            ("GET", f"{LIST}/generates/thumbnail/x", 404),
            ("GET", f"{LIST}s", 404),
            ("PUT", f"{LIST}", 405),
            ("POST", "/", 405),
            ("POST", "/docs", 405),
            ("GET", "/docs/oauth2-redirect", 404),
            ("GET", "/redoc", 404),
            ("GET", "/nothing", 404),
            ("POST", f"{LIST}/generate", 422),
        ):
            found = await ask(process, target, method)
            assert (found.status, target) == (status, target)
            assert found.problem()["instance"]
            assert (found.header("allow") is not None) is (status == 405), target
        assert (await ask(process, "/openapi.json")).status == 200
    assert not upstream.asked, "the document is the gateway's own"


async def test_options_says_what_a_path_takes(tmp_path: Path) -> None:
    upstream = Upstream()
    async with gateway(upstream, tmp_path) as process:
        for target, allow in (
            ("/", "GET, HEAD, OPTIONS"),
            ("/docs", "GET, HEAD, OPTIONS"),
            (LIST, "GET, HEAD, OPTIONS"),
            (UPLOAD, "POST, OPTIONS"),
            (f"{LIST}/01a20432-9dd2-7116-9aac-3445daaba359", "GET, HEAD, PATCH, DELETE, OPTIONS"),
            (f"{LIST}/generate", "POST, OPTIONS"),
            (f"{LIST}/generate/sizes", "GET, HEAD, OPTIONS"),
            (f"{LIST}/generate/status/01a20432-9dd2-7116-9aac-3445daaba359", "GET, HEAD, OPTIONS"),
        ):
            found = await ask(process, target, "OPTIONS")
            assert (found.status, found.body, found.header("allow")) == (204, b"", allow), target
            assert found.header("content-type") is None
            assert found.header("x-request-id")
        assert (await ask(process, "/nothing", "OPTIONS")).status == 404
        assert (await ask(process, f"{LIST}/generate/nothing", "OPTIONS")).status == 404
    assert upstream.asked == []


async def test_what_is_answered_behind_the_door_is_packed(tmp_path: Path) -> None:
    async def respond(seen: Seen, receive: Receive, send: Send) -> None:
        await answer(send, b'{"items":[]}' + b" " * 2000)

    async with gateway(Upstream(respond), tmp_path) as process:
        for target in (f"{LIST}?business_id=1", f"{LIST}/generate/sizes"):
            found = parse(await raw(process.port, get(target, "Accept-Encoding: gzip")))
            assert (found.status, found.header("content-encoding")) == (200, "gzip"), target
            assert orjson.loads(gzip.decompress(found.body))
            assert parse(await raw(process.port, get(target))).header("content-encoding") is None
        sizes = f"{LIST}/generate/sizes"
        tag = str(parse(await raw(process.port, get(sizes, "Accept-Encoding: gzip"))).header("etag"))
        again = parse(await raw(process.port, get(sizes, "Accept-Encoding: gzip", f"If-None-Match: {tag}")))
        assert (tag[:2], again.status, again.header("vary")) == ("W/", 304, "accept-encoding")


async def test_readiness_names_what_is_missing_and_where(tmp_path: Path) -> None:
    async def respond(seen: Seen, receive: Receive, send: Send) -> None:
        await answer(send, b'{"status":"not_ready","missing":["postgres","store"]}', 503)

    async with gateway(Upstream(respond), tmp_path) as process:
        found = await ask(process, "/readyz")
    said = orjson.loads(found.body)
    assert (found.status, said["missing"]) == (503, ["postgres", "upload", "library"])
    assert said["parts"]["upload"] == said["parts"]["library"] == "down: lacks postgres, store"
    assert said["parts"]["redis"].startswith("down")


async def test_it_is_ready_with_its_stores_and_services_and_also_without_redis(tmp_path: Path, database: str) -> None:
    async with gateway(Upstream(), tmp_path, DATABASE_URL=database) as process:
        found = await ask(process, "/readyz")
    said = orjson.loads(found.body)
    assert (found.status, said["missing"]) == (200, [])
    assert said["parts"]["postgres"] == said["parts"]["upload"] == said["parts"]["library"] == "ok"
    assert said["parts"]["redis"].startswith("down")


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the kernel does not tell how much memory is used")
async def test_fifty_uploads_at_once_to_a_slow_service_do_not_fill_the_memory(tmp_path: Path) -> None:
    everybody_is_here = asyncio.Event()
    digests: list[str] = []

    async def respond(seen: Seen, receive: Receive, send: Send) -> None:
        await everybody_is_here.wait()
        await read(seen, receive)
        digests.append(hashlib.sha256(seen.body).hexdigest())
        seen.body = b""
        await answer(send)

    async def send_one(port: int, body: bytes) -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(
            f"POST {UPLOAD} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {SIZE}\r\n\r\n".encode()
        )
        writer.write(body)
        status = parse(await reader.read()).status
        writer.close()
        return status

    upstream = Upstream(respond)
    async with gateway(upstream, tmp_path) as process:
        await ask(process, f"{LIST}/nothing/there")
        before = _peak_kilobytes(process.pid)
        bodies = [bytes([number]) * SIZE for number in range(UPLOADS)]
        sending = asyncio.gather(*(send_one(process.port, body) for body in bodies))
        await eventually("all are under way", lambda: len(upstream.asked) == UPLOADS, 20)
        everybody_is_here.set()
        assert set(await sending) == {200}
        grown = _peak_kilobytes(process.pid) - before
    assert sorted(digests) == sorted(hashlib.sha256(body).hexdigest() for body in bodies)
    assert grown < UPLOADS * SIZE / 1024 / 3, f"{grown} kB more for {UPLOADS * SIZE // 1024} kB under way"


def _peak_kilobytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


async def test_told_to_stop_it_ends_open_event_streams_in_order(tmp_path: Path, database: str, redis_url: str) -> None:
    async with gateway(Upstream(), tmp_path, DATABASE_URL=database, REDIS_URL=redis_url) as process:
        async with httpx2.AsyncClient(base_url=process.url, timeout=20) as client:
            accepted = await client.post(f"{LIST}/generate", json={"prompt": "a fox", "business_id": 1})
            assert accepted.status_code == 202, accepted.text
            events = f"{LIST}/generate/status/{accepted.json()['job_id']}/events"
            async with client.stream("GET", events) as stream:
                lines = stream.aiter_lines()
                assert (await anext(lines)).startswith("id: ")
                process.terminate()
                rest = [line async for line in lines]  # Raises when the stream is cut instead of ended.
                assert any(line.startswith("data: ") for line in rest)
        await eventually("it ended", lambda: not process.runs, 20)
    assert process.events("request.crashed") == []
    assert "Traceback" not in process.log
