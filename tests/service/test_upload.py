"""POST /upload: what is taken, what is answered, what is refused and leaves nothing."""

import hashlib
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from tests import pictures
from tests.sandbox_server import SandboxServer
from tests.service.rooms import IMAGES, Room, fetch, upload_room

MIB = 1024 * 1024
ROUTE = f"{IMAGES}/upload?business_id=1"


def multipart(content: bytes, *, name: bytes = b"file", filename: bytes = b"x.jpg", end: bytes = b"--B--\r\n") -> bytes:
    disposition = b'Content-Disposition: form-data; name="' + name + b'"; filename="' + filename + b'"'
    return b"--B\r\n" + disposition + b"\r\nContent-Type: image/png\r\n\r\n" + content + b"\r\n" + end


def plain(content: bytes) -> dict[str, Any]:
    return {"content": content, "headers": {"Content-Type": "multipart/form-data; boundary=B"}}


def problem(answer: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    """The contract's error body."""
    body: dict[str, Any] = answer.json()
    assert (answer.status_code, body["code"]) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert {"type", "title", "status", "detail", "instance", "retryable", "request_id"} <= set(body)
    return body


async def nothing_is_left(room: Room) -> None:
    assert await room.count("images") == await room.count("uploads") == 0
    assert room.sandbox.ledger("cloudinary.upload") == []


async def test_a_picture_is_stored_without_its_metadata_and_answered(uploads: Room) -> None:
    data = pictures.camera_jpeg(6, 800, 600)
    answer = await uploads.upload(data, "Ferien ☀.jpg", 7, alt_text="  A beach. ")
    image = answer.json()
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"http://room{IMAGES}/{image['id']}"
    assert "x-deduplicated" not in answer.headers
    assert (image["business_id"], image["source"], image["format"]) == (7, "uploaded", "jpeg")
    assert (image["filename"], image["alt_text"]) == ("Ferien ☀.jpg", "A beach.")
    assert (image["width"], image["height"]) == (600, 800)
    assert image["sha256"] == hashlib.sha256(data).hexdigest()
    stored = fetch(image["url"]).content
    assert len(stored) == image["bytes"]
    assert pictures.GPS_NOTE not in stored
    assert pictures.opened(stored).getexif()[0x0112] == 6
    assert image["url"].endswith(f"/darkroom/7/{image['id']}.jpg")
    assert await uploads.stored() == {f"darkroom/7/{image['id']}"}


FORMATS: list[tuple[bytes, str]] = [
    (pictures.png(), "png"),
    (pictures.webp(), "webp"),
    (pictures.mpo(), "jpeg"),
    (pictures.animated_png(), "png"),
]


async def test_the_format_is_decided_by_bytes(uploads: Room) -> None:
    for data, form in FORMATS:
        answer = await uploads.client.post(ROUTE, **plain(multipart(data, filename=b"really.gif")))
        assert (answer.status_code, answer.json()["format"]) == (201, form), answer.text


NAMES: list[tuple[bytes, str]] = [
    (b"", "image.png"),
    ("写真.png".encode(), "写真.png"),
    (b"../../etc/passwd", ".._.._etc_passwd"),
    (b"100%.png", "100%.png"),
    (b"say %22hi%22.png", 'say "hi".png'),
    ("naïve.png".encode("latin-1"), "naïve.png"),
]


async def test_the_files_own_name_is_kept(uploads: Room) -> None:
    for number, (filename, shown) in enumerate(NAMES):
        data = pictures.png(40 + number, 30)
        answer = await uploads.client.post(ROUTE, **plain(multipart(data, filename=filename)))
        assert answer.json()["filename"] == shown


async def test_an_alt_text_of_several_lines_is_kept_whatever_ends_them(uploads: Room) -> None:
    """As a form in a browser sends it."""
    answer = await uploads.upload(pictures.png(), alt_text="one\r\ntwo")
    assert (answer.status_code, answer.json()["alt_text"]) == (201, "one\ntwo")


async def test_a_name_that_was_given_wins(uploads: Room) -> None:
    answer = await uploads.upload(pictures.png(), "own.png", filename="given.png")
    assert answer.json()["filename"] == "given.png"


async def test_exactly_ten_mebibytes_are_taken_and_one_byte_more_is_not(uploads: Room) -> None:
    data = pictures.jpeg()
    full = data + bytes(10 * MIB - len(data))  # what follows the picture is cut away
    assert (await uploads.upload(full)).status_code == 201
    body = problem(await uploads.upload(full + b"\0"), 413, "file_too_large")
    assert str(10 * MIB) in body["detail"]
    assert await uploads.count("images") == 1


@pytest.mark.parametrize("length", [None, 100 * MIB])
async def test_a_file_too_large_is_refused_without_reading_on(uploads: Room, length: int | None) -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        yield multipart(b"", end=b"")[:-2]
        while read < 50 * MIB:
            read += MIB
            yield b"\xff" * MIB

    headers = {"Content-Type": "multipart/form-data; boundary=B"} | ({"Content-Length": str(length)} if length else {})
    answer = await uploads.client.post(ROUTE, content=endless(), headers=headers)
    problem(answer, 413, "file_too_large")
    assert read <= (0 if length else 11 * MIB)
    await nothing_is_left(uploads)


NO_PICTURES: list[tuple[bytes, int, str, str]] = [
    (b"", 422, "invalid_image", "empty"),
    (b"hello", 415, "unsupported_media_type", "JPEG, PNG and WebP"),
    (pictures.gif(), 415, "unsupported_media_type", "a GIF"),
    (pictures.svg(), 415, "unsupported_media_type", "an SVG"),
    (pictures.jpeg()[:9000], 422, "invalid_image", "cut off"),
    (pictures.flipped(pictures.png(), 200), 422, "invalid_image", "checksum"),
    (pictures.png() + pictures.zipped(), 422, "invalid_image", "ZIP archive"),
    (pictures.png_bomb(), 422, "too_many_pixels", "900,000,000 pixels"),
]


async def test_what_is_no_picture_gets_a_problem_that_names_the_fault(uploads: Room) -> None:
    for data, status, code, says in NO_PICTURES:
        body = problem(await uploads.upload(data), status, code)
        assert says in body["detail"]
        await nothing_is_left(uploads)


WRONG_FORMS: list[tuple[bytes, int, str]] = [
    (multipart(pictures.png(), name=b"picture"), 422, "invalid_request"),
    (multipart(b"a fox", name=b"alt_text"), 422, "invalid_request"),
    (multipart(pictures.png(), end=b"") + multipart(pictures.png()), 422, "invalid_request"),
    (multipart(b"\xff\xfe", name=b"alt_text", end=b"") + multipart(pictures.png()), 422, "invalid_request"),
    (multipart(b"a\0b", name=b"alt_text", end=b"") + multipart(pictures.png()), 422, "invalid_request"),
    (multipart(b"a\x1bb", name=b"alt_text", end=b"") + multipart(pictures.png()), 422, "invalid_request"),
    (multipart("\u200b".encode(), name=b"alt_text", end=b"") + multipart(pictures.png()), 422, "invalid_request"),
    (multipart(b"x" * 1001, name=b"alt_text", end=b"") + multipart(pictures.png()), 422, "invalid_request"),
    (multipart(b"x" * 70_000, name=b"alt_text", end=b"") + multipart(pictures.png()), 413, "body_too_large"),
    (multipart(b"x", name=b"alt_text", end=b"") * 2 + multipart(pictures.png()), 422, "invalid_request"),
    (multipart(b"x", name=b"alt_text", end=b"") * 20 + multipart(pictures.png()), 422, "invalid_request"),
    (b"--B\r\n\r\nno headers\r\n--B--\r\n", 400, "malformed_request"),
    (b"no multipart at all", 400, "malformed_request"),
    (b"", 400, "malformed_request"),
    (multipart(pictures.png(), end=b""), 400, "malformed_request"),
    (b"--B\r\n" + b"X-Header: y\r\n" * 200 + b"\r\nx\r\n--B--\r\n", 400, "malformed_request"),
]


async def test_a_wrong_form_gets_a_problem(uploads: Room) -> None:
    for content, status, code in WRONG_FORMS:
        problem(await uploads.client.post(ROUTE, **plain(content)), status, code)
        await nothing_is_left(uploads)


async def test_wrong_fields_are_pointed_at(uploads: Room) -> None:
    body = problem(await uploads.upload(pictures.png(), colour="red"), 422, "invalid_request")
    assert (body["errors"][0]["pointer"], body["errors"][0]["code"]) == ("/colour", "unknown_field")
    body = problem(await uploads.upload(pictures.png(), alt_text="x" * 1001), 422, "invalid_request")
    assert (body["errors"][0]["pointer"], body["errors"][0]["code"]) == ("/alt_text", "too_long")
    body = problem(await uploads.client.post(ROUTE, files={"alt_text": (None, b"x")}), 422, "invalid_request")
    assert (body["errors"][0]["pointer"], body["errors"][0]["code"]) == ("/file", "missing")


OTHER_TYPES: list[str] = ["application/json", "image/png", "multipart/mixed; boundary=B", ""]


async def test_another_content_type_is_not_taken(uploads: Room) -> None:
    for kind in OTHER_TYPES:
        answer = await uploads.client.post(ROUTE, content=multipart(pictures.png()), headers={"Content-Type": kind})
        problem(answer, 415, "unsupported_media_type")


BOUNDARIES: list[str] = ["", "; boundary=", "; boundary=" + "B" * 300]


async def test_a_form_without_a_usable_boundary_is_malformed(uploads: Room) -> None:
    for boundary in BOUNDARIES:
        headers = {"Content-Type": f"multipart/form-data{boundary}"}
        answer = await uploads.client.post(ROUTE, content=multipart(pictures.png()), headers=headers)
        problem(answer, 400, "malformed_request")


WRONG_BUSINESSES = [
    "", "business_id=", "business_id=0", "business_id=-1", "business_id=x", "business_id=1.5",
    "business_id=1&more=2", "business_id=99999999999999999999", "business_id=1%00",
]  # fmt: skip


async def test_a_wrong_business_is_refused(uploads: Room) -> None:
    for query in WRONG_BUSINESSES:
        answer = await uploads.client.post(f"{IMAGES}/upload?{query}", files={"file": ("x.png", pictures.png())})
        body = problem(answer, 422, "invalid_request")
        assert body["errors"][0]["pointer"].startswith("query/")


async def test_limits_are_settings(database: str, sandbox: SandboxServer) -> None:
    async with upload_room(database, sandbox, max_file=2000, max_pixels=10_000) as small:
        problem(await small.upload(pictures.jpeg()), 413, "file_too_large")
        problem(await small.upload(pictures.png(200, 60, compress_level=9)), 422, "too_many_pixels")


async def test_it_says_when_it_is_ready(uploads: Room) -> None:
    answer = await uploads.client.get("/readyz")
    assert (answer.status_code, answer.json()["parts"]) == (200, {"postgres": "ok", "store": "ok"})


async def test_the_document_describes_the_form(uploads: Room) -> None:
    document = (await uploads.client.get("/openapi.json")).json()
    body = document["paths"][f"{IMAGES}/upload"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert set(body["properties"]) == {"file", "alt_text", "filename"}
