"""WebP by hand: chunks, the frames of an animation, and what of it to keep. Pure.

What is kept of a frame is as short a list as that of a file. The compressed pixels themselves are not read: bytes that
fill up their chunk behind the last pixel are kept, and decoders pass over them.
"""

from collections.abc import Iterator

from upload_service.formats import icc
from upload_service.formats.container import (
    Container,
    MetadataFilter,
    count_piece,
    cut_off,
    damaged,
    orientation,
    refuse_filler,
    size,
    upright_exif,
)

_PIXELS = frozenset({b"VP8 ", b"VP8L", b"ALPH"})
_HAS_PROFILE, _HAS_EXIF, _HAS_XMP, _ANIMATED = 0x20, 0x08, 0x04, 0x02


def read(data: bytes) -> Container:
    """Raises InvalidImage, naming the fault."""
    end = 8 + int.from_bytes(data[4:8], "little")
    if end > len(data):
        raise cut_off("before the length it announces")
    reading = _WebpReader(data, end)
    for kind, start, stop in _chunks(data, 12, end):
        reading.chunk(kind, start, stop)
    return reading.finish()


class _WebpReader:
    """What was found so far."""

    def __init__(self, data: bytes, end: int) -> None:
        self._data = data
        self._end = end
        self._keeper = MetadataFilter()
        self._flags: int | None = None
        """Of the extended form; the simple one has no header of its own, and can hold no EXIF."""
        self._canvas: tuple[int, int] | None = None
        self._pictures = 0
        self._turned = 1
        self._profile = False
        self._seen: set[bytes] = set()
        self._pieces = 0
        self._compressed = 0
        """Bytes of compressed pixels."""

    def chunk(self, kind: bytes, start: int, stop: int) -> None:
        """Takes in one chunk."""
        self._count(kind, stop - start)
        match kind:
            case b"VP8X":
                self._header(start, stop)
            case b"VP8 " | b"VP8L":
                sides = _sides(kind, self._data[start : min(stop, start + 16)])
                self._canvas = self._canvas or sides
                _inside(sides, self._canvas)
                self._pictures += 1
                self._keep(start - 8, stop)
            case b"ALPH" if kind not in self._seen:
                self._keep(start - 8, stop)
            case b"ANIM" if kind not in self._seen and stop - start == 6:
                self._keep(start - 8, stop)
            case b"ANMF":
                self._frame(start, stop)
                self._pictures += 1
            case b"EXIF":
                self._turned = orientation(self._data[start:stop].removeprefix(b"Exif\x00\x00"))
            case b"ICCP" if kind not in self._seen:
                profile = icc.cleaned(self._data[start:stop])
                if profile == self._data[start:stop]:
                    self._keep(start - 8, stop)
                elif profile:
                    self._keeper.put(_chunk(kind, profile))
                self._profile = bool(profile)
            case _:
                return
        self._seen.add(kind)

    def finish(self) -> Container:
        """Nothing follows."""
        if not (self._canvas and self._pictures):
            raise damaged("it has no pixels")
        if self._pictures > 1 and not (self._flags or 0) & _ANIMATED:
            raise damaged("it has several pictures and is no animation")
        refuse_filler(self._compressed, self._canvas[0] * self._canvas[1] * self._pictures)
        turned = self._turned if self._flags is not None else 1
        if turned > 1:
            block = upright_exif(turned)
            self._keeper.put(b"EXIF" + len(block).to_bytes(4, "little") + block)
        head = b"WEBP" + self._new_header(turned)
        head = b"RIFF" + (len(head) + size(self._keeper.parts)).to_bytes(4, "little") + head
        return Container(*self._canvas, self._pictures, turned, (head, *self._keeper.parts), self._end)

    def _header(self, start: int, stop: int) -> None:
        if self._flags is not None or self._pictures or start != 20 or stop - start < 10:
            raise damaged("its header is not where it belongs")
        self._flags, self._canvas = self._data[start], _canvas(self._data[start:stop])

    def _new_header(self, turned: int) -> bytes:
        if self._flags is None:
            return b""
        gone = _HAS_EXIF | _HAS_XMP | (0 if self._profile else _HAS_PROFILE)
        flags = self._flags & ~gone | (_HAS_EXIF if turned > 1 else 0)
        return b"VP8X\x0a\x00\x00\x00" + bytes([flags]) + bytes(3) + self._data[24:30]

    def _frame(self, start: int, stop: int) -> None:
        """Where it lies and how long it is shown, and its pixels; whatever else is in it goes."""
        if self._canvas is None or stop - start < 16:
            raise damaged("a frame is not where it belongs")
        kept, seen = [(start, start + 16)], set[bytes]()
        for kind, begin, finish in _chunks(self._data, start + 16, stop):
            self._count(kind, finish - begin)
            if kind not in _PIXELS or kind in seen:
                continue
            if kind != b"ALPH":
                if not seen.isdisjoint({b"VP8 ", b"VP8L"}):
                    continue
                _inside(_sides(kind, self._data[begin : min(finish, begin + 64)]), self._canvas)
            seen.add(kind)
            kept.append((begin - 8, min(finish + (finish - begin) % 2, stop)))
        length = sum(end - begin for begin, end in kept)
        if length == stop - start:
            self._keep(start - 8, stop)
            return
        self._keeper.put(b"ANMF" + length.to_bytes(4, "little"))
        for piece in kept:
            self._keeper.keep(*piece)
        if length % 2:
            self._keeper.put(b"\x00")

    def _count(self, kind: bytes, length: int) -> None:
        self._pieces += 1
        count_piece(self._pieces)
        if kind in _PIXELS:
            self._compressed += length

    def _keep(self, start: int, stop: int) -> None:
        """A chunk and the byte that makes its length even, which some writers forget at the end."""
        self._keeper.keep(start, stop)
        if (stop - start) % 2:
            if stop < self._end and self._data[stop] == 0:
                self._keeper.keep(stop, stop + 1)
            else:
                self._keeper.put(b"\x00")


def _chunk(kind: bytes, content: bytes) -> bytes:
    return kind + len(content).to_bytes(4, "little") + content + bytes(len(content) % 2)


def _chunks(data: bytes, position: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Type of every chunk, and where its content begins and ends."""
    while position + 8 <= end:
        length = int.from_bytes(data[position + 4 : position + 8], "little")
        if position + 8 + length > end:
            raise damaged("a chunk is longer than the file")
        yield data[position : position + 4], position + 8, position + 8 + length
        position += 8 + length + length % 2


def _canvas(header: bytes) -> tuple[int, int]:
    return 1 + int.from_bytes(header[4:7], "little"), 1 + int.from_bytes(header[7:10], "little")


def _sides(kind: bytes, head: bytes) -> tuple[int, int]:
    """What the pixel data itself says, which is what a decoder makes room for."""
    if kind == b"VP8L":
        if len(head) < 5 or head[0] != 0x2F:
            raise damaged("its pixels make no sense")
        packed = int.from_bytes(head[1:5], "little")
        return 1 + (packed & 0x3FFF), 1 + (packed >> 14 & 0x3FFF)
    if len(head) < 10 or head[3:6] != b"\x9d\x01\x2a":
        raise damaged("its pixels make no sense")
    width, height = int.from_bytes(head[6:8], "little") & 0x3FFF, int.from_bytes(head[8:10], "little") & 0x3FFF
    if not (width and height):
        raise damaged("it is zero pixels wide or high")
    return width, height


def _inside(sides: tuple[int, int], canvas: tuple[int, int]) -> None:
    if sides[0] > canvas[0] or sides[1] > canvas[1]:
        raise damaged("its pixels are more than its header says")
