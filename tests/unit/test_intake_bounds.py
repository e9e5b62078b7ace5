"""What a picture may cost is known before it is decoded, however few bytes the cost needs."""

import io
import random
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image, ImageFile

from shared.domain.errors import InvalidImage
from tests import crafted, pictures
from upload_service.decoder.inspect import inspect
from upload_service.formats.container import MOST_PIECES
from upload_service.formats.jpeg import MAX_SCANS

LIMIT = 25_000_000


@pytest.mark.parametrize(
    ("make", "detail"),
    [
        (lambda: crafted.jpeg_of_scans(MAX_SCANS), f"more than {MAX_SCANS} scans"),
        (lambda: crafted.jpeg_of_scans(800_000), f"more than {MAX_SCANS} scans"),
        (lambda: pictures.jpeg()[:20] + 500_000 * b"\xff\xfe\0\2" + pictures.jpeg()[20:], "pieces"),
        (lambda: crafted.png_of_rows(pieces=MOST_PIECES), "pieces"),
        (lambda: crafted.webp_of_pieces(MOST_PIECES), "pieces"),
        (lambda: crafted.webp_with_frame_chunks(*(MOST_PIECES * [(b"abcd", b"")])), "pieces"),
    ],
)
def test_a_picture_of_too_many_pieces_is_refused(make: Callable[[], bytes], detail: str) -> None:
    with pytest.raises(InvalidImage, match=detail):
        inspect(make(), LIMIT)


def test_as_many_scans_and_pieces_as_honest_encoders_write_are_taken() -> None:
    assert inspect(crafted.jpeg_of_scans(MAX_SCANS - 20), LIMIT).width == 640
    assert inspect(crafted.png_of_rows(pieces=10_000), LIMIT).width == 64
    assert inspect(crafted.jpeg_with_restarts(), LIMIT).width == 640


@pytest.mark.parametrize(
    ("make", "detail"),
    [
        (lambda: crafted.jpeg_with_filler(bytes(200_000), pictures.jpeg(64, 64)), "more bytes than its pixels"),
        (lambda: crafted.webp_with_filler(bytes(200_000), pictures.webp(64, 64)), "more bytes than its pixels"),
        (lambda: crafted.webp_with_frame_chunks((b"ALPH", bytes(2_000_000))), "more bytes than its pixels"),
        (lambda: jpeg_of_tables(0xDB, b"\x00" + bytes(range(1, 65)), 100), "more tables"),
        (lambda: jpeg_of_tables(0xC4, b"\x03" + b"\x01" + bytes(15) + b"\x05", 200), "more tables"),
    ],
)
def test_a_picture_with_room_for_another_is_refused(make: Callable[[], bytes], detail: str) -> None:
    with pytest.raises(InvalidImage, match=detail):
        inspect(make(), LIMIT)


def jpeg_of_tables(kind: int, table: bytes, count: int) -> bytes:
    """With tables that nothing uses."""
    data = pictures.jpeg()
    for _ in range(count):
        data = crafted.jpeg_with(kind, table, data)
    return data


@pytest.mark.parametrize("sides", [(1, 1), (7, 9), (40, 30), (200, 150)])
def test_noise_at_the_best_quality_is_taken_whatever_its_size(
    sides: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ImageFile, "MAXBLOCK", 2**20)  # Pillow writes no progressive noise into less.
    for mode, bytes_a_pixel in (("RGB", 3), ("L", 1), ("CMYK", 4)):
        noise = Image.frombytes(mode, sides, random.Random(1).randbytes(sides[0] * sides[1] * bytes_a_pixel))
        for progressive in (False, True):
            data = saved(noise, "JPEG", quality=100, subsampling=0, progressive=progressive)
            assert inspect(data, LIMIT).width == sides[0]
    noise = Image.frombytes("RGBA", sides, random.Random(1).randbytes(4 * sides[0] * sides[1]))
    for lossless in (False, True):
        assert inspect(saved(noise, "WEBP", quality=100, lossless=lossless), LIMIT).width == sides[0]


def saved(picture: Image.Image, form: str, **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


@pytest.mark.parametrize("marker", [0xC3, 0xC5, 0xC9, 0xCA, 0xCB])
def test_a_jpeg_that_no_browser_shows_is_refused(marker: int) -> None:
    with pytest.raises(InvalidImage, match=rf"SOF{marker - 0xC0}\) that browsers do not show"):
        inspect(crafted.jpeg_of_kind(marker), LIMIT)


def test_what_is_behind_the_pixels_of_a_png_is_never_inflated() -> None:
    data = crafted.png_of_rows(bytes(100_000_000))
    tracemalloc.start()
    accepted = inspect(data, LIMIT)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 10_000_000
    assert accepted.bytes < 2000


def test_a_colour_profile_is_inflated_to_a_bound_only() -> None:
    data = crafted.png_with_profile(bytes(200_000_000))
    tracemalloc.start()
    inspect(data, LIMIT)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 20_000_000
