"""Whether a file is a picture we take, and what is kept of it. Pure: bytes in, Accepted out, or a Problem that names
the fault. Runs in a decoder process (`decoders.py`), because a hostile file may crash or hang whatever decodes it.

Animations are stored as they came, all frames; their frames count against the pixel limit.
"""

import io
import warnings
from dataclasses import dataclass
from typing import Literal

from PIL import Image, ImageFile, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from shared.domain.errors import InvalidImage, TooManyPixels, UnsupportedMediaType
from upload_service.formats import jpeg, png, png_pixels, webp
from upload_service.formats.container import Container, Part, damaged, joined, refuse_stowaway, size

Format = Literal["jpeg", "png", "webp"]

MAX_FRAMES = 1000
"""Frames of one animation, however small: each costs time."""

_READ = {"jpeg": jpeg.read, "png": png.read, "webp": webp.read}
_PLUGINS = (JpegImagePlugin, PngImagePlugin, WebPImagePlugin)  # imported here, not when the first picture comes
_OTHERS = (
    (0, b"GIF8", "a GIF"), (0, b"BM", "a BMP"), (0, b"II*\x00", "a TIFF"), (0, b"MM\x00*", "a TIFF"),
    (4, b"ftyphei", "a HEIC"), (4, b"ftypmif1", "a HEIC"), (4, b"ftypavif", "an AVIF"), (4, b"ftyp", "a film"),
    (0, b"%PDF", "a PDF"), (0, b"PK\x03\x04", "a ZIP archive"), (0, b"<svg", "an SVG"), (0, b"<?xml", "XML"),
    (0, b"8BPS", "a Photoshop file"), (0, b"\xff\x0a", "a JPEG XL"), (4, b"JXL ", "a JPEG XL"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Accepted:
    """A picture that decodes."""

    format: Format
    """Decided by bytes; what the sender called it does not matter."""
    width: int
    """Pixels as people see it, EXIF orientation applied."""
    height: int
    """The same."""
    bytes: int
    """Size of the cleaned file."""
    frames: int
    """1 for a still picture."""
    transparent: bool
    """Whether it has an alpha channel or a transparent colour."""
    srgb: bool
    """False for CMYK and for a colour profile other than sRGB."""
    parts: tuple[Part, ...]
    """The cleaned file: ranges of the original, and new bytes between them."""


def inspect(data: bytes, max_pixels: int) -> Accepted:
    """All questions to a file, the cheapest first. Raises UnsupportedMediaType, TooManyPixels, InvalidImage."""
    form = sniff(data)
    container = _READ[form](data)
    _check_limits(container, max_pixels)
    refuse_stowaway(data[container.end :])
    kept = joined(data, container.parts)
    parts = container.parts
    if form == "png" and (without := png_pixels.without_surplus(kept)):
        kept, parts = without, (without,)
    transparent, srgb = _decode(form, container, kept)
    sides = (container.width, container.height)
    width, height = sides if container.orientation <= 4 else sides[::-1]
    return Accepted(form, width, height, size(parts), container.frames, transparent, srgb, parts)


def sniff(data: bytes) -> Format:
    """The format by the first bytes. Raises UnsupportedMediaType, saying what it looks like."""
    if data.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if data.startswith(png.SIGNATURE):
        return "png"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "webp"
    if not data:
        raise InvalidImage("The file is empty")
    head = data.lstrip()[:64] if data[:1].isspace() else data[:64]
    looks = next((name for at, sign, name in _OTHERS if head.startswith(sign, at)), "something else")
    raise UnsupportedMediaType(f"It is {looks}; JPEG, PNG and WebP are taken")


def _check_limits(container: Container, max_pixels: int) -> None:
    if container.frames > MAX_FRAMES:
        raise TooManyPixels(f"The animation has {container.frames} frames; {MAX_FRAMES} are taken")
    pixels = container.width * container.height * container.frames
    if pixels > max_pixels:
        over = f" over {container.frames} frames" if container.frames > 1 else ""
        raise TooManyPixels(f"The picture has {pixels:,} pixels{over}; {max_pixels:,} are taken")


def _decode(form: Format, container: Container, cleaned: bytes) -> tuple[bool, bool]:
    """Decodes every pixel of every frame: Pillow's own `verify` passes a JPEG that was cut in half.

    Of a JPEG a picture of an eighth of its sides is made: every code in the file is still read, and what libjpeg calls
    an error does not depend on the scale, but the pixels need a sixtieth of the memory and half of the time.

    Answers whether it has transparency, and whether its colours are sRGB.
    """
    Image.MAX_IMAGE_PIXELS = None  # our own limit was checked before; Pillow's is higher and only warns
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(io.BytesIO(cleaned), formats=[form]) as picture:
            if picture.size != (container.width, container.height):
                raise damaged("its pixels are not as many as its header says")
            transparent = picture.has_transparency_data
            srgb = picture.mode != "CMYK" and is_srgb(picture.info.get("icc_profile"))
            if container.scalable:
                picture.draft(None, (1, 1))
            for frame in range(getattr(picture, "n_frames", 1)):
                picture.seek(frame)
                picture.load()
    except InvalidImage:
        raise
    except Exception as fault:  # noqa: BLE001 - a decoder fed with garbage raises whatever it likes
        raise InvalidImage(f"The picture cannot be decoded: {_brief(fault)}") from None
    return transparent, srgb


def is_srgb(profile: bytes | None) -> bool:
    """Whether colours with this profile, or without one, are the web's."""
    return not profile or b"sRGB" in profile or "sRGB".encode("utf-16-be") in profile


def _brief(fault: Exception) -> str:
    text = str(fault).partition("<")[0].strip(" .,:")  # Pillow names Python objects in angle brackets
    return text[:120] if text.isascii() and text else "it is damaged"
