"""JPEG by hand: segments, the end of the picture, and what of it to keep. Of a multi-picture file, the first. Pure.

What is kept are the tables, headers and scans that pixels are made of. JFIF, EXIF, Adobe's mark and the colour profile
are written anew, so that nothing else that was in them stays. The codes themselves are not read: bytes that fill up the
end of a scan behind its last pixel are kept, and decoders pass over them.
"""

import re
from itertools import islice

from shared.domain.errors import InvalidImage
from upload_service.formats import icc
from upload_service.formats.container import (
    Container,
    MetadataFilter,
    count_piece,
    cut_off,
    damaged,
    orientation,
    refuse_filler,
    upright_exif,
)

MAX_SCANS = 100
"""Each goes over all the pixels again, however few bytes it has. Those who write many write about twenty."""

_MOST_QUANTIZATION = 4096
"""Bytes of tables. There are four at a time, of 129 bytes at the most, and hardly anybody writes them twice."""
_MOST_CODES = 2200
"""Bytes of tables for each scan: eight at a time, of 273 bytes at the most."""

_SOI, _EOI, _SOS, _DRI, _DHT, _DQT, _SOF = 0xD8, 0xD9, 0xDA, 0xDD, 0xC4, 0xDB, 0xC0
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_LEAST_BITS = {0xC0: 2, 0xC1: 2, 0xC2: 1}
"""Bits that a block of 8 by 8 pixels takes at the least, by kind of compression: no Huffman code is shorter.
Other kinds (arithmetic codes, lossless, in layers) no browser shows."""
_ALONE = frozenset({0x01, *range(0xD0, 0xD8)})
_KEPT = frozenset({*_LEAST_BITS, _DHT, _DQT, _DRI, _SOS})
"""Headers, codes, quantization, restart intervals, scans."""
_MARKER = re.compile(rb"\xff[^\x00\xff]")
_AFTER_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_RESTART = re.compile(rb"\xff[\xd0-\xd7]")
_IN_TURN = bytes(range(0xD0, 0xD8))
_PROFILE = b"ICC_PROFILE\x00"
_PROFILE_PIECE = 65_519
"""Bytes of a colour profile that fit into one segment."""


def read(data: bytes) -> Container:
    """Raises InvalidImage, naming the fault."""
    reading = _JpegReader(data)
    position = 2
    while True:
        start, marker = _marker(data, position)
        reading.pieces += 1
        count_piece(reading.pieces)
        if marker == _EOI:
            return reading.finish(start)
        position = reading.segment(start, marker)


class _JpegReader:
    """What was found so far."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._keeper = MetadataFilter()
        self._sides: tuple[int, int] | None = None
        self._turned = 0
        self.pieces = 0
        self._jfif = b""
        self._adobe = b""
        self._profile: list[tuple[int, int, bytes]] = []
        """Number, how many there are, content."""
        self._frame = b""
        """The content of the header."""
        self._interval = 0
        """Units between two restarts; 0 for none."""
        self._scans = 0
        self._least = 0
        """Bytes that so many pixels need at the least; a decoder would fill up what is missing without a word."""
        self._scanned = 0
        """Bytes of compressed pixels."""
        self._tables = {_DHT: 0, _DQT: 0}
        """Bytes of each kind."""

    def segment(self, start: int, marker: int) -> int:
        """Takes in one segment; answers where the next may begin."""
        if marker == _SOI:
            raise damaged("a second picture begins inside it")
        stop = start + 2 if marker in _ALONE else _segment_end(self._data, start)
        content = self._data[start + 4 : stop]
        if marker in _FRAMES:
            if marker not in _LEAST_BITS:
                raise InvalidImage(f"It is a JPEG of a kind (SOF{marker - _SOF}) that browsers do not show")
            self._header(content, _LEAST_BITS[marker])
        if marker == _DRI:
            self._interval = int.from_bytes(content[:2], "big")
        if marker == _SOS:
            keep, end = self._scan(content, stop)
            self._keeper.keep(start, keep)
            return end
        if marker in self._tables:
            self._tables[marker] += len(content)
        if marker in _KEPT:
            self._keeper.keep(start, stop)
        else:
            self._metadata(content, marker)
        return stop

    def finish(self, start: int) -> Container:
        """The end mark was found here."""
        if not (self._sides and self._scanned):
            raise damaged("it has no pixels")
        if self._scanned < self._least:
            raise damaged("it has fewer pixels than its header says")
        if self._tables[_DQT] > _MOST_QUANTIZATION or self._tables[_DHT] > _MOST_CODES * self._scans:
            raise InvalidImage("The picture has more tables than its pixels can need: something else is in them")
        refuse_filler(self._scanned, self._sides[0] * self._sides[1])
        self._keeper.keep(start, start + 2)
        parts = ((0, 2), *self._written(), *self._keeper.parts)
        return Container(*self._sides, 1, self._turned or 1, parts, start + 2, scalable=True)

    def _written(self) -> list[bytes]:
        """The segments that are made anew. JFIF insists on being the first."""
        segments = [
            self._jfif,
            _segment(0xE1, b"Exif\x00\x00" + upright_exif(self._turned)) if self._turned > 1 else b"",
        ]
        profile = icc.cleaned(_whole(self._profile))
        pieces = [profile[at : at + _PROFILE_PIECE] for at in range(0, len(profile), _PROFILE_PIECE)]
        for number, piece in enumerate(pieces, 1):
            segments.append(_segment(0xE2, _PROFILE + bytes([number, len(pieces)]) + piece))
        return [segment for segment in (*segments, self._adobe) if segment]

    def _header(self, content: bytes, least_bits: int) -> None:
        if self._sides:
            raise damaged("it has two headers")
        self._sides, self._frame = _sides(content), content
        self._least = _blocks(content, *self._sides) * least_bits // 8

    def _scan(self, content: bytes, position: int) -> tuple[int, int]:
        """Passes over compressed pixels. Answers how far to keep them, and where they end.

        No decoder reads on behind a restart that its interval does not ask for: what stands there is not pixels.
        """
        if not self._sides:
            raise damaged("its pixels come before its header")
        self._scans += 1
        if self._scans > MAX_SCANS:
            raise InvalidImage(f"The picture has more than {MAX_SCANS} scans")
        following = _AFTER_SCAN.search(self._data, position)
        if not following:
            raise cut_off("within the pixels")
        end = following.start()
        restarts = (_units(self._frame, *self._sides, content) - 1) // self._interval if self._interval else 0
        surplus = next(islice(_RESTART.finditer(self._data, position, end), restarts, None), None)
        keep = surplus.start() if surplus else end
        marks = b"".join(_RESTART.findall(self._data, position, keep))[1::2]
        if marks != (_IN_TURN * (len(marks) // 8 + 1))[: len(marks)]:
            raise damaged("its restart marks are not in their order")
        self._scanned += keep - position
        return keep, end

    def _metadata(self, content: bytes, marker: int) -> None:
        """JFIF without its thumbnail, the colour profile, Adobe's mark of how colours are coded; of EXIF the turn.

        Anything else, of whatever kind, is left out.
        """
        match marker:
            case 0xE0 if content.startswith(b"JFIF\x00") and len(content) >= 14 and not self._jfif:
                self._jfif = _segment(0xE0, content[:12] + b"\x00\x00")
            case 0xE1 if content.startswith(b"Exif\x00\x00"):
                self._turned = self._turned or orientation(content[6:])
            case 0xE2 if content.startswith(_PROFILE) and len(content) > 14:
                self._profile.append((content[12], content[13], content[14:]))
            case 0xEE if content.startswith(b"Adobe") and len(content) >= 12 and not self._scans:
                # Version, no flags, and the one byte that says how the colours are coded.
                self._adobe = _segment(0xEE, b"Adobe\x00\x64\x00\x00\x00\x00" + content[11:12])
            case _:
                pass


def _segment(marker: int, content: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(content) + 2).to_bytes(2, "big") + content


def _whole(pieces: list[tuple[int, int, bytes]]) -> bytes:
    """A colour profile that came in pieces; nothing where one is missing or there twice, as decoders see it."""
    pieces = sorted(pieces, key=lambda piece: piece[0])
    count = len(pieces)
    if [(number, of) for number, of, _ in pieces] != [(number, count) for number in range(1, count + 1)]:
        return b""
    return b"".join(content for *_, content in pieces)


def _marker(data: bytes, position: int) -> tuple[int, int]:
    """Where the next marker is, and which; fill bytes and stray bytes before it are passed over."""
    marker = _MARKER.search(data, position)
    if not marker:
        raise cut_off("without an end mark")
    return marker.start(), data[marker.start() + 1]


def _segment_end(data: bytes, start: int) -> int:
    length = int.from_bytes(data[start + 2 : start + 4], "big")
    if length < 2:
        raise damaged("a segment has no length")
    if start + 2 + length > len(data):
        raise cut_off("within a header segment")
    return start + 2 + length


def _sides(frame: bytes) -> tuple[int, int]:
    if len(frame) < 6:
        raise damaged("its header is too short")
    height, width = int.from_bytes(frame[1:3], "big"), int.from_bytes(frame[3:5], "big")
    if not (width and height):
        raise damaged("it is zero pixels wide or high")
    return width, height


def _blocks(frame: bytes, width: int, height: int) -> int:
    """Blocks of 8 by 8 values, over all components: those of colour are usually fewer than those of brightness."""
    samplings = _samplings(frame)
    across, down = (8 * max(sampling[axis] for sampling in samplings.values()) for axis in (0, 1))
    return sum(-(-width * x // across) * -(-height * y // down) for x, y in samplings.values())


def _units(frame: bytes, width: int, height: int, scan: bytes) -> int:
    """What restarts are counted in: blocks in a scan of one component, else groups of blocks of all of them."""
    samplings = _samplings(frame)
    across, down = (8 * max(sampling[axis] for sampling in samplings.values()) for axis in (0, 1))
    alone = samplings.get(scan[1]) if scan[:1] == b"\x01" and len(scan) > 1 else None
    x, y = alone or (1, 1)
    return -(-width * x // across) * -(-height * y // down)


def _samplings(frame: bytes) -> dict[int, tuple[int, int]]:
    """How finely each component is sampled, across and down."""
    samplings = {
        frame[at - 1]: (frame[at] >> 4, frame[at] & 15) for at in range(7, min(len(frame), 6 + 3 * frame[5]), 3)
    }
    if not samplings or any(0 in sampling for sampling in samplings.values()):
        raise damaged("its header makes no sense")
    return samplings
