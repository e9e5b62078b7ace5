"""What passes the gateway, and how: paths, headers, bodies, answers."""

import asyncio
import hashlib
import random
from collections.abc import AsyncIterator, Callable

import httpx2
import pytest
from starlette.types import Receive, Send

from gateway.proxy.routes import ROUTES
from tests.service.gate import (
    LIST,
    UPLOAD,
    Seen,
    Upstream,
    answer,
    gate,
    get,
    listening,
    parse,
    raw,
    settings,
)

ID = "0198c0de-0000-7000-8000-000000000000"


async def test_path_and_query_arrive_byte_for_byte() -> None:
    upstream = Upstream()
    target = f'{LIST}?search=a%20b+c%2Fd%3F&x=%C3%A9&y=[1]&z=%zz&empty=&again=1&again=2&q="{{}}|'
    async with gate(upstream) as port:
        assert parse(await raw(port, get(target))).status == 200
    assert [seen.target for seen in upstream.asked] == [target]


async def test_the_list_also_answers_under_its_path_with_a_slash() -> None:
    upstream = Upstream()
    async with gate(upstream) as port:
        assert parse(await raw(port, get(f"{LIST}/?business_id=1"))).status == 200
    assert upstream.asked[0].target == f"{LIST}?business_id=1"


async def test_every_route_of_the_list_goes_to_its_service() -> None:
    upload, library = Upstream(), Upstream()
    async with listening(upload) as one, listening(library) as two:
        chosen = settings(f"http://127.0.0.1:{one}", f"http://127.0.0.1:{two}")
        async with gate(chosen) as port, httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            for route in ROUTES:
                path = route.template.format(image_id=ID, post_id="p%2F1%20%F0%9F%8D%82")
                for method in route.methods:
                    assert (await client.request(method, path)).status_code == 200
                    asked = {"upload": upload, "library": library}[route.service].asked.pop()
                    assert (asked.method, asked.target) == (method, path)
    assert upload.asked == library.asked == []


async def test_head_passes_wherever_get_does() -> None:
    upstream = Upstream()
    async with gate(upstream) as port:
        for route in ROUTES:
            path = route.template.format(image_id=ID, post_id="1")
            head = parse(await raw(port, get(path).replace(b"GET", b"HEAD", 1)))
            assert (head.status, head.body) == (200 if "GET" in route.methods else 405, b""), path
    assert {seen.method for seen in upstream.asked} == {"HEAD"}


async def test_a_posts_name_and_the_body_of_a_put_arrive_byte_for_byte() -> None:
    upstream = Upstream()
    names = ["1", "a.b", "...", "posts", "~!$&'()*+,;=:@-_.", "%2e%2E%2e", "%2f%2F", "%5c", "caf%C3%A9"]
    names.append("%F0%9F%8D%82" * 200)
    async with gate(upstream) as port:
        for name in names:
            request = get(f"{LIST}/{ID}/posts/{name}", "Content-Length: 2").replace(b"GET", b"PUT", 1) + b"{}"
            assert parse(await raw(port, request)).status == 200, name
    assert [seen.target for seen in upstream.asked] == [f"{LIST}/{ID}/posts/{name}" for name in names]
    assert {seen.body for seen in upstream.asked} == {b"{}"}


async def test_only_listed_headers_are_handed_on() -> None:
    upstream = Upstream()
    passing = {
        "Accept": "image/*",
        "Accept-Language": "de",
        "If-Match": '"1"',
        "If-None-Match": '"2", "3"',
        "Idempotency-Key": "once",
        "Prefer": "wait=3",
        "Range": "bytes=0-9",
        "User-Agent": "Ünïcode/1",
    }
    staying = {
        "Authorization": "Bearer secret",
        "Cookie": "session=1",
        "Accept-Encoding": "gzip",
        "Expect": "200-ok",
        "Forwarded": "for=10.0.0.1;host=evil",
        "X-Forwarded-For": "10.0.0.1",
        "X-Forwarded-Host": "evil",
        "X-Real-IP": "10.0.0.1",
        "X-Darkroom-Business": "2",
        "X-Darkroom-Identity": "root",
        "X-Anything": "else",
        "TE": "trailers",
        "Via": "1.1 evil",
    }
    async with gate(upstream) as port:
        request = get(LIST, *(f"{name}: {value}" for name, value in (passing | staying).items()))
        assert parse(await raw(port, request)).status == 200
    seen = upstream.asked[0]
    told = {name: value.encode("latin-1").decode() for name, value in seen.headers}
    assert len(told) == len(seen.headers)
    assert told.pop("host").startswith("127.0.0.1:")
    assert len(told.pop("x-request-id")) == 32
    assert told == {name.lower(): value for name, value in passing.items()}


async def test_nothing_is_said_that_the_client_did_not_say() -> None:
    upstream = Upstream()
    async with gate(upstream) as port:
        await raw(port, get(LIST))
    assert sorted(name for name, _ in upstream.asked[0].headers) == ["host", "x-request-id"]


@pytest.mark.parametrize(
    ("sent", "kept"), [("checkout-42:a.b_c", True), ("a b", False), ("x" * 129, False), ("", False)]
)
async def test_a_request_id_is_kept_when_sane_and_answered_once(sent: str, kept: bool) -> None:
    upstream = Upstream(lambda seen, _, send: answer(send, b"{}", 200, (b"x-request-id", b"the-services-own")))
    async with gate(upstream) as port:
        found = parse(await raw(port, get(LIST, f"X-Request-Id: {sent}")))
    assert (found.header("x-request-id") == sent) is kept
    assert upstream.asked[0].header("x-request-id") == found.header("x-request-id")


async def test_headers_of_the_inner_connection_stay_inside() -> None:
    inner = [
        (b"connection", b"keep-alive, X-Secret"),
        (b"keep-alive", b"timeout=5"),
        (b"x-secret", b"hop"),
        (b"server", b"inner"),
        (b"x-darkroom-sandbox", b"inner"),
        (b"proxy-authenticate", b"Basic"),
        (b"etag", b'"7"'),
        (b"location", b"/somewhere?else=1"),
        (b"x-deduplicated", b"true"),
    ]
    async with gate(Upstream(lambda seen, _, send: answer(send, b"{}", 201, *inner))) as port:
        found = parse(await raw(port, get(LIST)))
    assert found.status == 201
    names = {name for name, _ in found.headers}
    assert names == {
        *("date", "content-type", "content-length", "etag", "location", "x-deduplicated"),
        *("x-request-id", "connection"),
    }
    assert (found.header("etag"), found.header("location")) == ('"7"', "/somewhere?else=1")
    assert found.header("connection") == "close"


async def test_redirects_and_missing_bodies_are_passed_on_as_they_are() -> None:
    async def respond(seen: Seen, _: Receive, send: Send) -> None:
        status = int(seen.target.rpartition("=")[2])
        await send({"type": "http.response.start", "status": status, "headers": [(b"location", b"http://10.0.0.1/")]})
        await send({"type": "http.response.body", "body": b""})

    async with gate(Upstream(respond)) as port:
        for status in (204, 302, 304):
            found = parse(await raw(port, get(f"{LIST}?s={status}")))
            assert (found.status, found.header("location")) == (status, "http://10.0.0.1/")


@pytest.mark.parametrize("chunked", [False, True])
async def test_bodies_of_every_size_arrive_whole_and_framed_as_they_were(chunked: bool) -> None:
    upstream = Upstream()
    async with gate(upstream) as port, httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        for size in (0, 1, 65_536, 65_537, 3_000_000):
            body = random.Random(size).randbytes(size)
            found = await client.post(f"{UPLOAD}?business_id=1", content=_pieces(body) if chunked else body)
            assert found.status_code == 200
            seen = upstream.asked.pop()
            assert hashlib.sha256(seen.body).digest() == hashlib.sha256(body).digest()
            assert seen.header("content-length") == (None if chunked else str(size))


async def _pieces(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), 50_000):
        yield body[start : start + 50_000]


async def test_the_body_of_a_get_is_not_handed_on() -> None:
    upstream = Upstream()
    body = b"GET /api/v1/images/smuggled HTTP/1.1\r\n\r\n"
    async with gate(upstream) as port:
        found = await raw(port, get(LIST, f"Content-Length: {len(body)}") + body)
    assert parse(found).status == 200
    assert found.count(b"HTTP/1.1") == 1
    assert [(seen.target, seen.body) for seen in upstream.asked] == [(LIST, b"")]


async def test_one_connection_carries_many_requests() -> None:
    upstream = Upstream()
    async with gate(upstream) as port:
        post = f"POST {LIST}/bulk-delete HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc".encode()
        received = await raw(port, post * 3 + get(LIST))
    assert received.count(b"HTTP/1.1 200 OK") == 4
    assert [seen.body for seen in upstream.asked] == [b"abc", b"abc", b"abc", b""]


@pytest.mark.parametrize("sized", [True, False])
async def test_a_large_answer_streams_and_waits_for_a_slow_reader(sized: bool) -> None:
    piece, pieces = b"0123456789abcdef" * 4096, 512
    sent = 0

    async def respond(seen: Seen, receive: Receive, send: Send) -> None:
        nonlocal sent
        length = [(b"content-length", b"%d" % (len(piece) * pieces))] if sized else []
        await send({"type": "http.response.start", "status": 200, "headers": length})
        for _ in range(pieces):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            sent += 1
        await send({"type": "http.response.body", "body": b""})

    async with (
        gate(Upstream(respond)) as port,
        httpx2.AsyncClient(timeout=20) as client,
        client.stream("GET", f"http://127.0.0.1:{port}{LIST}") as response,
    ):
        await _stops_growing(lambda: sent)
        assert sent < pieces, "the gateway swallowed the whole answer while nobody read it"
        digest, size = hashlib.sha256(), 0
        async for chunk in response.aiter_raw():
            digest.update(chunk)
            size += len(chunk)
    assert size == len(piece) * pieces
    assert digest.digest() == hashlib.sha256(piece * pieces).digest()


async def _stops_growing(count: Callable[[], int]) -> None:
    """Returns once the count has stood still for a while, however fast the machine is."""
    last, still = -1, 0
    while still < 10:
        await asyncio.sleep(0.03)
        now = count()
        still = still + 1 if now == last and now > 0 else 0
        last = now


async def test_an_early_answer_reaches_a_client_that_is_still_sending() -> None:
    async def respond(seen: Seen, receive: Receive, send: Send) -> None:
        await answer(send, b'{"code":"unsupported_media_type"}', 415)

    size = 8_000_000
    upstream = Upstream(respond)
    async with gate(upstream) as port:
        request = f"POST {UPLOAD} HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n".encode() + b"x" * size
        found = parse(await raw(port, request))
    assert found.status == 415
    assert found.body == b'{"code":"unsupported_media_type"}'
    assert found.header("connection") == "close"


async def test_a_client_that_waits_to_be_asked_is_asked_for_its_body() -> None:
    async with gate(Upstream()) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = "Host: x\r\nExpect: 100-continue\r\nConnection: close\r\nContent-Length:"
        writer.write(f"POST {UPLOAD} HTTP/1.1\r\n{head} 100000\r\n\r\n".encode())
        assert (await reader.readline()).startswith(b"HTTP/1.1 100")
        writer.write(b"x" * 100_000)
        assert b"HTTP/1.1 200" in await reader.read()
        writer.close()
