"""What the intake takes, what it keeps of it, and how it names the fault of what it does not take. Real files."""

import io
from collections.abc import Callable

import pytest
from PIL import Image, ImageChops, ImageOps

from shared.domain.errors import InvalidImage, Problem, TooManyPixels, UnsupportedMediaType
from tests import pictures
from upload_service.decoder.inspect import Accepted, inspect
from upload_service.formats.container import joined

LIMIT = 25_000_000

Make = Callable[[], bytes]

TAKEN: dict[str, tuple[Make, str, tuple[int, int], int]] = {
    "a plain JPEG": (pictures.jpeg, "jpeg", (640, 480), 1),
    "a progressive JPEG": (pictures.progressive_jpeg, "jpeg", (640, 480), 1),
    "a grey JPEG": (pictures.grey_jpeg, "jpeg", (640, 480), 1),
    "a CMYK JPEG": (pictures.cmyk_jpeg, "jpeg", (640, 480), 1),
    "a phone's JPEG, lying on its side": (pictures.camera_jpeg, "jpeg", (600, 800), 1),
    "a multi-picture JPEG": (pictures.mpo, "jpeg", (640, 480), 1),
    "a plain PNG": (pictures.png, "png", (640, 480), 1),
    "a PNG with alpha": (lambda: pictures.png(mode="RGBA"), "png", (640, 480), 1),
    "a PNG with a palette": (lambda: pictures.png(mode="P"), "png", (640, 480), 1),
    "a turned PNG": (pictures.camera_png, "png", (480, 640), 1),
    "an animated PNG": (pictures.animated_png, "png", (200, 150), 3),
    "a lossy WebP": (pictures.webp, "webp", (640, 480), 1),
    "a lossless WebP": (lambda: pictures.webp(lossless=True), "webp", (640, 480), 1),
    "a WebP with alpha": (lambda: pictures.webp(mode="RGBA"), "webp", (640, 480), 1),
    "a turned WebP": (pictures.camera_webp, "webp", (480, 640), 1),
    "an animated WebP": (pictures.animated_webp, "webp", (200, 150), 3),
    "one pixel": (lambda: pictures.png(1, 1), "png", (1, 1), 1),
}

REFUSED: dict[str, tuple[Make, type[Problem], str]] = {
    "nothing": (lambda: b"", InvalidImage, "empty"),
    "a GIF": (pictures.gif, UnsupportedMediaType, "a GIF"),
    "an SVG": (pictures.svg, UnsupportedMediaType, "an SVG"),
    "a ZIP archive": (pictures.zipped, UnsupportedMediaType, "a ZIP archive"),
    "text": (lambda: b"hello", UnsupportedMediaType, "something else"),
    "only the first bytes of a JPEG": (lambda: b"\xff\xd8\xff", InvalidImage, "cut off"),
    "only the signature of a PNG": (lambda: b"\x89PNG\r\n\x1a\n", InvalidImage, "cut off"),
    "only the head of a WebP": (lambda: b"RIFF\x04\0\0\0WEBP", InvalidImage, "no pixels"),
    "a JPEG with an archive behind it": (lambda: pictures.jpeg() + pictures.zipped(), InvalidImage, "ZIP archive"),
    "a PNG with a program behind it": (lambda: pictures.png() + b"\n<?php evil();", InvalidImage, "followed by"),
    "a WebP with a PDF behind it": (lambda: pictures.webp() + b"%PDF-1.7", InvalidImage, "a PDF"),
    "a multi-picture JPEG with an archive": (lambda: pictures.mpo() + pictures.zipped(), InvalidImage, "ZIP archive"),
    "a PNG bomb": (pictures.png_bomb, TooManyPixels, "900,000,000 pixels"),
    "a PNG of impossible size": (lambda: pictures.png_bomb(2**31, 2**31), TooManyPixels, "pixels"),
    "a PNG of no size": (lambda: pictures.png_bomb(0, 5), InvalidImage, "header"),
    "an APNG of too many frames": (pictures.apng_bomb, TooManyPixels, "5000 frames"),
    "an animation whose frames are too many pixels": (
        lambda: pictures.png_bomb_of_frames(20, 1200, 1200), TooManyPixels, "28,800,000 pixels over 20 frames",
    ),
    "an APNG with fewer frames than it says": (
        lambda: pictures.png_bomb_of_frames(3, 8, 8, announced=2), InvalidImage, "announces 2 frames and has 3",
    ),
    "a JPEG whose header claims too much": (
        lambda: pictures.jpeg_claiming(5000, 4000), InvalidImage, "fewer pixels than its header says",
    ),
    "a WebP whose header claims gigapixels": (lambda: pictures.webp_claiming(16_000, 16_000), TooManyPixels, "pixels"),
    "a WebP whose header claims less": (lambda: pictures.webp_claiming(32, 32), InvalidImage, "more than its header"),
    "a WebP whose header claims more": (lambda: pictures.webp_claiming(100, 100), InvalidImage, "cannot be decoded"),
    "a PNG with a wrong checksum": (
        lambda: pictures.flipped(pictures.png(), 100), InvalidImage, "the checksum of its IDAT chunk is wrong",
    ),
    "a PNG with too few pixels": (
        lambda: pictures.png_of((b"IHDR", pictures.ihdr(64, 64)), (b"IDAT", b"x\x9c\x03\0\0\0\0\x01"), (b"IEND", b"")),
        InvalidImage, "cannot be decoded",
    ),
    "a PNG without pixels": (
        lambda: pictures.png_of((b"IHDR", pictures.ihdr(64, 64)), (b"IEND", b"")), InvalidImage, "cannot be decoded",
    ),
}  # fmt: skip


def cleaned(data: bytes) -> tuple[Accepted, bytes]:
    accepted = inspect(data, LIMIT)
    return accepted, joined(data, accepted.parts)


@pytest.mark.parametrize("name", TAKEN)
def test_it_takes(name: str) -> None:
    make, form, sides, frames = TAKEN[name]
    accepted, kept = cleaned(make())
    assert (accepted.format, accepted.width, accepted.height, accepted.frames) == (form, *sides, frames)
    assert accepted.bytes == len(kept)
    again, _ = cleaned(kept)
    assert again.bytes == accepted.bytes, "what was cleaned has nothing more to take out"


@pytest.mark.parametrize("name", REFUSED)
def test_it_refuses_and_names_the_fault_of(name: str) -> None:
    make, kind, fault = REFUSED[name]
    with pytest.raises(kind, match=fault) as refused:
        inspect(make(), LIMIT)
    assert type(refused.value) is kind


@pytest.mark.parametrize("name", [name for name in TAKEN if "pixel" not in name])
@pytest.mark.parametrize("part", [0.2, 0.5, 0.9, 0.999])
def test_it_refuses_a_file_that_was_cut(name: str, part: float) -> None:
    data = TAKEN[name][0]()
    if name == "a multi-picture JPEG":
        data = data[: data.index(b"\xff\xd9") + 2]
    with pytest.raises(InvalidImage, match="cut off"):
        inspect(data[: int(len(data) * part)], LIMIT)


@pytest.mark.parametrize("make", [pictures.camera_jpeg, pictures.camera_png, pictures.camera_webp])
def test_places_notes_and_comments_go_and_the_colour_profile_stays(make: Callable[..., bytes]) -> None:
    data = make(6)
    _, kept = cleaned(data)
    before, after = pictures.opened(data), pictures.opened(kept)
    for canary in (pictures.GPS_NOTE, b"Canary Cameras", b"xmpmeta", b"GPS"):
        assert canary not in kept
    assert dict(after.getexif()) == {0x0112: 6}
    assert after.info["icc_profile"] == before.info["icc_profile"] == pictures.profile()


@pytest.mark.parametrize("make", [pictures.camera_jpeg, pictures.camera_png, pictures.camera_webp])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_turn_is_honoured_and_no_pixel_changes(make: Callable[..., bytes], orientation: int) -> None:
    data = make(orientation)
    accepted, kept = cleaned(data)
    before, after = ImageOps.exif_transpose(pictures.opened(data)), ImageOps.exif_transpose(pictures.opened(kept))
    assert (accepted.width, accepted.height) == before.size == after.size
    assert ImageChops.difference(before.convert("RGB"), after.convert("RGB")).getbbox() is None


def test_a_picture_without_metadata_is_kept_byte_for_byte() -> None:
    for data in (pictures.jpeg(), pictures.png(), pictures.webp(), pictures.animated_webp(), pictures.animated_png()):
        assert cleaned(data)[1] == data


def test_of_a_multi_picture_file_the_first_stays() -> None:
    _, kept = cleaned(pictures.mpo())
    assert pictures.opened(kept).format == "JPEG"
    assert kept.count(b"\xff\xd8\xff") == 1
    assert b"MPF\x00" not in kept


def test_what_a_phone_appends_is_cut_away() -> None:
    film = b"\0\0\0\x18ftypmp42" + bytes(5000)
    for data in (pictures.jpeg(), pictures.png(), pictures.webp()):
        assert cleaned(data + film)[1] == data


def test_a_thumbnail_in_the_jpeg_header_goes() -> None:
    data = pictures.jpeg()
    thumbnail = bytes(range(48))
    jfif = b"\xff\xe0" + (16 + len(thumbnail)).to_bytes(2, "big") + data[6:18] + b"\x04\x04" + thumbnail
    assert cleaned(data[:2] + jfif + data[20:])[1] == data


@pytest.mark.parametrize(
    ("make", "transparent", "srgb"),
    [
        (pictures.jpeg, False, True),
        (pictures.cmyk_jpeg, False, False),
        (lambda: pictures.png(mode="RGBA"), True, True),
        (lambda: pictures.jpeg(icc_profile=pictures.profile()), False, True),
        (lambda: pictures.jpeg(icc_profile=pictures.profile(wide=True)), False, False),
    ],
)
def test_it_says_what_a_platform_will_ask(make: Make, transparent: bool, srgb: bool) -> None:
    accepted = inspect(make(), LIMIT)
    assert (accepted.transparent, accepted.srgb) == (transparent, srgb)


def test_exactly_the_limit_is_taken_and_one_row_more_is_not() -> None:
    assert inspect(pictures.png(100, 50), 5000).width == 100
    with pytest.raises(TooManyPixels):
        inspect(pictures.png(100, 51), 5000)


def test_large_flat_pictures_are_not_taken_for_liars() -> None:
    for mode, options in (("RGB", {"optimize": True}), ("L", {"progressive": True}), ("RGB", {"subsampling": 0})):
        for size in ((1, 1), (3000, 17), (1500, 1500), (7, 900)):
            file = io.BytesIO()
            Image.new(mode, size).save(file, "JPEG", quality=1, **options)
            assert (inspect(file.getvalue(), LIMIT).width, inspect(file.getvalue(), LIMIT).height) == size
