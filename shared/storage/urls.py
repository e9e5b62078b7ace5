"""Addresses of pictures as they are delivered: one transformation string per wish, put into a stored URL. Pure.

Not here: which pixels a platform accepts (`renditions.py`), the store itself (`store.py`)."""

from dataclasses import dataclass
from typing import Literal

from shared.domain.renditions import Mode

Fit = Literal["cover", "contain"]
"""cover fills the box and cuts what sticks out; contain shows everything inside the box."""

SIDES = (160, 320, 640, 1080)
"""The only widths and heights a thumbnail is made in: every further size would be another paid derived picture."""

_MARK = "/image/upload/"
_ANY_BROWSER = "f_auto,q_auto"
_ANY_PLATFORM = "cs_srgb,f_jpg,fl_force_strip,q_auto:good"


@dataclass(frozen=True, slots=True)
class Delivered:
    """An address, and exactly what it delivers."""

    url: str
    """Versioned, so that a cache can keep it for ever."""
    width: int
    """Pixels."""
    height: int
    """Pixels."""


def thumbnail(url: str, of_width: int, of_height: int, *, width: int, height: int, fit: Fit) -> Delivered:
    """A picture of `of_width` by `of_height`, made smaller for a box; never enlarged, the store picks the format.

    A picture too small to cover the box covers the largest smaller box of the same shape. One whose address knows no
    transformations, such as of another store before a migration, is shown as it is.
    """
    if _MARK not in url:
        return Delivered(url, of_width, of_height)
    if fit == "cover":
        across, down = _box(of_width, of_height, width, height)
        return Delivered(_insert(url, f"c_fill,g_auto,h_{down},w_{across}/{_ANY_BROWSER}"), across, down)
    across, down = _inside(of_width, of_height, width, height)
    return Delivered(_insert(url, f"c_limit,h_{height},w_{width}/{_ANY_BROWSER}"), across, down)


def for_platform(url: str, mode: Mode, width: int, height: int) -> Delivered | None:
    """A copy that every platform takes: sRGB JPEG of exactly this size, without any metadata.

    None where the address knows no transformations.
    """
    if _MARK not in url:
        return None
    how = "c_fill,g_auto" if mode == "crop" else "b_blurred:400:15,c_pad"
    address = _insert(url, f"{how},h_{height},w_{width}/{_ANY_PLATFORM}")
    return Delivered(_as_jpeg(address), width, height)


def _box(of_width: int, of_height: int, width: int, height: int) -> tuple[int, int]:
    if of_width >= width and of_height >= height:
        return width, height
    if of_width * height <= of_height * width:
        return of_width, max(1, of_width * height // width)
    return max(1, of_height * width // height), of_height


def _inside(of_width: int, of_height: int, width: int, height: int) -> tuple[int, int]:
    if of_width <= width and of_height <= height:
        return of_width, of_height
    if of_width * height >= of_height * width:
        return width, max(1, _rounded(of_height * width, of_width))
    return max(1, _rounded(of_width * height, of_height)), height


def _rounded(part: int, whole: int) -> int:
    return (2 * part + whole) // (2 * whole)


def _insert(url: str, transformation: str) -> str:
    before, mark, after = url.partition(_MARK)
    return f"{before}{mark}{transformation}/{after}"


def _as_jpeg(url: str) -> str:
    stem, dot, extension = url.rpartition(".")
    return f"{stem}.jpg" if dot and "/" not in extension else f"{url}.jpg"
