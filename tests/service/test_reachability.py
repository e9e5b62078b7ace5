"""POST /validate/reachability, through the real service, against a real server that behaves and misbehaves."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from shared.http.public_only import NotPublic, PublicOnly
from tests import pictures
from tests.sandbox_server import SandboxServer
from tests.service import shelves
from tests.service.rooms import IMAGES, Room, upload_room
from tests.service.test_upload import problem
from upload_service import fetch

ROUTE = f"{IMAGES}/validate/reachability"
SECRET = "this-is-in-the-body"


def answer(status: str, *headers: str, body: bytes = b"") -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", *headers, "", ""]).encode() + body


def typed(kind: str, body: bytes, *more: str) -> bytes:
    return answer("200 OK", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *more, body=body)


def to(place: str, status: str = "302 Found") -> bytes:
    return answer(status, f"Location: {place}", "Content-Length: 0", "Set-Cookie: id=1; Path=/")


JPEG = pictures.jpeg(400, 400)
PAGE = typed("text/html; charset=utf-8", f"<form>{SECRET}</form>".encode())


@dataclass
class Web:
    """A server on the loopback that answers each path with fixed bytes, and notes what it was asked."""

    port: int = 0
    scheme: str = "http"
    pages: dict[str, bytes] = field(default_factory=dict)
    """What follows the last byte: nothing, and the connection is closed; `…` at the end: silence."""
    endless: set[str] = field(default_factory=set)
    requests: list[str] = field(default_factory=list)
    sent: int = 0

    def url(self, path: str) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}{path}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            asked = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.requests.append(asked)
            path = asked.split(" ")[1]
            page = self.pages.get(path, answer("404 Not Found", "Content-Length: 0"))
            writer.write(page.removesuffix(b"..."))
            await writer.drain()
            if page.endswith(b"..."):
                await reader.read()  # until the other side leaves
            while path in self.endless:
                writer.write(bytes(8192))
                await writer.drain()
                self.sent += 8192
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def serving(tls: ssl.SSLContext | None = None) -> AsyncIterator[Web]:
    web = Web(scheme="https" if tls else "http")
    server = await asyncio.start_server(web.serve, "127.0.0.1", 0, ssl=tls)
    web.port = server.sockets[0].getsockname()[1]
    try:
        yield web
    finally:
        server.close()


@dataclass(frozen=True)
class Set:
    """The service, a server that it may ask, and one that it may not."""

    room: Room
    web: Web
    inside: Web

    async def probe(self, url: str) -> dict[str, Any]:
        return await probe(self.room, {"url": url})


async def probe(room: Room, body: dict[str, Any]) -> dict[str, Any]:
    found = await room.client.post(ROUTE, json=body)
    assert found.status_code == 200, found.text
    assert SECRET not in found.text
    said: dict[str, Any] = found.json()
    for check in said["checks"]:
        assert check["actual"], check
        assert check["limit"], check
        assert bool(check["message"]) == bool(check["fix"]) == (not check["ok"]), check
    return said


def failed(said: dict[str, Any]) -> dict[str, str]:
    """Code and `actual` of what failed, but for what a server without https on the loopback fails always."""
    return {
        check["code"]: check["actual"]
        for check in said["checks"]
        if not check["ok"] and (check["code"], check["actual"]) not in ALWAYS
    }


ALWAYS = {("https", "http"), ("public_address", "listed by the operator")}


@pytest.fixture
async def stage(database: str, sandbox: SandboxServer) -> AsyncIterator[Set]:
    async with serving() as web, serving() as inside:
        inside.pages["/"] = typed("image/jpeg", JPEG)
        async with upload_room(database, sandbox, probe_allow=f"127.0.0.1:{web.port}", probe_timeout=5) as room:
            yield Set(room, web, inside)


async def test_a_picture_that_a_stranger_gets_passes_but_for_its_http(stage: Set) -> None:
    stage.web.pages["/x.jpg?v=1"] = typed("Image/JPEG; q=1", JPEG)
    said = await stage.probe(stage.web.url("/x.jpg?v=1"))
    assert [check["code"] for check in said["checks"]] == [
        "https", "public_address", "status", "content_type", "first_bytes", "bytes",
    ]  # fmt: skip
    assert failed(said) == {}
    assert said["reachable"] is False, "without https no platform fetches it"
    assert said["url"] == stage.web.url("/x.jpg?v=1")
    (asked,) = stage.web.requests
    assert f"Host: 127.0.0.1:{stage.web.port}\r\n" in asked
    assert not {"cookie:", "authorization:", "referer:"} & set(asked.lower().split())


async def test_a_stored_picture_of_the_sandbox_is_said_to_be_out_of_reach_and_not_fetched(uploads: Room) -> None:
    image = (await uploads.upload(pictures.jpeg())).json()
    said = await probe(uploads, {"image_id": image["id"], "business_id": 1})
    assert (said["reachable"], said["url"]) == (False, image["url"])
    assert {check["code"]: check["actual"] for check in said["checks"] if not check["ok"]} == {
        "https": "http",
        "public_address": "loopback",
    }
    assert len(said["checks"]) == 2
    for body in ({"image_id": image["id"], "business_id": 2}, {"image_id": "01a20430-72f2-772e-830a-936de1305a46"}):
        problem(await uploads.client.post(ROUTE, json=body), 404, "not_found")


ANSWERS: list[tuple[bytes, dict[str, str]]] = [
    (answer("401 Unauthorized", "WWW-Authenticate: Basic", "Content-Length: 0"), {"status": "401"}),
    (answer("403 Forbidden", "Content-Length: 4", body=b"nope"), {"status": "403"}),
    (answer("404 Not Found", "Content-Length: 0"), {"status": "404"}),
    (answer("206 Partial Content", "Content-Type: image/jpeg", "Content-Length: 1", body=b"\xff"), {"status": "206"}),
    (answer("500 No", "Content-Length: 0"), {"status": "500"}),
    (answer("302 Found", "Content-Length: 0"), {"status": "a redirect to nowhere"}),
    (to("ftp://a.example/x"), {"status": "a redirect to nowhere"}),
    (to("http://[::1"), {"status": "a redirect to nowhere"}),
    (to("file:///etc/passwd"), {"status": "a redirect to nowhere"}),
    (b"SSH-2.0-OpenSSH_9\r\n\r\n", {"status": "no answer"}),
    (b"", {"status": "no answer"}),
    (typed("text/html", PAGE), {"content_type": "text/html", "first_bytes": "something else"}),
    (typed("application/octet-stream", JPEG), {"content_type": "application/octet-stream"}),
    (answer("200 OK", f"Content-Length: {len(JPEG)}", body=JPEG), {"content_type": "none"}),
    (typed("image/png", JPEG), {"first_bytes": "jpeg"}),
    (typed("image/jpeg", b"<script>" + SECRET.encode()), {"first_bytes": "something else"}),
    (typed("image/jpeg", b""), {"first_bytes": "something else"}),
    (typed("image/jpeg", JPEG[:50], "Content-Encoding: identity"), {}),
    (answer("200 OK", "Content-Type: image/jpeg", body=JPEG), {}),
    (answer("200 OK", "Content-Type: image/jpeg", "Content-Length: 8000000", body=JPEG + b"..."), {}),
    (answer("200 OK", "Content-Type: image/jpeg", "Content-Length: 8000001", body=JPEG + b"..."), {"bytes": "8000001"}),
    (answer("200 OK", "Content-Type: image/jpeg", body=JPEG.ljust(fetch.MOST_BYTES, b"\0")), {"bytes": "unknown"}),
    (typed("image/png", pictures.png()), {}),
    (typed("image/webp", pictures.webp()), {}),
]  # fmt: skip


async def test_what_a_server_does_wrong_is_named(stage: Set) -> None:
    for page, wrong in ANSWERS:
        stage.web.pages["/x"] = page
        said = await stage.probe(stage.web.url("/x"))
        assert failed(said) == wrong, page[:80]


async def test_a_body_without_end_is_not_read_to_its_end(stage: Set) -> None:
    stage.web.endless.add("/x")
    stage.web.pages["/x"] = answer("200 OK", "Content-Type: image/jpeg", body=JPEG)
    said = await stage.probe(stage.web.url("/x"))
    assert failed(said) == {"bytes": "unknown"}
    (size,) = [check for check in said["checks"] if check["code"] == "bytes"]
    assert size["severity"] == "warning", "platforms may read on"
    assert stage.web.sent < 64 * 2**20, "it left"


@pytest.mark.parametrize(
    "page",
    [b"...", b"HTTP/1.1 200 OK\r\nContent-Type: im...", answer("200 OK", "Content-Length: 99", body=b"\xff\xd8...")],
    ids=["no answer", "half a head", "half a body"],
)
async def test_a_slow_server_ends_by_the_clock(database: str, sandbox: SandboxServer, page: bytes) -> None:
    async with (
        serving() as web,
        upload_room(database, sandbox, probe_allow=f"127.0.0.1:{web.port}", probe_timeout=0.3) as room,
    ):
        web.pages["/x"] = page
        assert failed(await probe(room, {"url": web.url("/x")})) == {"status": "not within 0.3 s"}


async def test_three_redirects_are_followed_and_no_fourth(stage: Set) -> None:
    steps = ["302 Found", "301 Moved Permanently", "307 Temporary Redirect", "308 Permanent Redirect"]
    for at, status in enumerate(steps):
        stage.web.pages[f"/{at}"] = to(f"/{at + 1}" if at % 2 else stage.web.url(f"/{at + 1}"), status)
    stage.web.pages["/4"] = typed("image/jpeg", JPEG)
    assert failed(await stage.probe(stage.web.url("/1"))) == {}
    assert "cookie" not in "".join(stage.web.requests).lower()
    stage.web.requests.clear()
    assert failed(await stage.probe(stage.web.url("/0"))) == {"status": "more than 3 redirects"}
    assert len(stage.web.requests) == 4


async def test_a_redirect_to_a_login_is_named(stage: Set) -> None:
    stage.web.pages |= {"/x": to("/accounts/login?next=/x"), "/accounts/login?next=/x": PAGE}
    assert failed(await stage.probe(stage.web.url("/x"))) == {"status": "a redirect to a login page"}
    stage.web.pages |= {"/x": to("/auth/x.jpg"), "/auth/x.jpg": typed("image/jpeg", JPEG)}
    assert failed(await stage.probe(stage.web.url("/x"))) == {}, "the word alone is no login"


async def test_no_redirect_leads_inside(stage: Set) -> None:
    """Each would be answered with a picture if it were asked."""
    port = stage.inside.port
    for place, word in {
        f"http://127.0.0.1:{port}/": "loopback", f"//127.0.0.1:{port}/": "loopback",
        f"http://127.1:{port}/": "loopback",
        f"http://2130706433:{port}/": "loopback", f"http://[::ffff:127.0.0.1]:{port}/": "IPv4-mapped",
        f"http://localhost:{port}/": "loopback", f"http://0.0.0.0:{port}/": "unspecified",
        "http://169.254.169.254/latest/meta-data/": "link-local", "http://[fe80::1%25lo]/": "link-local",
        f"http://u:p@127.0.0.1:{stage.web.port}/x": "a user name or password in it",
    }.items():  # fmt: skip
        stage.web.pages["/x"] = to(place)
        said = await stage.probe(stage.web.url("/x"))
        assert failed(said) == {"public_address": word}, place
        assert said["reachable"] is False
        assert [check["code"] for check in said["checks"]] == ["https", "public_address"]
    assert stage.inside.requests == []


async def test_nothing_inside_is_asked_directly(stage: Set) -> None:
    for host in ("127.0.0.1", "127.1", "2130706433", "0x7f.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "①②⑦.0.0.1"):
        assert "public_address" in failed(await stage.probe(f"http://{host}:{stage.inside.port}/")), host
    assert stage.inside.requests == []


async def test_a_name_is_refused_for_what_it_leads_to() -> None:
    """The resolver itself, because a name below a public domain that leads here is not ours to make."""
    with pytest.raises(NotPublic):
        await PublicOnly(frozenset()).resolve("localhost", 443)
    listing = PublicOnly(frozenset({("localhost", 443)}))
    assert {one["host"] for one in await listing.resolve("localhost", 443)} <= {"127.0.0.1", "::1"}
    with pytest.raises(NotPublic):
        await listing.resolve("localhost", 80)


async def test_no_connection_is_made_to_a_name_that_leads_inside(stage: Set) -> None:
    connector = aiohttp.TCPConnector(resolver=PublicOnly(frozenset()), use_dns_cache=False)
    async with aiohttp.ClientSession(connector=connector) as session:
        with pytest.raises(NotPublic):
            await session.get(f"http://localhost:{stage.inside.port}/")
    assert stage.inside.requests == []


async def test_a_name_that_leads_nowhere_is_not_public(stage: Set) -> None:
    said = await stage.probe("https://" + "a" * 63 + "." + "b" * 64 + ".example.com/")
    assert "public_address" in failed(said)


async def test_proxies_of_the_environment_are_not_used(stage: Set, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{stage.inside.port}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    stage.web.pages["/x"] = typed("image/jpeg", JPEG)
    assert failed(await stage.probe(stage.web.url("/x"))) == {}
    assert stage.inside.requests == []


def certified(folder: Path) -> tuple[Path, Path]:
    """A key and a certificate for 127.0.0.1 that nobody signed but itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "probe")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    address = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))])
    signed = builder.add_extension(address, critical=False).sign(key, hashes.SHA256())
    key_file, certificate = folder / "key.pem", folder / "certificate.pem"
    key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    certificate.write_bytes(signed.public_bytes(Encoding.PEM))
    return key_file, certificate


async def test_over_https_it_is_reachable_and_only_with_a_trusted_certificate(
    database: str, sandbox: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, certificate = certified(tmp_path)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate, key)
    async with serving(tls) as web, serving() as plain:
        web.pages |= {"/x": typed("image/jpeg", JPEG), "/down": to(plain.url("/x"))}
        plain.pages["/x"] = typed("image/jpeg", JPEG)
        allow = f"127.0.0.1:{web.port}, 127.0.0.1:{plain.port}"
        async with upload_room(database, sandbox, probe_allow=allow) as room:
            said = await probe(room, {"url": web.url("/x")})
            assert (said["reachable"], failed(said)) == (False, {"https": "https that is not trusted"})
            assert web.requests == []
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        async with upload_room(database, sandbox, probe_allow=allow) as room:
            said = await probe(room, {"url": web.url("/x")})
            assert (said["reachable"], failed(said)) == (True, {})
            said = await probe(room, {"url": web.url("/down")})
            assert (said["reachable"], failed(said)) == (False, {"https": "a redirect to http"})


WRONG: list[tuple[Any, str]] = [
    ({}, "/url"), ({"url": None}, "/url"), ({"url": ""}, "/url"), ({"url": "x.jpg"}, "/url"),
    ({"url": "//a.example/"}, "/url"),
    ({"url": "ftp://a.example/"}, "/url"), ({"url": "file:///etc/passwd"}, "/url"), ({"url": "https:///x"}, "/url"),
    ({"url": "https://[::1/"}, "/url"), ({"url": "https://a.example:99999/"}, "/url"), ({"url": 7}, "/url"),
    ({"url": "https://a.example/" + "x" * 2048}, "/url"), ({"url": "https://a.example/\0"}, "/url"),
    ({"url": "https://a.example/", "image_id": "01a20430-72f2-772e-830a-936de1305a46"}, "/url"),
    ({"image_id": "no id"}, "/image_id"), ({"url": "https://a.example/", "method": "PUT"}, "/method"), ([], "/"),
]  # fmt: skip


async def test_a_wrong_body_is_pointed_at(uploads: Room) -> None:
    for body, pointer in WRONG:
        found = problem(await uploads.client.post(ROUTE, json=body), 422, "invalid_request")
        assert found["errors"][0]["pointer"] == pointer, body


@pytest.mark.parametrize("url", ["", "no address", "http://[", "ftp://a.example/b", "//a"])
async def test_a_picture_without_a_web_address_is_said_to_have_none(uploads: Room, url: str) -> None:
    image = await shelves.add(uploads.db, url=url)
    found = problem(await uploads.client.post(ROUTE, json={"image_id": str(image.id)}), 409, "conflict")
    assert "none that can be fetched" in found["detail"]


async def test_who_probes_too_much_at_once_waits_and_is_told_while_others_go_on(stage: Set) -> None:
    """Of sixteen places a share is theirs, and of those who wait."""
    stage.web.pages["/slow"] = b"..."
    slow = {"url": stage.web.url("/slow")}
    waiting = [asyncio.create_task(stage.room.client.post(ROUTE, json=slow)) for _ in range(40)]
    while len(stage.web.requests) < 4 or sum(each.done() for each in waiting) < 40 - 25:
        await asyncio.sleep(0.01)
    refused = next(each for each in waiting if each.done())
    assert problem(await refused, 429, "rate_limited")["retryable"] is True
    others = await shelves.add(stage.room.db, 2, url=stage.web.url("/x"))
    assert failed(await probe(stage.room, {"image_id": str(others.id), "business_id": 2})) == {"status": "404"}
    assert len(stage.web.requests) == 4 + 1
    for each in waiting:
        each.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert failed(await stage.probe(stage.web.url("/x"))) == {"status": "404"}
