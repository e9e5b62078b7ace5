"""What the played Cloudinary makes of the bytes and fields of an upload, refusing what the vendor refuses.
Pure but for Pillow's work, which belongs in a thread; storing is file_store.py's.
"""

from __future__ import annotations

import hashlib
import io
import re
import uuid
from collections.abc import Mapping

from PIL import Image

from deploy.sandbox.stores.cloudinary_responses import CloudinaryError
from deploy.sandbox.stores.file_store import Record

MOST_BYTES = 10_485_760
MOST_PIXELS = 25_000_000
FORMATS = {"JPEG": "jpg", "MPO": "jpg", "PNG": "png", "WEBP": "webp"}
OPENED_AS = [name for name in FORMATS if name != "MPO"]  # Pillow opens one as a JPEG and tells only afterwards.


def examine(picture: bytes, fields: Mapping[str, str], filename: str | None) -> Record:
    """The record of an upload that may be stored. Raises CloudinaryError."""
    if not picture:
        raise CloudinaryError(400, "Missing required parameter - file" if filename is None else "Empty file")
    if len(picture) > MOST_BYTES:
        message = (
            f"File size too large. Got {len(picture)}. Maximum is {MOST_BYTES}. "
            "Upgrade your plan to enjoy higher limits https://www.cloudinary.com/pricing/upgrades/file-limit"
        )
        raise CloudinaryError(400, message)
    image_format, width, height = _decode(picture)
    allowed = [one.strip() for one in fields.get("allowed_formats", "").split(",") if one.strip()]
    if allowed and image_format not in allowed and not (image_format == "jpg" and "jpeg" in allowed):
        raise CloudinaryError(400, f"Image file format {image_format} not allowed")
    return Record(
        public_id=public_id(fields),
        format=image_format,
        width=width,
        height=height,
        bytes=len(picture),
        etag=hashlib.md5(picture, usedforsecurity=False).hexdigest(),
        tags=tags(fields) or (),
        context=context(fields) or {},
    )


def public_id(fields: Mapping[str, str]) -> str:
    """The one asked for, or a random one."""
    name = fields.get("public_id", "").strip("/")
    if name and (re.search(r"[?&#\\%<>+\x00-\x1f]", name) or len(name) > 255):
        raise CloudinaryError(400, f"public_id ({name[:80]}) is invalid")
    return name or uuid.uuid4().hex[:20]


def tags(fields: Mapping[str, str]) -> tuple[str, ...] | None:
    """None when the request does not speak of tags."""
    if "tags" not in fields:
        return None
    return tuple(tag.strip() for tag in fields["tags"].split(",") if tag.strip())


def context(fields: Mapping[str, str]) -> dict[str, str] | None:
    """`key=value|key=value`, where a backslash keeps `=` and `|` inside a value."""
    if "context" not in fields:
        return None
    pairs = (re.split(r"(?<!\\)=", pair, maxsplit=1) for pair in re.split(r"(?<!\\)\|", fields["context"]))
    return {pair[0]: re.sub(r"\\([=|])", r"\1", pair[1]) for pair in pairs if len(pair) == 2}


def _decode(picture: bytes) -> tuple[str, int, int]:
    try:
        with Image.open(io.BytesIO(picture), formats=OPENED_AS) as image:
            if image.width * image.height > MOST_PIXELS:
                most, size = MOST_PIXELS // 1_000_000, image.width * image.height / 1_000_000
                raise CloudinaryError(400, f"Maximum image size is {most} Megapixels. Requested {size:.2f} Megapixels")
            image.load()
            return FORMATS[image.format or ""], image.width, image.height
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise CloudinaryError(400, "Invalid image file") from None
