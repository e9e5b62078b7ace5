"""Derives a picture from a stored one: sizes, crops, pads, backgrounds, format. Pillow's work, for a thread.
What a URL asks for is read in transformations.py.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

from PIL import Image, ImageCms, ImageFilter, ImageOps

from deploy.sandbox.stores.transformations import Blur, Size, Step

_SMOOTH = Image.Resampling.LANCZOS

MIME = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp"}


def render(picture: bytes, steps: Sequence[Step], image_format: str) -> bytes:
    """The file of what the steps make of a picture's file; `image_format` is jpg, png or webp."""
    with Image.open(io.BytesIO(picture)) as opened:
        image = _plain(opened)
    for step in steps:
        if step.is_resize:
            image = _applied(image, step)
    quality = next((step.quality for step in reversed(steps) if step.quality), 85)
    return _encoded(image, image_format, quality)


def has_alpha(picture: bytes) -> bool:
    """Whether a picture's file can be transparent."""
    with Image.open(io.BytesIO(picture)) as image:
        return _is_transparent(image)


def _is_transparent(image: Image.Image) -> bool:
    return image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info


def _plain(opened: Image.Image) -> Image.Image:
    """The first frame, upright, in sRGB, as RGB or RGBA."""
    upright = ImageOps.exif_transpose(opened)
    profile = upright.info.get("icc_profile")
    if profile and upright.mode in {"RGB", "CMYK"}:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(upright, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except (ImageCms.PyCMSError, OSError):
            converted = None  # An unusable profile: the plain conversion below has to do.
        if converted is not None:
            return converted
    return upright.convert("RGBA" if _is_transparent(upright) else "RGB")


def _applied(image: Image.Image, step: Step) -> Image.Image:
    wide, high = step.box(image.size)
    smaller = min(wide, image.width), min(high, image.height)
    match step.crop:
        case "scale":
            return image.resize((wide, high), _SMOOTH)
        case "fit":
            return ImageOps.contain(image, (wide, high), _SMOOTH)
        case "limit":
            return _limited(image, (wide, high))
        case "fill" | "lfill":
            size = smaller if step.crop == "lfill" else (wide, high)
            return ImageOps.fit(image, size, _SMOOTH, centering=_centering(image, step))
        case "pad" | "lpad":
            return _padded(image, (wide, high), step)
        case _:
            across, down = _centering(image, step)
            left, top = round((image.width - smaller[0]) * across), round((image.height - smaller[1]) * down)
            return image.crop((left, top, left + smaller[0], top + smaller[1]))


def _limited(image: Image.Image, box: Size) -> Image.Image:
    """Inside the box, never enlarged."""
    fits = image.width <= box[0] and image.height <= box[1]
    return image if fits else ImageOps.contain(image, box, _SMOOTH)


def _padded(image: Image.Image, box: Size, step: Step) -> Image.Image:
    inner = ImageOps.contain(image, box, _SMOOTH) if step.crop == "pad" else _limited(image, box)
    behind = step.background
    canvas = _blurred(image, box, behind) if isinstance(behind, Blur) else Image.new("RGB", box, behind)
    corner = (box[0] - inner.width) // 2, (box[1] - inner.height) // 2
    canvas.paste(inner, corner, inner if inner.mode == "RGBA" else None)
    return canvas


def _blurred(image: Image.Image, box: Size, blur: Blur) -> Image.Image:
    small = ImageOps.fit(image.convert("RGB"), (max(1, box[0] // 8), max(1, box[1] // 8)))
    lift = round(blur.brightness * 1.2)
    lit = small.filter(ImageFilter.GaussianBlur(blur.intensity / 60)).point(lambda level: level + lift)
    return lit.resize(box, Image.Resampling.BICUBIC)


def _centering(image: Image.Image, step: Step) -> tuple[float, float]:
    """Where a part of the picture is cut out, from 0 to 1 across and down: in the middle, or with automatic gravity
    around the centre of all edges, a plain stand-in for the vendor's eye."""
    if step.gravity != "auto":
        return 0.5, 0.5
    small = image.convert("L").resize((64, 64)).filter(ImageFilter.FIND_EDGES).crop((2, 2, 62, 62))
    return _centre(small.resize((60, 1), Image.Resampling.BOX)), _centre(small.resize((1, 60), Image.Resampling.BOX))


def _centre(line: Image.Image) -> float:
    weights = line.tobytes()
    total = sum(weights) * (len(weights) - 1)
    return sum(place * weight for place, weight in enumerate(weights)) / total if total else 0.5


def _encoded(image: Image.Image, image_format: str, quality: int) -> bytes:
    out = io.BytesIO()
    if image_format == "png":
        image.save(out, "PNG", compress_level=3)
    elif image_format == "webp":
        image.save(out, "WEBP", quality=quality, method=1)
    else:
        flat = Image.new("RGB", image.size, (255, 255, 255))
        flat.paste(image, (0, 0), image if image.mode == "RGBA" else None)
        flat.save(out, "JPEG", quality=min(quality, 95), progressive=True)
    return out.getvalue()
