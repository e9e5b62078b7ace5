"""Bodies that are not taken: told by the headers alone, so that a client that waits is never asked for them."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from fastapi import APIRouter
from pydantic import BaseModel

from shared.http.app import make_app
from shared.http.middleware import Middleware
from tests.service.gate import LIST, UPLOAD, Answer, Upstream, gate, listening, parse, settings

VALIDATE = f"{LIST}/validate"
DELETE = f"{LIST}/bulk-delete"
GENERATE = f"{LIST}/generate"
JSON, FORM = "application/json", "multipart/form-data; boundary=x"
FILE = 10 * 1024 * 1024


class Wish(BaseModel):
    prompt: str


@asynccontextmanager
async def _no_tools() -> AsyncIterator[None]:
    yield


@asynccontextmanager
async def front(upstream: Upstream) -> AsyncIterator[dict[str, int]]:
    """The proxy in front of a stand-in, and an application that takes JSON, as the gateway's own is; ports by path."""
    router = APIRouter()
    router.add_api_route(GENERATE, _take, methods=["POST"])
    app = make_app(title="t", description="t", resources=_no_tools, routers=[router], max_body=64 * 1024)
    own = listening(Middleware(app, settings("http://127.0.0.1:1"), checks={}))
    async with gate(upstream) as proxy, own as port:
        yield {GENERATE: port, UPLOAD: proxy, VALIDATE: proxy, DELETE: proxy}


def _take(wish: Wish) -> dict[str, str]:
    return {"prompt": wish.prompt}


async def ask(port: int, path: str, *headers: str, body: bytes = b"") -> Answer:
    """The first that is answered, `100 Continue` also."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = "\r\n".join([f"POST {path} HTTP/1.1", "Host: x", *headers, "", ""])
    writer.write(head.encode() + body)
    async with asyncio.timeout(20):
        found = await reader.readuntil(b"\r\n\r\n")
        if b" 100 " not in found:
            length = int(parse(found).header("content-length") or 0)
            found += await reader.readexactly(length)
    writer.close()
    return parse(found)


@pytest.mark.parametrize("path", [GENERATE, DELETE, UPLOAD, VALIDATE])
async def test_a_packed_body_is_refused_in_words(path: str) -> None:
    kind = FORM if path == UPLOAD else JSON
    packed = gzip.compress(b'{"prompt": "a fox"}')
    upstream = Upstream()
    async with front(upstream) as ports:
        for coding in ("gzip", "x-gzip", "br", "identity, gzip"):
            headers = (f"Content-Type: {kind}", f"Content-Encoding: {coding}", f"Content-Length: {len(packed)}")
            found = await ask(ports[path], path, *headers, body=packed)
            assert (found.status, found.problem()["code"]) == (415, "unsupported_media_type")
            assert found.problem()["detail"] == "Send the body as it is, without Content-Encoding"
            assert found.header("accept-encoding") == "identity"
    assert upstream.asked == []


async def test_what_is_not_packed_may_say_so() -> None:
    body = b'{"prompt": "a fox"}'
    headers = (f"Content-Type: {JSON}", "Content-Encoding: Identity", f"Content-Length: {len(body)}")
    async with front(Upstream()) as ports:
        assert (await ask(ports[GENERATE], GENERATE, *headers, body=body)).status == 200
        assert (await ask(ports[DELETE], DELETE, *headers, body=body)).status == 200


@pytest.mark.parametrize(
    ("path", "kind", "length", "status", "says"),
    [
        (GENERATE, "text/plain", 10_000, 415, "The body is read as JSON only"),
        (GENERATE, JSON, 65_537, 413, "At most 65536 bytes are read"),
        (DELETE, "application/x-www-form-urlencoded", 10_000, 415, "The body is read as JSON only"),
        (DELETE, FORM, 10_000, 415, "The body is read as JSON only"),
        (DELETE, JSON, 65_537, 413, "At most 65536 bytes are read"),
        (UPLOAD, JSON, 10_000, 415, "Send the picture as multipart/form-data"),
        (UPLOAD, "image/png", 10_000, 415, "Send the picture as multipart/form-data"),
        (UPLOAD, FORM, FILE + 65_537, 413, f"A picture may have at most {FILE} bytes"),
        (VALIDATE, "image/png", 10_000, 415, "Send JSON, or multipart/form-data"),
        (VALIDATE, JSON, 65_537, 413, "At most 65536 bytes are read"),
        (VALIDATE, FORM, FILE + 65_537, 413, f"A picture may have at most {FILE} bytes"),
    ],
)
async def test_nobody_is_asked_for_a_body_that_is_not_taken(
    path: str, kind: str, length: int, status: int, says: str
) -> None:
    upstream = Upstream()
    headers = (f"Content-Type: {kind}", f"Content-Length: {length}", "Expect: 100-continue")
    async with front(upstream) as ports:
        found = await ask(ports[path], path, *headers)
    assert (found.status, upstream.asked) == (status, [])
    assert found.problem()["detail"].startswith(says)


@pytest.mark.parametrize(
    ("path", "kind", "length"),
    [
        (GENERATE, JSON, 10_000),
        (GENERATE, "application/problem+json; charset=utf-8", 10_000),
        (DELETE, JSON, 65_536),
        (UPLOAD, FORM, FILE + 65_536),
        (VALIDATE, FORM, FILE + 65_536),
        (VALIDATE, JSON, 65_536),
    ],
)
async def test_who_waits_with_a_body_that_is_taken_is_asked_for_it(path: str, kind: str, length: int) -> None:
    headers = (f"Content-Type: {kind}", f"Content-Length: {length}", "Expect: 100-continue")
    async with front(Upstream()) as ports:
        assert (await ask(ports[path], path, *headers)).status == 100


async def test_a_post_without_a_body_may_have_any_type() -> None:
    """`curl -X POST -d ''` says that it is a form."""
    async with front(Upstream()) as ports:
        headers = ("Content-Type: application/x-www-form-urlencoded", "Content-Length: 0")
        assert (await ask(ports[DELETE], DELETE, *headers)).status == 200
        assert (await ask(ports[GENERATE], GENERATE, *headers)).status == 422
