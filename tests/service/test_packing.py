"""JSON in gzip: for whoever takes it, where it is worth it, and with the tags that HTTP asks for."""

import gzip
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import orjson
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.compression import Compression
from gateway.proxy.proxy import Proxy
from shared.http.middleware import Middleware
from tests.service.gate import (
    LIST,
    Answer,
    Seen,
    Upstream,
    answer,
    get,
    listening,
    parse,
    raw,
    read,
    settings,
    unlocked,
)

LARGE = orjson.dumps([{"id": number, "filename": "image.jpg"} for number in range(5000)])
PAGE = LARGE[:2000]
SMALL = b'{"a":1}'
GZIP = "Accept-Encoding: gzip"


def says(body: bytes, status: int = 200, *headers: tuple[bytes, bytes], pieces: int = 1) -> ASGIApp:
    """Always this answer, in so many pieces."""

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": status, "headers": list(headers)})
        size = -(-len(body) // pieces) or 1
        for start in range(0, len(body), size):
            piece = {"type": "http.response.body", "body": body[start : start + size], "more_body": True}
            await send(piece if pieces > 1 else {**piece, "more_body": False})
        if pieces > 1 or not body:
            await send({"type": "http.response.body", "body": b""})

    return app


JSON = (b"content-type", b"application/json")


def sized(body: bytes) -> Sequence[tuple[bytes, bytes]]:
    return JSON, (b"content-length", b"%d" % len(body))


async def ask(app: ASGIApp, *headers: str, method: str = "GET") -> Answer:
    async with listening(Compression(app)) as port:
        return parse(await raw(port, get("/", *headers).replace(b"GET", method.encode(), 1)))


@pytest.mark.parametrize("accepted", ["gzip", "GZIP", "br, gzip;q=0.5", "deflate,gzip"])
async def test_whoever_takes_gzip_gets_gzip(accepted: str) -> None:
    found = await ask(says(PAGE, 200, *sized(PAGE)), f"Accept-Encoding: {accepted}")
    assert (found.status, found.header("content-encoding"), found.header("vary")) == (200, "gzip", "accept-encoding")
    assert found.header("content-length") == str(len(found.body))
    assert len(found.body) < len(PAGE) / 2
    assert gzip.decompress(found.body) == PAGE


@pytest.mark.parametrize("headers", [(), ("Accept-Encoding: identity",), ("Accept-Encoding: gzip;q=0, br",)])
async def test_whoever_does_not_gets_it_plain_and_is_told_that_others_may_not(headers: tuple[str, ...]) -> None:
    found = await ask(says(PAGE, 200, *sized(PAGE)), *headers)
    assert (found.body, found.header("content-encoding"), found.header("vary")) == (PAGE, None, "accept-encoding")
    assert found.header("content-length") == str(len(PAGE))


@pytest.mark.parametrize(
    "app",
    [
        says(SMALL, 200, *sized(SMALL)),
        says(PAGE, 200, (b"content-type", b"image/png")),
        says(PAGE, 200, *sized(PAGE), (b"content-encoding", b"br")),
        says(PAGE, 200, *sized(PAGE), (b"cache-control", b"no-transform")),
        says(PAGE, 200, (b"content-type", b"text/event-stream; charset=utf-8"), pieces=3),
        says(b"", 204),
    ],
    ids=["small", "a picture", "packed already", "forbidden", "events", "nothing"],
)
async def test_what_is_not_worth_it_stays_as_it_is(app: ASGIApp) -> None:
    found = await ask(app, GZIP)
    assert found.header("content-encoding") != "gzip"
    assert found.header("vary") is None


async def test_a_strong_tag_is_weak_on_packed_bytes_only() -> None:
    strong = says(PAGE, 200, *sized(PAGE), (b"etag", b'"a"'))
    assert (await ask(strong, GZIP)).header("etag") == 'W/"a"'
    assert (await ask(strong)).header("etag") == '"a"'
    assert (await ask(says(PAGE, 200, *sized(PAGE), (b"etag", b'W/"a"')), GZIP)).header("etag") == 'W/"a"'
    unchanged = await ask(says(b"", 304, (b"etag", b'"a"')), GZIP)
    assert (unchanged.status, unchanged.header("vary"), unchanged.body) == (304, "accept-encoding", b"")


async def test_head_is_told_what_get_is_told() -> None:
    head = says(b"", 200, *sized(PAGE), (b"etag", b'"a"'))
    same = ("content-encoding", "vary", "etag", "content-type")
    for wanted in ((GZIP,), ()):
        found = await ask(head, *wanted, method="HEAD")
        of_get = await ask(says(PAGE, 200, *sized(PAGE), (b"etag", b'"a"')), *wanted)
        assert [found.header(name) for name in same] == [of_get.header(name) for name in same]
        assert found.body == b""
    plain = await ask(head, method="HEAD")
    assert plain.header("content-length") == str(len(PAGE))
    assert (await ask(head, GZIP, method="HEAD")).header("content-length") is None, "nobody knows it unpacked"


async def test_refusals_are_packed_too() -> None:
    found = await ask(says(PAGE, 422, (b"content-type", b"application/problem+json")), GZIP)
    assert (found.status, gzip.decompress(found.body)) == (422, PAGE)


@asynccontextmanager
async def gate(upstream: Upstream) -> AsyncIterator[int]:
    async with listening(upstream) as inner:
        chosen = settings(f"http://127.0.0.1:{inner}")
        proxy = Proxy(chosen)
        async with proxy.running(), listening(Middleware(unlocked(Compression(proxy)), chosen, checks={})) as port:
            yield port


@pytest.mark.parametrize("body", [PAGE, LARGE], ids=["in one piece", "as it comes"])
async def test_what_the_services_answer_is_packed_on_its_way(body: bytes) -> None:
    async def respond(seen: Seen, receive: Receive, send: Send) -> None:
        await read(seen, receive)
        await answer(send, body)

    async with gate(Upstream(respond)) as port:
        found = parse(await raw(port, get(f"{LIST}?business_id=1", GZIP)))
        plain = parse(await raw(port, get(f"{LIST}?business_id=1")))
    packed = unchunked(found) if found.header("transfer-encoding") else found.body
    assert gzip.decompress(packed) == plain.body == body


def unchunked(found: Answer) -> bytes:
    whole, rest = b"", found.body
    while size := int(rest.partition(b"\r\n")[0], 16):
        rest = rest.partition(b"\r\n")[2]
        whole, rest = whole + rest[:size], rest[size + 2 :]
    return whole
