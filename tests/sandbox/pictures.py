"""Pictures to upload, and the model that most of the sandbox's tests ask."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image

MODEL = "gpt-image-2.5-flare"


def image_bytes(width: int, height: int, image_format: str = "JPEG", mode: str = "RGB", **options: Any) -> bytes:
    """Left half red, right half blue."""
    image = Image.new(mode, (width, height), "red")
    image.paste("blue", (width // 2, 0, width, height))
    out = io.BytesIO()
    image.save(out, image_format, **options)
    return out.getvalue()


def opened(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image
