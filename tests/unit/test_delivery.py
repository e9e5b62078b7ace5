"""Addresses: what is asked for in one spelling, never larger than the picture."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.storage.urls import SIDES, Fit, for_platform, thumbnail

URL = "https://res.cloudinary.com/demo/image/upload/v17/darkroom/1/01a2.png"

sides = st.integers(1, 6000)
fits: st.SearchStrategy[Fit] = st.sampled_from(["cover", "contain"])


@pytest.mark.parametrize(
    ("of", "box", "fit", "made", "how"),
    [
        ((4000, 3000), (320, 320), "cover", (320, 320), "c_fill,g_auto,h_320,w_320"),
        ((4000, 3000), (320, 320), "contain", (320, 240), "c_limit,h_320,w_320"),
        ((3000, 4000), (640, 160), "contain", (120, 160), "c_limit,h_160,w_640"),
        ((100, 80), (320, 320), "contain", (100, 80), "c_limit,h_320,w_320"),
        ((100, 80), (320, 320), "cover", (80, 80), "c_fill,g_auto,h_80,w_80"),
        ((1000, 200), (320, 320), "cover", (200, 200), "c_fill,g_auto,h_200,w_200"),
        ((100, 1000), (640, 320), "cover", (100, 50), "c_fill,g_auto,h_50,w_100"),
        ((1, 5000), (160, 1080), "cover", (1, 6), "c_fill,g_auto,h_6,w_1"),
    ],
)
def test_a_thumbnail_says_exactly_what_it_is(
    of: tuple[int, int], box: tuple[int, int], fit: Fit, made: tuple[int, int], how: str
) -> None:
    found = thumbnail(URL, *of, width=box[0], height=box[1], fit=fit)
    assert (found.width, found.height) == made
    assert found.url == URL.replace("/upload/", f"/upload/{how}/f_auto,q_auto/")


@given(sides, sides, st.sampled_from(list(itertools.product(SIDES, SIDES))), fits)
def test_a_thumbnail_is_never_larger_than_the_picture_or_the_box(
    across: int, down: int, box: tuple[int, int], fit: Fit
) -> None:
    made = thumbnail(URL, across, down, width=box[0], height=box[1], fit=fit)
    assert 1 <= made.width <= min(across, box[0])
    assert 1 <= made.height <= min(down, box[1])


def test_large_pictures_need_only_one_transformation_for_each_box_and_fit() -> None:
    spellings = {
        thumbnail(URL, *of, width=width, height=height, fit=fit).url
        for of in ((1080, 1080), (4000, 3000), (1234, 5678))
        for width in SIDES
        for height in SIDES
        for fit in ("cover", "contain")
    }
    assert len(spellings) == len(SIDES) ** 2 * 2


def test_a_copy_for_a_platform_is_a_jpeg_of_exactly_that_size() -> None:
    crop, pad = for_platform(URL, "crop", 1080, 1350), for_platform(URL, "pad", 1080, 1350)
    assert crop
    assert pad
    assert crop.url == (
        "https://res.cloudinary.com/demo/image/upload/c_fill,g_auto,h_1350,w_1080/"
        "cs_srgb,f_jpg,fl_force_strip,q_auto:good/v17/darkroom/1/01a2.jpg"
    )
    assert "/b_blurred:400:15,c_pad,h_1350,w_1080/" in pad.url
    assert (pad.width, pad.height) == (1080, 1350)


def test_what_knows_no_transformations_is_shown_as_it_is_and_has_no_copies() -> None:
    url = "https://example.com/x.jpg"
    shown = thumbnail(url, 4000, 3000, width=160, height=160, fit="cover")
    assert (shown.url, shown.width, shown.height) == (url, 4000, 3000)
    assert for_platform(url, "crop", 1080, 1350) is None
