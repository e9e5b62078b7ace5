"""Picture files made by hand: those that cost much for their size, and those that carry something besides a picture."""

import struct
import zlib

from tests import pictures

CANARY = b"darkroom-stowaway-canary"
"""What is carried; must never be stored."""


def jpeg_of_scans(count: int, width: int = 640, height: int = 480) -> bytes:
    """A progressive JPEG with so many scans that change nothing behind its own."""
    data = pictures.jpeg(width, height, progressive=True)
    empty = b"\xff\xda\x00\x08\x01\x01\x00\x3f\x3f\x10"
    return data[:-2] + count * empty + data[-2:]


def jpeg_with(kind: int, content: bytes, data: bytes | None = None) -> bytes:
    """A JPEG with one segment more, behind its first."""
    data = data or pictures.jpeg()
    return data[:20] + b"\xff" + bytes([kind]) + (len(content) + 2).to_bytes(2, "big") + content + data[20:]


def jpeg_of_kind(marker: int) -> bytes:
    """A JPEG whose header says that it was compressed in another way."""
    return pictures.jpeg().replace(b"\xff\xc0", bytes([0xFF, marker]), 1)


def jpeg_with_adobe(tail: bytes) -> bytes:
    """Adobe's segment with something behind it."""
    data = pictures.cmyk_jpeg()
    at = data.index(b"\xff\xee") + 2
    length = int.from_bytes(data[at : at + 2], "big")
    return data[:at] + (length + len(tail)).to_bytes(2, "big") + data[at + 2 : at + length] + tail + data[at + length :]


def jpeg_with_restart(behind: bytes) -> bytes:
    """A restart that no interval asks for, behind the last pixel."""
    data = pictures.jpeg()
    return data[:-2] + b"\xff\xd0" + behind + data[-2:]


def jpeg_with_filler(behind: bytes, data: bytes | None = None) -> bytes:
    """Bytes behind the codes of the last pixel, where decoders pass over them."""
    data = data or pictures.jpeg()
    return data[:-2] + behind + data[-2:]


def webp_with_filler(behind: bytes, data: bytes | None = None) -> bytes:
    """The same, in the chunk of the pixels."""
    data = data or pictures.webp()
    length = int.from_bytes(data[16:20], "little")
    pixels = data[20 : 20 + length] + behind + bytes((length + len(behind)) % 2)
    body = b"WEBP" + data[12:16] + (length + len(behind)).to_bytes(4, "little") + pixels
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def jpeg_with_restarts() -> bytes:
    """One restart in each row of blocks, as fast encoders write them."""
    return pictures.jpeg(restart_marker_rows=1)


def png_with(*chunks: tuple[bytes, bytes], data: bytes | None = None) -> bytes:
    """A PNG with more chunks, behind its header."""
    data = data or pictures.png()
    return data[:33] + pictures.png_of(*chunks)[8:] + data[33:]


def png_of_rows(inflated_surplus: bytes = b"", behind: bytes = b"", *, pieces: int = 0) -> bytes:
    """A PNG of 64 by 64 pixels: bytes behind its rows, compressed with them or not, and empty chunks before them."""
    rows = b"".join(b"\x00" + bytes(range(192)) for _ in range(64))
    packed = zlib.compress(rows + inflated_surplus, 9) + behind
    empty = pieces * [(b"IDAT", b"")]
    return pictures.png_of((b"IHDR", pictures.ihdr(64, 64)), *empty, (b"IDAT", packed), (b"IEND", b""))


def png_with_profile(profile: bytes, name: bytes = b"sRGB") -> bytes:
    """A PNG with a colour profile."""
    return png_with((b"iCCP", name + b"\0\0" + zlib.compress(profile)))


def apng_with_surplus(surplus: bytes) -> bytes:
    """An animation of two frames; something is compressed with the pixels of each."""
    rows = b"".join(b"\x00" + bytes(range(192)) for _ in range(64))
    control = [struct.pack(">IIIIIHHBB", number, 64, 64, 0, 0, 1, 10, 0, 0) for number in (0, 1)]
    packed = zlib.compress(rows + surplus)
    half = len(packed) // 2
    return pictures.png_of(
        (b"IHDR", pictures.ihdr(64, 64)), (b"acTL", struct.pack(">II", 2, 0)),
        (b"fcTL", control[0]), (b"IDAT", packed),
        (b"fcTL", control[1]), (b"fdAT", struct.pack(">I", 2) + packed[:half]),
        (b"fdAT", struct.pack(">I", 3) + packed[half:]), (b"IEND", b""),
    )  # fmt: skip


def profile_with(tag: bytes, content: bytes, old: bytes | None = None) -> bytes:
    """The profile of `pictures`, or another, with one tag more."""
    old = old or pictures.profile()
    count = int.from_bytes(old[128:132], "big")
    content += bytes(-len(content) % 4)
    table = bytearray()
    for at in range(132, 132 + 12 * count, 12):
        table += old[at : at + 4] + (int.from_bytes(old[at + 4 : at + 8], "big") + 12).to_bytes(4, "big")
        table += old[at + 8 : at + 12]
    table += tag + (len(old) + 12).to_bytes(4, "big") + len(content).to_bytes(4, "big")
    whole = old[4:128] + (count + 1).to_bytes(4, "big") + bytes(table) + old[132 + 12 * count :] + content
    return (len(whole) + 4).to_bytes(4, "big") + whole


def webp_with_frame_chunks(*chunks: tuple[bytes, bytes]) -> bytes:
    """An animated WebP with more chunks in its first frame."""
    data = pictures.animated_webp()
    at = data.index(b"ANMF")
    length = int.from_bytes(data[at + 4 : at + 8], "little")
    more = b"".join(kind + len(c).to_bytes(4, "little") + c + bytes(len(c) % 2) for kind, c in chunks)
    grown = data[12 : at + 4] + (length + len(more)).to_bytes(4, "little") + data[at + 8 : at + 8 + length] + more
    body = b"WEBP" + grown + data[at + 8 + length :]
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def webp_of_pieces(count: int) -> bytes:
    """A WebP with so many chunks that nobody knows."""
    data = pictures.webp()
    body = data[8:] + count * b"abcd\0\0\0\0"
    return b"RIFF" + len(body).to_bytes(4, "little") + body
