"""Real picture files, made from code with Pillow and by hand; so their origin is this file and their licence the
project's. Each function answers the bytes of one file. What a decoder would refuse is made from one it takes.
"""

import functools
import io
import random
import struct
import zipfile
import zlib
from typing import Any

from PIL import Image, ImageCms, ImageDraw

GPS_NOTE = b"darkroom-gps-canary"
"""In the camera's metadata of `camera_jpeg`; must never be stored."""


@functools.cache
def painting(width: int = 640, height: int = 480, mode: str = "RGB", seed: int = 1) -> Image.Image:
    """Something with edges and gradients. Its left upper quarter is red, so that turning it can be seen."""
    picture = Image.linear_gradient("L").resize((width, height)).convert("RGB")
    draw, dice = ImageDraw.Draw(picture), random.Random(seed)
    for _ in range(12):
        left, top = dice.randrange(width), dice.randrange(height)
        colour = (dice.randrange(256), dice.randrange(256), dice.randrange(256))
        draw.ellipse((left, top, left + width // 5, top + height // 5), fill=colour)
    draw.rectangle((0, 0, width // 2, height // 2), fill=(220, 20, 20))
    picture = picture.convert(mode)
    if mode == "RGBA":
        picture.putalpha(Image.radial_gradient("L").resize((width, height)))
    return picture


def _saved(picture: Image.Image, form: str, **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


def jpeg(width: int = 640, height: int = 480, *, seed: int = 1, **options: Any) -> bytes:
    """A plain JPEG."""
    return _saved(painting(width, height, seed=seed), "JPEG", **{"quality": 85, **options})


def jpeg_in(mode: str, width: int, height: int, **options: Any) -> bytes:
    """A JPEG of other colours than red, green and blue: `L`, or `CMYK` with Adobe's segment."""
    return _saved(painting(width, height, mode), "JPEG", **options)


def png(width: int = 640, height: int = 480, *, mode: str = "RGB", seed: int = 1, **options: Any) -> bytes:
    """A plain PNG; `mode="RGBA"` has an alpha channel, `"P"` a palette."""
    return _saved(painting(width, height, mode, seed), "PNG", **options)


def webp(width: int = 640, height: int = 480, *, mode: str = "RGB", seed: int = 1, **options: Any) -> bytes:
    """A plain WebP, lossy unless `lossless=True`."""
    return _saved(painting(width, height, mode, seed), "WEBP", **{"method": 0, **options})


def noisy_jpeg(width: int, height: int, quality: int = 95) -> bytes:
    """A large file for its pixels: noise does not compress."""
    noise = Image.frombytes("RGB", (width, height), random.Random(1).randbytes(width * height * 3))
    return _saved(noise, "JPEG", quality=quality)


def flat_png(width: int, height: int) -> bytes:
    """Many pixels of one colour: a small file."""
    return _saved(Image.new("1", (width, height)), "PNG")


def progressive_jpeg() -> bytes:
    """Several scans."""
    return jpeg(progressive=True)


def cmyk_jpeg() -> bytes:
    """Print colours, with Adobe's segment."""
    return _saved(painting(mode="CMYK"), "JPEG")


def grey_jpeg() -> bytes:
    """One channel."""
    return _saved(painting(mode="L"), "JPEG")


@functools.cache  # It carries the second in which it was made.
def profile(*, wide: bool = False) -> bytes:
    """An ICC profile: sRGB, or one that is not."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB" if wide else "sRGB")).tobytes()


def exif(orientation: int = 1, *, camera: bool = True) -> Image.Exif:
    """What a phone writes: orientation, maker, place and a note."""
    found = Image.Exif()
    found[0x0112] = orientation
    if camera:
        found[0x010F] = "Canary Cameras"
        found.get_ifd(0x8825).update({1: "N", 2: (52.0, 30.0, 0.0), 3: "E", 4: (13.0, 22.0, 0.0)})
        found.get_ifd(0x8769).update({0x927C: GPS_NOTE})
    return found


def camera_jpeg(orientation: int = 6, width: int = 800, height: int = 600) -> bytes:
    """As a phone makes it: lying pixels and a turn, place, maker note, XMP, comment, profile."""
    return jpeg(
        width, height, exif=exif(orientation), icc_profile=profile(), comment=b"comment " + GPS_NOTE,
        xmp=b"<x:xmpmeta>" + GPS_NOTE + b"</x:xmpmeta>",
    )  # fmt: skip


def camera_png(orientation: int = 6) -> bytes:
    """The same for PNG, with text chunks."""
    from PIL.PngImagePlugin import PngInfo

    notes = PngInfo()
    notes.add_text("Comment", GPS_NOTE.decode())
    notes.add_itxt("XML:com.adobe.xmp", GPS_NOTE.decode(), zip=True)
    return png(exif=exif(orientation), icc_profile=profile(), pnginfo=notes, dpi=(300, 300))


def camera_webp(orientation: int = 6) -> bytes:
    """The same for WebP."""
    return webp(exif=exif(orientation), icc_profile=profile(), xmp=b"<x:xmpmeta>" + GPS_NOTE + b"</x:xmpmeta>")


def mpo() -> bytes:
    """A multi-picture JPEG, as stereo cameras and some phones write it."""
    return _saved(painting(), "MPO", save_all=True, append_images=[painting(320, 240, seed=2)])


def animated_png(frames: int = 3, width: int = 200, height: int = 150) -> bytes:
    """An APNG."""
    others = [painting(width, height, seed=2 + n) for n in range(frames - 1)]
    return _saved(painting(width, height), "PNG", save_all=True, append_images=others, duration=100)


def animated_webp(frames: int = 3, width: int = 200, height: int = 150) -> bytes:
    """An animated WebP."""
    others = [painting(width, height, seed=2 + n) for n in range(frames - 1)]
    return _saved(painting(width, height), "WEBP", save_all=True, append_images=others, duration=100, method=0)


def gif() -> bytes:
    """A format that is not taken."""
    return _saved(painting(mode="P"), "GIF")


def svg() -> bytes:
    """A picture that is a program."""
    return b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def zipped() -> bytes:
    """A ZIP archive, to append."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("run.sh", "#!/bin/sh\necho stowaway\n")
    return file.getvalue()


def png_bomb(width: int = 30_000, height: int = 30_000) -> bytes:
    """A few kilobytes that claim to be gigabytes."""
    return png_of((b"IHDR", ihdr(width, height)), (b"IDAT", zlib.compress(bytes(1_000_000), 9)), (b"IEND", b""))


def apng_bomb(frames: int = 5000) -> bytes:
    """Small frames, but more than anybody needs."""
    return png_bomb_of_frames(frames, 64, 64)


def png_bomb_of_frames(frames: int, width: int, height: int, announced: int | None = None) -> bytes:
    """An animation of black frames, small as a file whatever its size; it may announce another number of them."""
    pixels = zlib.compress(bytes((3 * width + 1) * height), 9)
    chunks = [
        (b"IHDR", ihdr(width, height)),
        (b"acTL", struct.pack(">II", frames if announced is None else announced, 0)),
    ]
    for number in range(frames):
        chunks.append((b"fcTL", struct.pack(">IIIIIHHBB", 2 * number, width, height, 0, 0, 1, 10, 0, 0)))
        chunks.append((b"IDAT", pixels) if number == 0 else (b"fdAT", struct.pack(">I", 2 * number - 1) + pixels))
    return png_of(*chunks, (b"IEND", b""))


def ihdr(width: int, height: int) -> bytes:
    """The content of a header chunk: eight bits, three colours."""
    return struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)


def flipped(data: bytes, at: int) -> bytes:
    """One bit changed."""
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def png_of(*chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG of exactly these chunks, with right checksums."""
    body = b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


def jpeg_claiming(width: int, height: int) -> bytes:
    """A small JPEG whose header lies about its size."""
    data = bytearray(jpeg(64, 64))
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def webp_claiming(width: int, height: int) -> bytes:
    """A small WebP with alpha whose extended header lies about its size."""
    data = bytearray(webp(64, 64, mode="RGBA"))
    assert data[12:16] == b"VP8X"
    data[24:27], data[27:30] = (width - 1).to_bytes(3, "little"), (height - 1).to_bytes(3, "little")
    return bytes(data)


def opened(data: bytes) -> Image.Image:
    """The picture in these bytes, decoded."""
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture
