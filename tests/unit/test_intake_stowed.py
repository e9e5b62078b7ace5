"""Cleaning is an allow-list all the way in: what is not the picture does not survive, wherever in the file it is; and
the pixels are those that were sent."""

import zlib
from collections.abc import Callable

import pytest
from PIL import ImageChops, ImageSequence

from shared.domain.errors import InvalidImage
from tests import crafted, pictures
from tests.crafted import CANARY
from upload_service.decoder.inspect import inspect
from upload_service.formats import icc
from upload_service.formats.container import joined

LIMIT = 25_000_000
BY_HAND = crafted.profile_with(b"note", CANARY)

STOWED: dict[str, Callable[[], bytes]] = {
    "behind Adobe's mark": lambda: crafted.jpeg_with_adobe(CANARY),
    "in a second JFIF segment": lambda: crafted.jpeg_with(0xE0, b"JFIF\0\1\1\0" + CANARY),
    "in a segment that decoders pass over": lambda: crafted.jpeg_with(0xDC, CANARY),
    "behind a restart of a JPEG": lambda: crafted.jpeg_with_restart(CANARY),
    "in a tag of a JPEG's profile": lambda: pictures.jpeg(icc_profile=BY_HAND),
    "behind a JPEG's profile": lambda: pictures.jpeg(icc_profile=pictures.profile() + CANARY),
    "instead of a JPEG's profile": lambda: pictures.jpeg(icc_profile=CANARY),
    "in a tag of a PNG's profile": lambda: crafted.png_with_profile(BY_HAND),
    "in the name of a PNG's profile": lambda: crafted.png_with_profile(pictures.profile(), CANARY),
    "in a chunk of a PNG that is longer than it can be": lambda: crafted.png_with((b"gAMA", CANARY)),
    "in a second chunk of a kind": lambda: crafted.png_with((b"cHRM", bytes(32)), (b"cHRM", CANARY + bytes(8))),
    "in the end of a PNG": lambda: pictures.png()[:-12] + pictures.png_of((b"IEND", CANARY))[8:],
    "behind the compressed pixels of a PNG": lambda: crafted.png_of_rows(behind=CANARY),
    "compressed with the pixels of a PNG": lambda: crafted.png_of_rows(CANARY),
    "compressed with the pixels of frames": lambda: crafted.apng_with_surplus(CANARY),
    "in a frame of a WebP": lambda: crafted.webp_with_frame_chunks((b"EXIF", CANARY), (b"XMP ", CANARY + b"x")),
    "in a tag of a WebP's profile": lambda: pictures.webp(icc_profile=BY_HAND),
}


@pytest.mark.parametrize("place", STOWED)
def test_it_does_not_survive_and_no_pixel_changes(place: str) -> None:
    data = STOWED[place]()
    accepted = inspect(data, LIMIT)
    kept = joined(data, accepted.parts)
    assert CANARY not in _laid_open(kept)
    assert len(kept) == accepted.bytes
    before, after = pictures.opened(data), pictures.opened(kept)
    assert getattr(before, "n_frames", 1) == getattr(after, "n_frames", 1) == accepted.frames
    for was, now in zip(ImageSequence.Iterator(before), ImageSequence.Iterator(after), strict=True):
        assert was.mode == now.mode
        assert ImageChops.difference(was.convert("RGBA"), now.convert("RGBA")).getbbox() is None
    again = inspect(kept, LIMIT)
    assert joined(kept, again.parts) == kept, "what was cleaned is clean"


STAYS: dict[str, Callable[[], bytes]] = {
    "behind the last code of a JPEG's scan": lambda: crafted.jpeg_with_filler(CANARY),
    "behind the last code of a WebP": lambda: crafted.webp_with_filler(CANARY),
    "in a table of a JPEG that nothing uses": lambda: crafted.jpeg_with(0xDB, b"\x03" + CANARY.ljust(64, b"!")),
    "in a text of a colour profile": lambda: pictures.jpeg(icc_profile=crafted.profile_with(b"dmnd", CANARY)),
    "in a table of a colour profile": lambda: pictures.jpeg(icc_profile=crafted.profile_with(b"A2B0", CANARY)),
}


@pytest.mark.parametrize("place", STAYS)
def test_what_is_not_looked_into_stays_as_the_page_on_security_says(place: str) -> None:
    data = STAYS[place]()
    assert CANARY in joined(data, inspect(data, LIMIT).parts)


def test_texts_of_a_profile_have_a_size() -> None:
    assert CANARY not in icc.cleaned(crafted.profile_with(b"dmnd", bytes(9000) + CANARY))
    several = pictures.profile()
    for name in (b"dmnd", b"dmdd", b"vued"):
        several = crafted.profile_with(name, bytes(3000) + CANARY, several)
    assert icc.cleaned(several).count(CANARY) < 3
    assert icc.cleaned(icc.cleaned(several)) == icc.cleaned(several)


def _laid_open(data: bytes) -> bytes:
    """With what is compressed in a PNG."""
    found, position = data, 8
    while data.startswith(b"\x89PNG") and position < len(data):
        length, kind = int.from_bytes(data[position : position + 4], "big"), data[position + 4 : position + 8]
        content = data[position + 8 : position + 8 + length]
        skip = {b"IDAT": 0, b"fdAT": 4, b"iCCP": content.find(b"\0") + 2}.get(kind)
        if skip is not None:
            found += zlib.decompressobj().decompress(content[skip:])
        position += 12 + length
    return found


def test_a_tag_of_ones_own_goes_and_the_colours_of_the_profile_stay() -> None:
    clean = icc.cleaned(BY_HAND)
    assert CANARY not in clean
    assert "sRGB".encode("utf-16-be") in clean
    assert icc.cleaned(clean) == clean
    picture = pictures.opened(pictures.jpeg(icc_profile=clean))
    assert picture.info["icc_profile"] == clean
    for wide in (False, True):
        assert icc.cleaned(pictures.profile(wide=wide)) == pictures.profile(wide=wide)


def test_adobes_mark_has_twelve_bytes() -> None:
    data = crafted.jpeg_with_adobe(CANARY)
    kept = joined(data, inspect(data, LIMIT).parts)
    assert kept.count(b"\xff\xee\x00\x0eAdobe") == 1


def test_restarts_that_are_asked_for_stay() -> None:
    data = crafted.jpeg_with_restarts()
    assert joined(data, inspect(data, LIMIT).parts) == data
    with pytest.raises(InvalidImage, match="order"):
        inspect(data.replace(b"\xff\xd1", b"\xff\xd5", 1), LIMIT)


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize(("bits", "colour", "channels"), [(1, 0, 1), (4, 3, 1), (8, 2, 3), (16, 6, 4), (8, 4, 2)])
@pytest.mark.parametrize("sides", [(1, 1), (3, 5), (13, 9)])
def test_the_rows_of_a_png_are_counted_whatever_it_is_made_of(
    interlaced: bool, bits: int, colour: int, channels: int, sides: tuple[int, int]
) -> None:
    rows = _rows(*sides, bits * channels, interlaced=interlaced)
    header = sides[0].to_bytes(4, "big") + sides[1].to_bytes(4, "big") + bytes([bits, colour, 0, 0, interlaced])
    palette = [(b"PLTE", bytes(48))] if colour == 3 else []

    def png(more: bytes) -> bytes:
        return pictures.png_of((b"IHDR", header), *palette, (b"IDAT", zlib.compress(rows + more)), (b"IEND", b""))

    whole, more = png(b""), png(b"x")
    assert joined(whole, inspect(whole, LIMIT).parts) == whole
    assert joined(more, inspect(more, LIMIT).parts) == whole


def _rows(width: int, height: int, bits: int, *, interlaced: bool) -> bytes:
    """Black, counted pixel by pixel."""
    adam = ["16462646", "77777777", "56565656", "77777777", "36463646", "77777777", "56565656", "77777777"]
    found = b""
    for number in "1234567" if interlaced else "*":
        for y in range(height):
            across = sum(not interlaced or adam[y % 8][x % 8] == number for x in range(width))
            if across:
                found += bytes(1 + (across * bits + 7) // 8)
    return found
