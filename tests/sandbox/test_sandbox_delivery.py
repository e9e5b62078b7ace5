"""Delivery URLs: the exact size, format and headers of what comes back, and what is refused."""

from __future__ import annotations

import io
import re
from typing import Any

import cloudinary.utils
import httpx2
import pytest
from PIL import Image

from deploy.sandbox.stores.transformations import TransformationError, parse
from tests.sandbox.conftest import Store
from tests.sandbox.pictures import image_bytes, opened
from tests.sandbox_server import SandboxServer


@pytest.fixture
def wide(store: Store) -> str:
    """1000 wide, 600 high."""
    store.upload(image_bytes(1000, 600), public_id="pictures/wide")
    return "pictures/wide"


def _get(web: httpx2.Client, steps: str, name: str, **headers: str) -> httpx2.Response:
    answer = web.get(f"/sandbox/image/upload/{steps}/v1/{name}", headers=headers)
    assert answer.status_code == 200, answer.headers.get("x-cld-error")
    return answer


SIZES = [
    ("w_500", (500, 300)),
    ("h_300", (500, 300)),
    ("c_scale,w_500,h_500", (500, 500)),
    ("c_scale,w_2000", (2000, 1200)),
    ("c_fit,w_500,h_500", (500, 300)),
    ("c_fit,w_2000,h_2000", (2000, 1200)),
    ("c_limit,w_500", (500, 300)),
    ("c_limit,w_2000,h_2000", (1000, 600)),
    ("c_fill,w_320,h_320", (320, 320)),
    ("c_fill,g_auto,h_320,w_320", (320, 320)),
    ("c_fill,w_1200,h_1200", (1200, 1200)),
    ("c_lfill,w_320,h_320", (320, 320)),
    ("c_lfill,w_1200,h_320", (1000, 320)),
    ("c_lfill,w_2000,h_2000", (1000, 600)),
    ("c_pad,w_320,h_320", (320, 320)),
    ("c_pad,w_1500,h_1500", (1500, 1500)),
    ("c_lpad,w_1500,h_1500", (1500, 1500)),
    ("c_crop,w_100,h_50", (100, 50)),
    ("c_crop,w_5000,h_50", (1000, 50)),
    ("ar_4:5,c_fill,w_1080", (1080, 1350)),
    ("ar_1:1,c_fill,g_auto,w_1080", (1080, 1080)),
    ("ar_1.91:1,c_fill,w_1080", (1080, 565)),
    ("ar_4:5,c_fill", (480, 600)),
    ("ar_4:5,c_crop", (480, 600)),
    ("ar_1:1,c_pad", (1000, 1000)),
    ("ar_4:5,b_blurred:400:15,c_pad,w_1080", (1080, 1350)),
    ("c_limit,w_500/c_fill,h_100,w_100/f_auto,q_auto", (100, 100)),
    ("c_limit,w_1440/cs_srgb,f_jpg,fl_progressive.force_strip,q_90", (1000, 600)),
]


@pytest.mark.parametrize(("steps", "size"), SIZES)
def test_a_transformation_gives_exactly_its_size(
    web: httpx2.Client, wide: str, steps: str, size: tuple[int, int]
) -> None:
    assert opened(_get(web, steps, f"{wide}.jpg").content).size == size


def test_the_urls_the_sdk_builds_are_understood(web: httpx2.Client, sandbox: SandboxServer, wide: str) -> None:
    transformation = [
        {"width": 320, "height": 320, "crop": "fill", "gravity": "auto"},
        {"fetch_format": "auto", "quality": "auto"},
    ]
    url, _ = cloudinary.utils.cloudinary_url(wide, cloud_name="sandbox", transformation=transformation)
    path = url.split("/sandbox/", 1)[1]
    assert opened(web.get(f"/sandbox/{path}").content).size == (320, 320)


@pytest.mark.parametrize(
    ("name", "steps", "accept", "expected"),
    [
        ("wide.jpg", "w_50", "", "JPEG"),
        ("wide.png", "w_50", "", "PNG"),
        ("wide.webp", "w_50", "", "WEBP"),
        ("wide", "w_50", "", "JPEG"),
        ("wide.jpg", "f_png,w_50", "", "PNG"),
        ("wide.jpg", "f_auto,w_50", "image/webp,*/*", "WEBP"),
        ("wide.png", "f_auto,w_50", "*/*", "JPEG"),
        ("wide.png", "w_50/f_auto", "image/webp", "WEBP"),
    ],
)
def test_the_format_follows_the_step_then_the_extension_then_the_original(
    web: httpx2.Client, wide: str, name: str, steps: str, accept: str, expected: str
) -> None:
    assert wide.endswith("wide")
    answer = _get(web, steps, f"pictures/{name}", accept=accept)
    assert opened(answer.content).format == expected
    assert ("accept" in answer.headers.get("vary", "").lower()) == ("f_auto" in steps)


def test_transparency_is_kept_where_the_format_can_and_white_where_not(web: httpx2.Client, store: Store) -> None:
    clear = Image.new("RGBA", (40, 40), (0, 0, 0, 0))
    out = io.BytesIO()
    clear.save(out, "PNG")
    store.upload(out.getvalue(), public_id="clear")
    assert opened(_get(web, "f_auto,w_20", "clear.jpg", accept="*/*").content).format == "PNG"
    assert opened(_get(web, "w_20", "clear.webp").content).mode == "RGBA"
    assert opened(_get(web, "w_20", "clear.jpg").content).getpixel((5, 5)) == (255, 255, 255)


def test_padding_has_the_colour_asked_for_and_the_picture_in_the_middle(web: httpx2.Client, wide: str) -> None:
    padded = opened(_get(web, "b_rgb:00ff00,c_pad,h_1000,w_1000", f"{wide}.png").content).convert("RGB")
    assert padded.getpixel((5, 5)) == (0, 255, 0)
    assert _reddish(padded.getpixel((100, 500)))
    blurred = opened(_get(web, "ar_4:5,b_blurred:400:15,c_pad,w_400", f"{wide}.png").content).convert("RGB")
    assert _reddish(blurred.getpixel((20, 10))), "the bars show the picture itself"
    assert opened(_get(web, "c_pad,h_100,w_100", f"{wide}.png").content).convert("RGB").getpixel((1, 1)) == (255,) * 3


def test_a_phones_portrait_is_turned_upright_and_loses_its_exif(web: httpx2.Client, store: Store) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "a camera"
    store.upload(image_bytes(800, 600, exif=exif), public_id="phone")
    upright = opened(_get(web, "c_limit,w_300", "phone.jpg").content)
    assert upright.size == (300, 400)
    assert not dict(upright.getexif())
    assert _reddish(upright.getpixel((150, 20)))


def test_cmyk_becomes_rgb(web: httpx2.Client, store: Store) -> None:
    store.upload(image_bytes(80, 60, mode="CMYK"), public_id="print")
    assert opened(_get(web, "cs_srgb,w_40", "print.jpg").content).mode == "RGB"


def test_automatic_gravity_finds_the_lively_side(web: httpx2.Client, store: Store) -> None:
    image = Image.new("RGB", (900, 300), "white")
    image.paste(Image.effect_noise((200, 300), 120).convert("RGB"), (680, 0))
    out = io.BytesIO()
    image.save(out, "PNG")
    store.upload(out.getvalue(), public_id="lively")
    found = opened(_get(web, "c_fill,g_auto,h_300,w_300", "lively.png").content)
    centre = opened(_get(web, "c_fill,h_300,w_300", "lively.png").content)
    assert len(found.getcolors(100_000) or []) > 10
    assert centre.getcolors(2) == [(90_000, (255, 255, 255))]


def test_headers_let_browsers_keep_it_and_ask_again_cheaply(web: httpx2.Client, wide: str) -> None:
    answer = _get(web, "w_50", f"{wide}.jpg")
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-type"] == "image/jpeg"
    same = web.get(answer.request.url.path, headers={"if-none-match": answer.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")
    assert web.head(answer.request.url.path).headers["content-length"] == str(len(answer.content))


UNKNOWN = [
    ("w_0", "Invalid width"),
    ("w_abc", "Invalid width"),
    ("c_magic,w_10", "Invalid crop mode magic"),
    ("e_sepia", "Invalid transformation component - e_sepia"),
    ("t_named", "Invalid transformation component"),
    ("c_fill", "needs a width"),
    ("c_limit,g_auto,w_10", "Automatic gravity"),
    ("b_blurred:x,c_pad,w_10", "Invalid color"),
    ("q_0", "Invalid quality"),
    ("q_auto:superb", "Invalid quality"),
    ("f_bmp", "Invalid extension"),
    ("ar_4:0", "Invalid aspect ratio"),
    ("fl_layer_apply", "Invalid flag"),
    ("w_100000", "Invalid width"),
]


@pytest.mark.parametrize(("steps", "message"), UNKNOWN)
def test_an_unknown_transformation_is_a_400_that_says_so(
    web: httpx2.Client, wide: str, steps: str, message: str
) -> None:
    answer = web.get(f"/sandbox/image/upload/{steps}/v1/{wide}.jpg")
    assert answer.status_code == 400
    assert message in answer.headers["x-cld-error"]
    with pytest.raises(TransformationError, match=re.escape(message)):
        parse(steps)


def test_what_is_not_there_is_a_404_that_says_so(web: httpx2.Client, wide: str) -> None:
    for path in ("v1/pictures/other.jpg", "w_10/v1/pictures/other.jpg", "pictures", "v1"):
        answer = web.get(f"/sandbox/image/upload/{path}")
        assert answer.status_code == 404
        assert "Resource not found" in answer.headers["x-cld-error"]
    assert web.get(f"/elsewhere/image/upload/v1/{wide}.jpg").status_code == 401


@pytest.mark.parametrize("public_id", ["w_100/folder", "v12/v13", "a.b.c", "c_x"])
def test_ids_that_look_like_transformations_are_found(
    web: httpx2.Client, store: Store, public_id: str, sandbox: SandboxServer
) -> None:
    stored = store.upload(image_bytes(40, 20), public_id=public_id)
    assert web.get(stored["secure_url"]).status_code == 200
    assert opened(_get(web, "w_20", f"{public_id}.jpg").content).size == (20, 10)
    assert sandbox.ledger("cloudinary.delivery")[-1]["public_id"] == public_id


def test_a_replaced_picture_is_not_served_from_memory(web: httpx2.Client, store: Store) -> None:
    store.upload(image_bytes(40, 40), public_id="changing")
    before: Any = _get(web, "w_20", "changing.jpg")
    store.upload(image_bytes(80, 20), public_id="changing")
    assert opened(before.content).size == (20, 20)
    assert opened(_get(web, "w_20", "changing.jpg").content).size == (20, 5)


def _reddish(pixel: Any) -> bool:
    red, _, blue = pixel[:3]
    return bool(red > 150 > blue)
