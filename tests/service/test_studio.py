"""The front end as browsers get it: the right bytes, cached as they should be, under a strict policy."""

import gzip
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway.static.studio import DIST, Studio
from shared.http.middleware import Middleware
from tests.service.gate import get, listening, parse, raw, settings

SCRIPT = b"console.log('studio');" * 100


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    """A build as Vite leaves it, with a secret beside it."""
    built = tmp_path / "dist"
    (built / "assets").mkdir(parents=True)
    (built / "index.html").write_bytes(b'<!doctype html><script type="module" src="/assets/index-a1b2c3.js"></script>')
    (built / "docs.html").write_bytes(b'<!doctype html><script type="module" src="/assets/docs-b2c3d4.js"></script>')
    (built / "assets" / "index-a1b2c3.js").write_bytes(SCRIPT)
    (built / "assets" / "index-d4e5f6.css").write_bytes(b"body{}")
    (built / "favicon.svg").write_bytes(b"<svg xmlns='http://www.w3.org/2000/svg'/>")
    (built / ".env").write_bytes(b"SECRET=1")
    (tmp_path / "secret.txt").write_bytes(b"secret")
    return built


@asynccontextmanager
async def studio(dist: Path, **more: Any) -> AsyncIterator[int]:
    chosen = settings("http://127.0.0.1:1", **more)
    async with listening(Middleware(Studio(chosen, dist), chosen, checks={})) as port:
        yield port


async def test_the_page_is_asked_for_each_time_and_allows_no_foreign_script(dist: Path) -> None:
    async with studio(dist) as port:
        found = parse(await raw(port, get("/")))
    assert (found.status, found.body) == (200, (dist / "index.html").read_bytes())
    assert found.header("content-type") == "text/html; charset=utf-8"
    assert found.header("cache-control") == "no-cache"
    policy = dict(part.split(" ", 1) for part in str(found.header("content-security-policy")).split("; "))
    assert policy == {
        "default-src": "'self'",
        "img-src": "'self' blob: data: https://res.cloudinary.com",
        "connect-src": "'self' https://res.cloudinary.com",
        "object-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }


async def test_the_page_of_the_api_asks_nobody_else(dist: Path) -> None:
    async with studio(dist, picture_origins="https://demo-res.cloudinary.com") as port:
        found = parse(await raw(port, get("/docs")))
    assert (found.status, found.body) == (200, (dist / "docs.html").read_bytes())
    assert (found.header("content-type"), found.header("cache-control")) == ("text/html; charset=utf-8", "no-cache")
    policy = dict(part.split(" ", 1) for part in str(found.header("content-security-policy")).split("; "))
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self' 'unsafe-inline'",
        "font-src": "'self'",
        "connect-src": "'self'",
        "img-src": "'self' data:",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }


async def test_the_origins_of_a_private_cdn_are_allowed(dist: Path) -> None:
    async with studio(dist, picture_origins="https://demo-res.cloudinary.com, https://p.example:8443") as port:
        policy = str(parse(await raw(port, get("/"))).header("content-security-policy"))
    for rule in ("img-src 'self' blob: data:", "connect-src 'self'"):
        assert f"{rule} https://res.cloudinary.com https://demo-res.cloudinary.com https://p.example:8443;" in policy


@pytest.mark.parametrize(
    "wrong", ["*", "https://a.example; script-src *", "https://a.example/path", "a.example", "https:"]
)
def test_what_is_no_origin_is_refused_at_the_start(wrong: str) -> None:
    with pytest.raises(ValueError, match="must be origins"):
        settings("http://127.0.0.1:1", picture_origins=wrong)


@pytest.mark.parametrize(
    ("more", "allowed"),
    [
        ({"sandbox_url": "http://127.0.0.1:8004/"}, True),
        ({"sandbox_url": "http://127.0.0.1:8004/", "cloudinary_url": "cloudinary://key:secret@cloud"}, False),
    ],
)
async def test_pictures_of_the_sandbox_are_shown_and_fetched_only_where_it_plays_the_store(
    dist: Path, more: dict[str, str], allowed: bool
) -> None:
    async with studio(dist, **more) as port:
        found = parse(await raw(port, get("/")))
    policy = str(found.header("content-security-policy"))
    for before in ("data:", "connect-src 'self'"):
        assert (f"{before} https://res.cloudinary.com http://127.0.0.1:8004;" in policy) is allowed
    assert "secret" not in str(found.headers)


async def test_hashed_files_are_kept_for_a_year(dist: Path) -> None:
    async with studio(dist) as port:
        script = parse(await raw(port, get("/assets/index-a1b2c3.js")))
        style = parse(await raw(port, get("/assets/index-d4e5f6.css")))
        icon = parse(await raw(port, get("/favicon.svg")))
    assert (script.body, script.header("content-type")) == (SCRIPT, "text/javascript; charset=utf-8")
    assert script.header("cache-control") == "public, max-age=31536000, immutable"
    assert script.header("content-encoding") is None
    assert (style.body, style.header("content-type")) == (b"body{}", "text/css; charset=utf-8")
    assert (icon.header("content-type"), icon.header("cache-control")) == ("image/svg+xml", "no-cache")


async def test_what_is_worth_it_is_packed_for_those_who_ask(dist: Path) -> None:
    async with studio(dist) as port:
        for accepted, packed in (("br, gzip", True), ("gzip;q=0.5", True), ("gzip;q=0", False), ("xgzip", False)):
            found = parse(await raw(port, get("/assets/index-a1b2c3.js", f"Accept-Encoding: {accepted}")))
            assert (found.header("content-encoding") == "gzip") is packed, accepted
            assert found.header("vary") == "accept-encoding"
            assert (gzip.decompress(found.body) if packed else found.body) == SCRIPT
        small = parse(await raw(port, get("/assets/index-d4e5f6.css", "Accept-Encoding: gzip")))
        assert small.header("content-encoding") is None


async def test_an_unchanged_file_is_not_sent_again(dist: Path) -> None:
    async with studio(dist) as port:
        etag = str(parse(await raw(port, get("/"))).header("etag"))
        for said in (etag, etag.removeprefix("W/"), f'"other", {etag}', "*"):
            found = parse(await raw(port, get("/", f"If-None-Match: {said}")))
            assert (found.status, found.body, found.header("etag")) == (304, b"", etag)
        assert parse(await raw(port, get("/", 'If-None-Match: "other"'))).status == 200


async def test_head_says_what_get_would(dist: Path) -> None:
    async with studio(dist) as port:
        whole = parse(await raw(port, get("/assets/index-a1b2c3.js")))
        head = parse(await raw(port, get("/assets/index-a1b2c3.js").replace(b"GET", b"HEAD", 1)))
        post = parse(await raw(port, get("/").replace(b"GET", b"POST", 1)))
    assert (head.status, head.body, head.header("content-length")) == (200, b"", str(len(SCRIPT)))
    assert head.header("etag") == whole.header("etag")
    assert (post.status, post.header("allow"), post.problem()["code"]) == (
        405,
        "GET, HEAD, OPTIONS",
        "method_not_allowed",
    )


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/assets/../../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/assets/..%5c..%5csecret.txt",
        "//secret.txt",
        "/.env",
        "/assets",
        "/assets/",
        "/index.html",
        "/docs.html",
        "/secret.txt",
        "/etc/passwd",
        "/%00",
    ],
)
async def test_no_path_leaves_the_build(dist: Path, path: str) -> None:
    async with studio(dist) as port:
        found = parse(await raw(port, get(path)))
    assert (found.status, found.problem()["code"]) == (404, "not_found")


@pytest.mark.parametrize("path", ["/", "/docs"])
async def test_without_a_build_a_page_says_what_this_is(tmp_path: Path, path: str) -> None:
    async with studio(
        tmp_path / "none", sandbox_url="http://127.0.0.1:2", public_url="https://pictures.example/"
    ) as port:
        found = parse(await raw(port, get(path)))
        assert parse(await raw(port, get("/assets/index-a1b2c3.js"))).status == 404
    page = found.body.decode()
    assert (found.status, found.header("content-type")) == (200, "text/html; charset=utf-8")
    assert 'href="openapi.json"' in page
    assert page.count("<pre>") == 3
    assert page.count("https://pictures.example/api/v1/images") == 3
    assert "were not built" in page
    assert "Sandbox" in page
    assert "<script" not in page
    assert "default-src 'none'" in str(found.header("content-security-policy"))


@pytest.mark.skipif(not (DIST / "index.html").exists(), reason="the studio is not built on this machine")
async def test_the_built_page_names_what_is_beside_it_so_that_any_path_may_stand_before_it() -> None:
    async with studio(DIST) as port:
        pages = [parse(await raw(port, get(path))).body.decode() for path in ("/", "/docs")]
    named = re.findall(r'(?:src|href)="([^"]+)"', "".join(pages))
    assert named
    assert all(name.startswith("./assets/") or name in {"./", "openapi.json"} for name in named), named


async def test_the_page_without_a_studio_links_beside_itself(tmp_path: Path) -> None:
    async with studio(tmp_path) as port:
        page = parse(await raw(port, get("/"))).body.decode()
    assert 'href="openapi.json"' in page
    assert 'href="/' not in page
