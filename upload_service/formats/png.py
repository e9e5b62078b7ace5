"""PNG by hand: chunks, checksums, the frames of an animation, and what of it to keep. Pure.

A chunk is kept once, in its place, and with the length that it can have. The pixels are looked at in `png_pixels.py`.
"""

import zlib
from collections.abc import Iterator

from upload_service.formats import icc
from upload_service.formats.container import (
    Container,
    MetadataFilter,
    count_piece,
    cut_off,
    damaged,
    orientation,
    upright_exif,
)

SIGNATURE = b"\x89PNG\r\n\x1a\n"

_PIXELS = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND"})
_ANIMATION = frozenset({b"acTL", b"fcTL", b"fdAT"})
_LENGTHS = {
    b"tRNS": range(1, 257), b"bKGD": range(1, 7), b"pHYs": range(9, 10), b"hIST": range(2, 513), b"sRGB": range(1, 2),
    b"gAMA": range(4, 5), b"cHRM": range(32, 33), b"sBIT": range(1, 5), b"cICP": range(4, 5), b"mDCV": range(24, 25),
    b"cLLI": range(8, 9), b"iCCP": range(1, 2**31),
}  # fmt: skip
"""What may stand before the pixels besides them, and how long it may be."""
_IEND = b"\0\0\0\0IEND\xaeB`\x82"
_MOST_PROFILE = 4 * 1024 * 1024


def read(data: bytes) -> Container:
    """Raises InvalidImage, naming the fault."""
    reading, stop = _PngReader(data), 8
    for kind, start, stop in chunks(data):
        reading.chunk(kind, start, stop)
    return reading.finish(stop)


class _PngReader:
    """What was found so far."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._turned = next(
            (orientation(data[start + 8 : stop - 4]) for kind, start, stop in chunks(data) if kind == b"eXIf"), 1
        )
        self._keeper = MetadataFilter()
        self._keeper.keep(0, 8)
        self._sides: tuple[int, int] | None = None
        self._announced: int | None = None
        """Frames, where it says that it is an animation."""
        self._frames = 0
        self._seen: set[bytes] = set()
        self._has_still = False
        """Whether it begins with a picture that is no frame of the animation."""

    def chunk(self, kind: bytes, start: int, stop: int) -> None:
        """Takes in one chunk."""
        if (kind == b"IHDR") != (self._sides is None):
            raise damaged("its header is not where it belongs")
        self._learn(kind, self._data[start + 8 : stop - 4])
        if self._wanted(kind, stop - start - 12):
            if zlib.crc32(self._data[start + 4 : stop - 4]) != int.from_bytes(self._data[stop - 4 : stop], "big"):
                raise damaged(f"the checksum of its {kind.decode()} chunk is wrong")
            self._seen.add(kind)
            if kind == b"iCCP":
                self._keeper.put(_profile_chunk(self._data[start + 8 : stop - 4]))
            elif kind == b"IEND" and stop - start > 12:
                self._keeper.put(_IEND)
            else:
                self._keeper.keep(start, stop)
            if kind == b"IHDR" and self._turned > 1:
                self._keeper.put(made(b"eXIf", upright_exif(self._turned)))

    def finish(self, end: int) -> Container:
        """The last chunk ended here."""
        if self._announced not in (None, self._frames):
            raise damaged(f"it announces {self._announced} frames and has {self._frames}")
        frames = max(1, self._frames + (self._frames > 0 and self._has_still))
        return Container(*(self._sides or (0, 0)), frames, self._turned, tuple(self._keeper.parts), end)

    def _wanted(self, kind: bytes, length: int) -> bool:
        if kind in _LENGTHS:
            return length in _LENGTHS[kind] and kind not in self._seen and b"IDAT" not in self._seen
        if kind in _ANIMATION:
            # What does not say first that it is an animation is shown without them.
            return self._announced is not None
        if kind not in _PIXELS:
            if kind[:1].isupper():
                raise damaged(f"it needs an extension, {kind.decode()}, that we do not know")
            return False
        if kind == b"PLTE" and (length > 768 or length % 3 or kind in self._seen):
            raise damaged("its palette makes no sense")
        return True

    def _learn(self, kind: bytes, content: bytes) -> None:
        match kind:
            case b"IHDR":
                self._sides = _sides(content)
            case b"acTL":
                if len(content) != 8 or self._announced is not None:
                    raise damaged("it makes no sense as an animation")
                self._announced = int.from_bytes(content[:4], "big")
            case b"fdAT" if self._announced is not None and not self._frames:
                raise damaged("a frame is not where it belongs")
            case b"fcTL" if self._announced is not None and self._sides:
                _check_frame(content, *self._sides)
                self._frames += 1
            case b"IDAT":
                self._has_still = self._has_still or self._frames == 0
            case _:
                pass


def chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Type, start and end of every chunk, up to IEND."""
    position, kind, count = 8, b"", 0
    while kind != b"IEND":
        count += 1
        count_piece(count)
        length, kind = int.from_bytes(data[position : position + 4], "big"), data[position + 4 : position + 8]
        if position + 12 + length > len(data):
            raise cut_off(f"within its {kind.decode('ascii', 'replace')} chunk" if kind else "without an end mark")
        if not kind.isalpha():
            raise damaged("a chunk has no valid type")
        yield kind, position, position + 12 + length
        position += 12 + length


def _sides(header: bytes) -> tuple[int, int]:
    width, height = int.from_bytes(header[:4], "big"), int.from_bytes(header[4:8], "big")
    if len(header) != 13 or not (width and height):
        raise damaged("its header makes no sense")
    return width, height


def _check_frame(control: bytes, width: int, height: int) -> None:
    across, down, left, above = (int.from_bytes(control[at : at + 4], "big") for at in (4, 8, 12, 16))
    if len(control) != 26 or not (across and down) or left + across > width or above + down > height:
        raise damaged("a frame lies outside the picture")


def _profile_chunk(content: bytes) -> bytes:
    """Under a name of ours: that of the file may be any text. Nothing where it holds no profile."""
    _name, _, rest = content.partition(b"\0")
    try:
        profile = icc.cleaned(zlib.decompressobj().decompress(rest[1:], _MOST_PROFILE))
    except zlib.error:
        return b""
    return made(b"iCCP", b"ICC Profile\0\0" + zlib.compress(profile)) if profile else b""


def made(kind: bytes, content: bytes) -> bytes:
    """A chunk."""
    return len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big")
