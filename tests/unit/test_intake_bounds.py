"""What a picture may cost is known before it is decoded, however few bytes the cost needs."""

import tracemalloc
from collections.abc import Callable

import pytest

from shared.errors import InvalidImage
from tests import crafted, pictures
from upload_service.containers import MOST_PIECES
from upload_service.intake import inspect
from upload_service.jpeg import MAX_SCANS

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
