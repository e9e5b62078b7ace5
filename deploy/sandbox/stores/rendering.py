"""Derives a picture from a stored one: sizes, crops, pads, backgrounds, format. Pillow's work, for a thread.
What a URL asks for is read in transformations.py.
"""

from __future__ import annotations

import io

from PIL import Image, ImageCms, ImageFilter, ImageOps

from deploy.sandbox.stores.transformations import Blur, Size, Step

MIME = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp", "gif": "image/gif"}


def render(picture: bytes, steps: list[Step], image_format: str) -> bytes:
    with Image.open(io.BytesIO(picture)) as opened:
        image = _plain(opened)
    for step in steps:
        if step.is_resize:
            image = _applied(image, step)
    quality = next((step.quality for step in reversed(steps) if step.quality), 85)
    return _encoded(image, image_format, quality)


def has_alpha(picture: bytes) -> bool:
    with Image.open(io.BytesIO(picture)) as image:
        return image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info


def _plain(opened: Image.Image) -> Image.Image:
    """The first frame, upright, in sRGB, as RGB or RGBA."""
    upright = ImageOps.exif_transpose(opened)
    mode = "RGBA" if upright.mode in {"RGBA", "LA", "PA"} or "transparency" in upright.info else "RGB"
    profile = upright.info.get("icc_profile")
    if profile and upright.mode in {"RGB", "CMYK"}:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(upright, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except (ImageCms.PyCMSError, OSError):
            converted = None  # An unusable profile: the plain conversion below has to do.
        if converted is not None:
            return converted
    return upright.convert(mode)


def _applied(image: Image.Image, step: Step) -> Image.Image:
    box = step.box(image.size)
    match step.crop:
        case "scale":
            return _resized(image, box)
        case "fit" | "limit":
            return _resized(image, _inside(image.size, box, enlarge=step.crop == "fit"))
        case "fill" | "lfill":
            return _filled(image, box, step)
        case "pad" | "lpad":
            return _padded(image, box, step)
        case _:
            wanted = (min(box[0], image.width), min(box[1], image.height))
            return image.crop(_window(image, wanted, step))


def _resized(image: Image.Image, size: Size) -> Image.Image:
    return image if size == image.size else image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)


def _inside(size: Size, box: Size, *, enlarge: bool) -> Size:
    scale = min(box[0] / size[0], box[1] / size[1])
    if scale >= 1 and not enlarge:
        return size
    return max(1, min(box[0], round(size[0] * scale))), max(1, min(box[1], round(size[1] * scale)))


def _filled(image: Image.Image, box: Size, step: Step) -> Image.Image:
    """Covers the box and cuts what stands out. `lfill` never enlarges, so a small picture gives a smaller cut."""
    scale = max(box[0] / image.width, box[1] / image.height)
    if step.crop == "lfill":
        scale = min(1.0, scale)
    covering = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    if step.crop == "fill":
        covering = (max(covering[0], box[0]), max(covering[1], box[1]))
    image = _resized(image, covering)
    return image.crop(_window(image, (min(box[0], image.width), min(box[1], image.height)), step))


def _padded(image: Image.Image, box: Size, step: Step) -> Image.Image:
    inner = _resized(image, _inside(image.size, box, enlarge=step.crop == "pad"))
    canvas = _background(image, box, step)
    left, top = _anchor((box[0] - inner.width, box[1] - inner.height), step.gravity)
    canvas.paste(inner, (left, top), inner if inner.mode == "RGBA" else None)
    return canvas


def _background(image: Image.Image, box: Size, step: Step) -> Image.Image:
    if not isinstance(step.background, Blur):
        return Image.new("RGB", box, step.background)
    small = (max(1, box[0] // 8), max(1, box[1] // 8))
    blurred = ImageOps.fit(image.convert("RGB"), small).filter(ImageFilter.GaussianBlur(step.background.intensity / 60))
    lift = round(step.background.brightness * 1.2)
    lit = blurred.point([min(255, max(0, level + lift)) for level in range(256)] * 3)
    return lit.resize(box, Image.Resampling.BICUBIC)


def _window(image: Image.Image, wanted: Size, step: Step) -> tuple[int, int, int, int]:
    free = (image.width - wanted[0], image.height - wanted[1])
    if step.crop == "crop" and (step.x is not None or step.y is not None):
        left, top = min(step.x or 0, free[0]), min(step.y or 0, free[1])
    elif step.gravity == "auto":
        left, top = _liveliest(image, wanted)
    else:
        left, top = _anchor(free, step.gravity)
    return left, top, left + wanted[0], top + wanted[1]


def _anchor(free: Size, gravity: str) -> tuple[int, int]:
    left = 0 if gravity.endswith("west") else free[0] if gravity.endswith("east") else free[0] // 2
    top = 0 if gravity.startswith("north") else free[1] if gravity.startswith("south") else free[1] // 2
    return left, top


def _liveliest(image: Image.Image, wanted: Size) -> tuple[int, int]:
    """Where most edges are, in favour of the middle: a plain stand-in for the vendor's eye."""
    small = image.convert("L").resize((64, 64)).filter(ImageFilter.FIND_EDGES).crop((2, 2, 62, 62))
    across, down = small.resize((60, 1), Image.Resampling.BOX), small.resize((1, 60), Image.Resampling.BOX)
    return _best(across.tobytes(), image.width, wanted[0]), _best(down.tobytes(), image.height, wanted[1])


def _best(edges: bytes, whole: int, wanted: int) -> int:
    free = whole - wanted
    if free <= 0:
        return 0
    span = max(1, round(len(edges) * wanted / whole))
    places = len(edges) - span

    def worth(place: int) -> float:
        off_centre = abs(place - places / 2) / max(1, places)
        return sum(edges[place : place + span]) * (1 - 0.35 * off_centre)

    return round(free * max(range(places + 1), key=worth) / places) if places else free // 2


def _encoded(image: Image.Image, image_format: str, quality: int) -> bytes:
    out = io.BytesIO()
    if image_format == "png":
        image.save(out, "PNG", compress_level=3)
    elif image_format == "webp":
        image.save(out, "WEBP", quality=quality, method=1)
    else:
        flat = image
        if image.mode == "RGBA":
            flat = Image.new("RGB", image.size, (255, 255, 255))
            flat.paste(image, (0, 0), image)
        flat.save(out, "JPEG", quality=min(quality, 95), progressive=True)
    return out.getvalue()
