"""JPEG by hand: segments, the end of the picture, and what of it to keep. Of a multi-picture file, the first. Pure."""

import re

from upload_service.containers import Container, Keeper, cut_off, damaged, orientation, upright_exif

_SOI, _EOI, _SOS = 0xD8, 0xD9, 0xDA
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_LEAST_BITS = {0xC0: 2, 0xC1: 2, 0xC2: 1}
"""Bits that a block of 8 by 8 pixels takes at the least, by kind of compression: no Huffman code is shorter."""
_SCALABLE = frozenset({0xC0, 0xC1, 0xC2})
"""Huffman codes and cosine transforms. Of the rest, the lossless kinds have no smaller size, and none is common."""
_ALONE = frozenset({0x01, *range(0xD0, 0xD8)})
_METADATA = frozenset({*range(0xE0, 0xF0), 0xFE})
_AFTER_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")


def read(data: bytes) -> Container:
    """Raises InvalidImage, naming the fault."""
    reading = _Reading(data)
    position = 2
    while True:
        start, marker = _marker(data, position)
        if marker == _EOI:
            return reading.finish(start)
        position = reading.segment(start, marker)


class _Reading:
    """What was found so far."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._keeper = Keeper()
        self._keeper.keep(0, 2)
        self._sides: tuple[int, int] | None = None
        self._turned = 0
        self._exif_goes = 1
        """Which part the new EXIF is put before: behind JFIF, which insists on being first."""
        self._scalable = False
        self._least = 0
        """Bytes that so many pixels need at the least; a decoder would fill up what is missing without a word."""
        self._scanned = 0
        """Bytes of compressed pixels."""

    def segment(self, start: int, marker: int) -> int:
        """Takes in one segment; answers where the next may begin."""
        if marker == _SOI:
            raise damaged("a second picture begins inside it")
        stop = start + 2 if marker in _ALONE else _segment_end(self._data, start)
        if marker in _METADATA:
            self._metadata(start, stop, marker)
            return stop
        if marker in _FRAMES:
            self._header(self._data[start + 4 : stop], _LEAST_BITS.get(marker, 0))
            self._scalable = marker in _SCALABLE
        if marker == _SOS:
            stop = self._scan(stop)
        self._keeper.keep(start, stop)
        return stop

    def finish(self, start: int) -> Container:
        """The end mark was found here."""
        if not (self._sides and self._scanned):
            raise damaged("it has no pixels")
        if self._scanned < self._least:
            raise damaged("it has fewer pixels than its header says")
        self._keeper.keep(start, start + 2)
        parts = self._keeper.parts
        if self._turned > 1:
            block = b"Exif\x00\x00" + upright_exif(self._turned)
            parts.insert(self._exif_goes, b"\xff\xe1" + (len(block) + 2).to_bytes(2, "big") + block)
        return Container(*self._sides, 1, self._turned or 1, tuple(parts), start + 2, self._scalable)

    def _header(self, content: bytes, least_bits: int) -> None:
        if self._sides:
            raise damaged("it has two headers")
        self._sides = _sides(content)
        self._least = _blocks(content, *self._sides) * least_bits // 8

    def _scan(self, position: int) -> int:
        """Passes over compressed pixels."""
        if not self._sides:
            raise damaged("its pixels come before its header")
        found = _AFTER_SCAN.search(self._data, position)
        if not found:
            raise cut_off("within the pixels")
        self._scanned += found.start() - position
        return found.start()

    def _metadata(self, start: int, stop: int, marker: int) -> None:
        """JFIF without its thumbnail, colour profiles, Adobe's mark of how colours are coded; of EXIF the turn."""
        content = self._data[start + 4 : stop]
        match marker:
            case 0xE0 if content.startswith(b"JFIF\x00") and len(content) >= 14:
                self._keeper.put(b"\xff\xe0\x00\x10" + content[:12] + b"\x00\x00")
                self._exif_goes = len(self._keeper.parts)
            case 0xE1 if content.startswith(b"Exif\x00\x00"):
                self._turned = self._turned or orientation(content[6:])
            case 0xE2 if content.startswith(b"ICC_PROFILE\x00"):
                self._keeper.keep(start, stop)
            case 0xEE if content.startswith(b"Adobe"):
                self._keeper.keep(start, stop)
            case _:
                pass


def _marker(data: bytes, position: int) -> tuple[int, int]:
    """Where the next marker is, and which; fill bytes and stray bytes before it are passed over."""
    at = data.find(b"\xff", position)
    while 0 <= at < len(data) - 1 and data[at + 1] in (0xFF, 0x00):
        at = data.find(b"\xff", at + 1)
    if at < 0 or at + 1 >= len(data):
        raise cut_off("without an end mark")
    return at, data[at + 1]


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
    samplings = [(frame[at] >> 4, frame[at] & 15) for at in range(7, min(len(frame), 6 + 3 * frame[5]), 3)]
    if not samplings or any(0 in sampling for sampling in samplings):
        raise damaged("its header makes no sense")
    across, down = (8 * max(sampling[axis] for sampling in samplings) for axis in (0, 1))
    return sum(-(-width * x // across) * -(-height * y // down) for x, y in samplings)
