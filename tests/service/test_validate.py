"""POST /validate[/instagram]: verdicts on library pictures, files and numbers; and copies whose real bytes pass."""

from collections.abc import Callable
from typing import Any

import pytest

from tests import pictures
from tests.service.rooms import IMAGES, Room, fetch
from tests.service.test_upload import nothing_is_left, problem

INSTAGRAM = f"{IMAGES}/validate/instagram"
ALL = f"{IMAGES}/validate"
PLATFORMS = {"instagram", "facebook", "linkedin", "threads", "x"}

CORPUS: dict[str, Callable[[], bytes]] = {
    "fits": lambda: pictures.jpeg(1080, 1080),
    "a PNG": lambda: pictures.png(1080, 1350),
    "a WebP": lambda: pictures.webp(1080, 1080),
    "transparent": lambda: pictures.png(800, 800, mode="RGBA"),
    "CMYK": pictures.cmyk_jpeg,
    "too tall": lambda: pictures.jpeg(600, 1200),
    "too wide": lambda: pictures.jpeg(1500, 300),
    "one pixel too tall": lambda: pictures.jpeg(799, 1000),
    "one pixel too wide": lambda: pictures.jpeg(1911, 1000),
    "the popular 1200x628": lambda: pictures.jpeg(1200, 628),
    "too small": lambda: pictures.jpeg(120, 90),
    "too small and too tall": lambda: pictures.jpeg(10, 200),
    "very large": lambda: pictures.jpeg(3000, 2400, quality=40),
    "lying on its side": lambda: pictures.camera_jpeg(6, 900, 600),
    "animated": pictures.animated_png,
    "heavy": lambda: pictures.noisy_jpeg(2600, 2600, 90),
}


async def verdict(room: Room, body: dict[str, Any]) -> dict[str, Any]:
    answer = await room.client.post(INSTAGRAM, json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


BORDERS: list[tuple[int, int, bool, bool]] = [
        (320, 320, True, True), (319, 400, False, False), (800, 1000, True, True), (799, 1000, True, False),
        (798, 1000, False, False), (1910, 1000, True, True), (1911, 1000, True, False), (1200, 628, True, False),
        (1080, 566, True, True), (1440, 1440, True, True),
    ]  # fmt: skip


async def test_the_border_cases(uploads: Room) -> None:
    for width, height, valid, as_is in BORDERS:
        found = await verdict(uploads, {"width": width, "height": height, "bytes": 100_000, "format": "jpeg"})
        assert (found["valid"], found["publishable_as_is"]) == (valid, as_is)
        assert (found["fix"] is None) == as_is


async def test_every_failed_check_says_what_where_and_how(uploads: Room) -> None:
    found = await verdict(uploads, {"width": 100, "height": 900, "bytes": 9_000_000, "format": "PNG "})
    failed = {check["code"]: check for check in found["checks"] if not check["ok"]}
    assert {"min_size", "ratio", "format", "bytes"} <= set(failed)
    for check in failed.values():
        assert all(check[part] for part in ("actual", "limit", "message", "fix")), check
    assert set(found["warnings"]) <= {check["message"] for check in failed.values()}
    assert found["fix"]["crop"]["url"] is None
    assert (found["fix"]["pad"]["width"], found["fix"]["pad"]["height"]) >= (320, 320)


async def test_a_file_is_judged_and_not_kept(uploads: Room) -> None:
    answer = await uploads.client.post(INSTAGRAM, files={"file": ("x", pictures.animated_webp(3, 400, 400))})
    found = answer.json()
    assert (found["valid"], found["publishable_as_is"]) == (True, False)
    assert "Only the first frame is published." in found["warnings"]
    turned = await uploads.client.post(INSTAGRAM, files={"file": ("x", pictures.camera_jpeg(6, 1000, 800))})
    assert turned.json()["publishable_as_is"] is True, "upright it is 800x1000"
    await nothing_is_left(uploads)


async def test_a_file_that_is_no_picture_is_a_problem(uploads: Room) -> None:
    for data, status, code in (
        (pictures.gif(), 415, "unsupported_media_type"),
        (pictures.jpeg()[:500], 422, "invalid_image"),
        (bytes(11 * 1024 * 1024), 413, "file_too_large"),
    ):
        problem(await uploads.client.post(INSTAGRAM, files={"file": ("x", data)}), status, code)


@pytest.mark.parametrize("name", CORPUS)
async def test_the_fix_of_any_picture_passes_when_it_is_fetched(uploads: Room, name: str) -> None:
    image = (await uploads.upload(CORPUS[name]())).json()
    found = await verdict(uploads, {"image_id": image["id"], "business_id": 1})
    assert found["publishable_as_is"] == image["instagram"]["publishable_as_is"]
    assert (found["fix"] is None) == found["publishable_as_is"]
    for copy in {copy["url"]: copy for copy in (found["fix"] or {}).values()}.values():
        fetched = fetch(copy["url"])
        assert fetched.status_code == 200, fetched.headers
        assert fetched.headers["content-type"] == "image/jpeg"
        again = await uploads.client.post(INSTAGRAM, files={"file": ("x", fetched.content)})
        assert again.json()["publishable_as_is"] is True, again.text
        assert all(check["ok"] for check in again.json()["checks"]), again.text
        assert pictures.opened(fetched.content).size == (copy["width"], copy["height"])
        assert copy["width"] <= 1440


async def test_all_platforms_are_asked_unless_some_are_named(uploads: Room) -> None:
    numbers = {"width": 2000, "height": 1000, "bytes": 6_000_000, "format": "jpeg"}
    found = (await uploads.client.post(ALL, json=numbers)).json()["verdicts"]
    assert {one["platform"] for one in found} == PLATFORMS
    assert {one["platform"] for one in found if one["publishable_as_is"]} == {"facebook", "threads"}
    named = (await uploads.client.post(ALL, json=numbers | {"platforms": ["x", "linkedin"]})).json()["verdicts"]
    assert [one["platform"] for one in named] == ["x", "linkedin"]
    form: dict[str, Any] = {"files": {"file": ("x", pictures.jpeg())}, "data": {"platforms": "threads, x"}}
    of_file = (await uploads.client.post(ALL, **form)).json()["verdicts"]
    assert [one["platform"] for one in of_file] == ["threads", "x"]


async def test_the_fix_for_every_platform_passes(uploads: Room) -> None:
    image = (await uploads.upload(pictures.webp(300, 2000))).json()
    answer = (await uploads.client.post(ALL, json={"image_id": image["id"]})).json()
    for one in answer["verdicts"]:
        for copy in (one["fix"] or {}).values():
            form: dict[str, Any] = {
                "files": {"file": ("x", fetch(copy["url"]).content)},
                "data": {"platforms": one["platform"]},
            }
            (again,) = (await uploads.client.post(ALL, **form)).json()["verdicts"]
            assert again["publishable_as_is"], again


NUMBERS = {"width": 1000, "height": 1000, "bytes": 1000, "format": "jpeg"}


WRONG_BODIES: list[tuple[Any, str, str | None]] = [
    ({}, "/width", "missing"),
    ({"width": 1, "height": 1, "bytes": 1}, "/format", "missing"),
    (NUMBERS | {"width": 0}, "/width", "too_small"),
    (NUMBERS | {"width": -5}, "/width", "too_small"),
    (NUMBERS | {"height": 10**30}, "/height", None),
    (NUMBERS | {"bytes": "many"}, "/bytes", None),
    (NUMBERS | {"bytes": 1.5}, "/bytes", None),
    (NUMBERS | {"bytes": None}, "/bytes", None),
    (NUMBERS | {"format": "a\0b"}, "/format", None),
    (NUMBERS | {"format": 7}, "/format", None),
    (NUMBERS | {"colour": 1}, "/colour", "unknown_field"),
    (NUMBERS | {"platforms": ["myspace"]}, "/platforms/0", "not_allowed"),
    (NUMBERS | {"platforms": []}, "/platforms", None),
    ({"image_id": "no id"}, "/image_id", None),
    ({"image_id": None}, "/image_id", None),
    ({"image_id": "01a20430-72f2-772e-830a-936de1305a46", "width": 5}, "/width", "unknown_field"),
    ([], "", None),
]


async def test_a_wrong_body_is_pointed_at(uploads: Room) -> None:
    for body, pointer, code in WRONG_BODIES:
        found = problem(await uploads.client.post(ALL, json=body), 422, "invalid_request")
        assert found["errors"][0]["pointer"].startswith(pointer)
        assert code is None or found["errors"][0]["code"] == code


async def test_one_platform_takes_no_list(uploads: Room) -> None:
    found = problem(await uploads.client.post(INSTAGRAM, json=NUMBERS | {"platforms": ["x"]}), 422, "invalid_request")
    assert found["errors"][0]["pointer"] == "/platforms"


UNREADABLE: list[tuple[bytes, str, int, str]] = [
    (b"{", "application/json", 400, "malformed_request"),
    (b"", "application/json", 400, "malformed_request"),
    (b"\xff", "application/json", 400, "malformed_request"),
    (b"[" * 50_000, "application/json", 400, "malformed_request"),
    (b'{"\\ud800": 1}', "application/json", 400, "malformed_request"),
    (b" " * 70_000, "application/json", 413, "body_too_large"),
    (b"<xml/>", "text/xml", 415, "unsupported_media_type"),
]


async def test_a_body_that_cannot_be_read_is_a_problem(uploads: Room) -> None:
    for content, kind, status, code in UNREADABLE:
        problem(await uploads.client.post(ALL, content=content, headers={"Content-Type": kind}), status, code)


async def test_a_picture_of_somebody_else_is_not_there(uploads: Room) -> None:
    image = (await uploads.upload(pictures.png(), business=1)).json()
    for body in ({"image_id": image["id"], "business_id": 2}, {"image_id": "01a20430-72f2-772e-830a-936de1305a46"}):
        problem(await uploads.client.post(INSTAGRAM, json=body), 404, "not_found")
