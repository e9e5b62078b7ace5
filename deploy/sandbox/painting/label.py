"""The mark on every painted picture: SANDBOX and the beginning of its prompt, small, in the lower left corner.
Nobody shall take a picture of the sandbox for a bought one.
"""

from __future__ import annotations

from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

WORD = "SANDBOX"


def mark(picture: Image.Image, prompt: str) -> None:
    """Writes into the picture itself."""
    short = min(picture.size)
    size = max(9, round(short * 0.0175))
    edge, pad = round(short * 0.026), round(size * 0.62)
    font = _font(size)
    word = "\u2009".join(WORD) if _known(font, "\u2009") else WORD
    caption = _fitting(" ".join(prompt.split()), font, picture.width * 0.62 - edge)
    word_wide, caption_wide = font.getlength(word), font.getlength(caption)
    wide = round(word_wide + caption_wide + pad * (3.4 if caption else 2))
    high = round(size * 1.95)
    left, top = edge, picture.height - edge - high
    corner = (left, top, left + wide, top + high)
    plate = picture.crop(corner)
    picture.paste(Image.blend(plate, Image.new("RGB", plate.size, (12, 14, 24)), 0.52), corner, _rounded(plate.size))
    pen = ImageDraw.Draw(picture)
    middle = top + high / 2
    pen.text((left + pad, middle), word, (255, 214, 120), font, anchor="lm")
    pen.text((left + pad * 2.4 + word_wide, middle), caption, (245, 245, 245), font, anchor="lm")


def _rounded(size: tuple[int, int]) -> Image.Image:
    fine = Image.new("L", (size[0] * 4, size[1] * 4))
    ImageDraw.Draw(fine).rounded_rectangle((0, 0, *fine.size), radius=fine.height // 2, fill=255)
    return fine.reduce(4)


def _fitting(text: str, font: Font, room: float) -> str:
    shown = "".join(letter for letter in text[:90] if _known(font, letter)).strip()
    cut = shown != text
    while shown and font.getlength(shown + "…") > room:
        shown, cut = shown[:-1], True
    return shown.rstrip() + "…" if shown and cut else shown


@lru_cache(maxsize=16)
def _font(size: int) -> Font:
    return ImageFont.load_default(size)


@lru_cache(maxsize=4096)
def _known(font: Font, letter: str) -> bool:
    """The built-in font knows Latin only; a prompt in another script shows no row of empty boxes."""
    return letter == " " or bytes(font.getmask(letter)) != bytes(font.getmask("\uffff"))
