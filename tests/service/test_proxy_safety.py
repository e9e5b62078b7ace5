"""What must not pass the gateway: strange paths, strange framing, and every trick that makes two servers disagree."""

import pytest

from tests.service.gate import LIST, Upstream, gate, get, parse, raw

STRANGE_PATHS = [
    f"{LIST}/..",
    f"{LIST}/.",
    f"{LIST}/../../../metrics",
    f"{LIST}/abc/../../x",
    f"{LIST}/%2e%2e",
    f"{LIST}/%2E%2E/metrics",
    f"{LIST}/..%2fmetrics",
    f"{LIST}%2fabc",
    f"{LIST}/abc%2frestore",
    f"{LIST}/abc%5crestore",
    f"{LIST}/abc\\restore",
    f"{LIST}/abc%00",
    f"{LIST}/abc%0d%0aX-Evil:%201",
    f"{LIST}/abc;v=1",
    f"{LIST}//",
    f"{LIST}//abc",
    f"{LIST}/abc//thumbnail",
    f"{LIST}/abc/thumbnail/",
    f"{LIST}/{'a' * 65}",
    f"{LIST}/abc/posts/",
    f"{LIST}/abc/posts/..",
    f"{LIST}/abc/posts/.%2e",
    f"{LIST}/abc/posts/%2E",
    f"{LIST}/abc/posts/1/2",
    f"{LIST}/abc/posts/1%0d%0aX-Evil:%201",
    f"{LIST}/abc/posts/1%00",
    f"{LIST}/abc/posts/1%7f",
    f"{LIST}/abc/posts/1%",
    f"{LIST}/abc/posts/1%zz",
    f"{LIST}/abc/posts/1\\2",
    f"{LIST}/abc/posts/{'a' * 2401}",
    f"{LIST}/abc/posts/{{post_id}}",
    f"{LIST}/abc%2fposts%2f1",
    f"{LIST}/{{image_id}}",
    f"/{LIST}",
    "//evil.example/api/v1/images",
    "/api/v1//images",
    "/API/v1/images",
    "/api/v1/imagesx",
    "/openapi.json",
    "/healthz/../api/v1/images",
]

BROKEN = {
    "both lengths": b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\n\r\n",
    "two different lengths": b"Content-Length: 6\r\nContent-Length: 0\r\n\r\nabcdef",
    "the same length twice": b"Content-Length: 6\r\nContent-Length: 6\r\n\r\nabcdef",
    "a list of lengths": b"Content-Length: 6, 6\r\n\r\nabcdef",
    "a signed length": b"Content-Length: +6\r\n\r\nabcdef",
    "a negative length": b"Content-Length: -6\r\n\r\nabcdef",
    "an endless length": b"Content-Length: 99999999999999999999999\r\n\r\nabcdef",
    "an unknown encoding": b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunked not last": b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "two encodings": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "a space before the colon": b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "a folded header": b"Accept: a\r\n b\r\n\r\n",
    "a folded encoding": b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "a NUL in a header": b"Accept: a\0b\r\n\r\n",
    "a bare return in a header": b"Accept: a\rX-Evil: b\r\n\r\n",
    "a bare line feed in a header": b"Accept: a\nX-Evil: b\r\n\r\n",
    "a header without a name": b": a\r\n\r\n",
    "a chunk of no size": b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
    "a chunk of endless size": b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nabc\r\n0\r\n\r\n",
}


async def test_strange_paths_reach_no_service() -> None:
    upstream = Upstream()
    async with gate(upstream) as port:
        for path in STRANGE_PATHS:
            found = parse(await raw(port, get(path)))
            assert found.status == 404, path
            assert found.problem()["code"] == "not_found"
    assert upstream.asked == []


async def test_methods_that_a_path_does_not_take_reach_no_service() -> None:
    upstream = Upstream()
    async with gate(upstream) as port:
        for method in ("PUT", "TRACE", "PROPFIND"):
            request = get(f"{LIST}/abc").replace(b"GET", method.encode(), 1)
            found = parse(await raw(port, request))
            assert found.status == 405, method
            assert found.header("allow") == "GET, HEAD, PATCH, DELETE, OPTIONS"
        found = parse(await raw(port, get(f"{LIST}/upload")))
        assert (found.status, found.header("allow"), found.problem()["code"]) == (
            405,
            "POST, OPTIONS",
            "method_not_allowed",
        )
    assert upstream.asked == []


@pytest.mark.parametrize("trick", BROKEN)
async def test_a_request_whose_end_is_in_doubt_is_refused_and_the_connection_closed(trick: str) -> None:
    upstream = Upstream()
    second = get(f"{LIST}/smuggled")
    async with gate(upstream) as port:
        received = await raw(port, f"POST {LIST}/bulk-delete HTTP/1.1\r\nHost: x\r\n".encode() + BROKEN[trick] + second)
    assert parse(received).status == 400
    assert received.count(b"HTTP/1.1") == 1
    assert [seen for seen in upstream.asked if seen.whole] == []


async def test_an_absolute_target_is_answered_by_us_and_nobody_else() -> None:
    upstream = Upstream()
    async with gate(upstream) as port:
        for scheme in ("http", "https"):
            found = parse(await raw(port, get(f"{scheme}://169.254.169.254{LIST}?x=1")))
            assert found.status == 200
            seen = upstream.asked.pop()
            assert seen.target == f"{LIST}?x=1"
            assert str(seen.header("host")).startswith("127.0.0.1:")
        assert parse(await raw(port, get("http://169.254.169.254/latest"))).status == 404
        assert parse(await raw(port, get("evil.example:443").replace(b"GET", b"CONNECT", 1))).status == 400
        assert parse(await raw(port, get("@evil.example/"))).status == 400
    assert upstream.asked == []


async def test_an_upgrade_is_not_handed_on() -> None:
    upstream = Upstream()
    async with gate(upstream) as port:
        upgrade = "Connection: Upgrade, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__"
        received = await raw(port, get(LIST).replace(b"Connection: close", upgrade.encode()))
    assert parse(received).status == 200
    assert {name for name, _ in upstream.asked[0].headers} == {"host", "x-request-id"}


async def test_a_trailer_is_not_handed_on() -> None:
    upstream = Upstream()
    async with gate(upstream) as port:
        head = f"POST {LIST}/bulk-delete HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
        trailer = b"3;name=value\r\nabc\r\n0\r\nX-Darkroom-Business: 2\r\n\r\n"
        assert parse(await raw(port, head.encode() + trailer)).status == 200
    assert upstream.asked[0].body == b"abc"
    assert "x-darkroom-business" not in dict(upstream.asked[0].headers)
