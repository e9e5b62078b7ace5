"""The compressed pixels of a PNG, inflated as far as its sides say, and freed of what is behind them. Pure.

Decoders stop when they have all rows; whatever was put behind them, in the compressed data or after it, would stay in
the file unseen. Hardly a picture has such a surplus. Of one that does, the rows are compressed again.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from upload_service.formats.png import SIGNATURE, chunks, made

_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_PIECE = 256 * 1024
_END = 64
"""Bytes. The end of compressed data is its last code, perhaps an empty block, and a checksum."""
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""Of an interlaced picture: first column and row, and how far to the next."""


@dataclass
class _Stream:
    """The pixels of the still picture, or of one frame."""

    data: bytes
    """The file."""
    size: int
    """Bytes that they are when they are inflated."""
    still: bool
    pieces: list[tuple[int, int]] = field(default_factory=list)
    """Where they lie in the file."""
    surplus: bool = False
    """Whether anything follows the pixels; known when all `rows` were read."""

    def rows(self) -> Iterator[bytes]:
        """The pixels, and not a byte more. Raises zlib.error where they are damaged."""
        inflating, left, rest = zlib.decompressobj(), self.size, b""
        compressed = self._compressed()
        for piece in compressed:
            rest = piece
            while rest and left and not inflating.eof:
                rows = inflating.decompress(rest, min(left, _PIECE))
                left -= len(rows)
                rest = inflating.unconsumed_tail
                yield rows
            if not left:
                break
        behind = rest
        for piece in compressed:
            behind += piece
            if len(behind) > _END:
                break
        self.surplus = len(behind) > _END or not _ends(inflating, behind)

    def _compressed(self) -> Iterator[bytes]:
        head = 8 if self.still else 12  # Length and type, and the number of a frame's chunk.
        for start, stop in self.pieces:
            for at in range(start + head, stop - 4, _PIECE):
                yield self.data[at : min(at + _PIECE, stop - 4)]


def without_surplus(data: bytes) -> bytes | None:
    """The file with nothing behind its pixels; None where that is so already. It has passed `png.read`.

    A file whose pixels are too few or damaged is left to the decoder, who says so.
    """
    streams = list(_streams(data))
    anew = {id(stream): new for stream in streams if (new := _compressed_again(stream)) is not None}
    if not anew:
        return None
    at = {piece: stream for stream in streams for piece in stream.pieces}
    kept, sequence = bytearray(SIGNATURE), 0
    for kind, start, stop in chunks(data):
        stream = at.get((start, stop))
        new = anew.get(id(stream)) if stream else None
        if stream and new is not None:
            if stream.pieces[0] != (start, stop):
                continue
            chunk = made(b"IDAT", new) if stream.still else made(b"fdAT", sequence.to_bytes(4, "big") + new)
        elif kind in (b"fcTL", b"fdAT"):
            # They are numbered through, and some may be gone.
            chunk = made(kind, sequence.to_bytes(4, "big") + data[start + 12 : stop - 4])
        else:
            chunk = data[start:stop]
        sequence += kind in (b"fcTL", b"fdAT")
        kept += chunk
    return bytes(kept)


def _streams(data: bytes) -> Iterator[_Stream]:
    header = data[16:29]
    width, height = int.from_bytes(header[:4], "big"), int.from_bytes(header[4:8], "big")
    still = _Stream(data, _inflated(header, width, height), still=True)
    frame: _Stream | None = None
    for kind, start, stop in chunks(data):
        if kind == b"fcTL":
            if frame is not None:
                yield frame
            sides = (int.from_bytes(data[start + 12 + n : start + 16 + n], "big") for n in (0, 4))
            frame = _Stream(data, _inflated(header, *sides), still=False)
        elif kind == b"IDAT":
            still.pieces.append((start, stop))
        elif kind == b"fdAT" and frame is not None:
            frame.pieces.append((start, stop))
    yield still
    if frame is not None:
        yield frame


def _inflated(header: bytes, width: int, height: int) -> int:
    """A row begins with the number of its filter."""
    bits = header[8] * _CHANNELS.get(header[9], 0)
    sides = [(width, height)]
    if header[12]:
        sides = [(-(-(width - x) // right), -(-(height - y) // down)) for x, y, right, down in _PASSES]
    return sum(down * (1 + -(-across * bits // 8)) for across, down in sides if across > 0 and down > 0)


def _compressed_again(stream: _Stream) -> bytes | None:
    try:
        if sum(map(len, stream.rows())) < stream.size or not stream.surplus:
            return None
    except zlib.error:
        return None
    packer, packed = zlib.compressobj(), bytearray()
    for rows in stream.rows():
        packed += packer.compress(rows)
    return bytes(packed + packer.flush())


def _ends(inflating: "zlib._Decompress", behind: bytes) -> bool:
    """Whether this is the end of compressed data, or a part of it, and holds nothing."""
    try:
        return inflating.decompress(behind, 1) == b"" and inflating.unused_data == b""
    except zlib.error:
        return False
