"""What tells of a prompt: the name of its picture, often its alt text; and how it is taken out of them. Pure."""

import re
import unicodedata

from shared.domain import texts
from shared.domain.renditions import PRESETS

_NAMED = 60
"""Characters of a prompt that its picture is named by."""
_TELLING = 12
"""A shorter text that is found in another one says nothing: `a cat` is in `a cat in the rain` by chance."""
_NOBODYS = "picture"
_JOINERS = frozenset("\u200c\u200d")


def filename(prompt: str, extension: str) -> str:
    """The beginning of the prompt, as a person would name the file."""
    return f"{_stem(prompt) or _NOBODYS}.{extension}"


def name_without(name: str, prompt: str | None) -> str:
    """The filename of a picture made of this prompt or copied from one: another one where it tells of the prompt.

    None is a prompt that nobody knows any more: then every name may tell of it.
    """
    stem, dot, extension = name.rpartition(".")
    if prompt is not None and not any(_tells(stem or name, told) for told in (_stem(prompt), _stem_before(prompt))):
        return name
    copy = next((f"-{preset}" for preset in PRESETS if stem.endswith(f"-{preset}")), "")
    return f"{_NOBODYS}{copy}{dot}{extension if dot else ''}"


def alt_without(alt_text: str | None, prompt: str | None) -> str | None:
    """The alt text, or None where it tells of the prompt: the studio proposes the prompt itself."""
    tells = alt_text and (prompt is None or _tells(alt_text, prompt))
    return None if tells else alt_text


def _stem(prompt: str) -> str:
    """Its words, with the marks and joiners that their scripts write them with."""
    kept, stays = "", False
    for character in " ".join(texts.named(" ".join(prompt.split())).split()):
        kind = unicodedata.category(character)[0]
        if kind != "M" and character not in _JOINERS:  # Those go with the character before them.
            stays = kind in "LN" or character in "-_"
        if stays or character == " ":
            kept += character
    return " ".join(kept.split())[:_NAMED].strip()


def _stem_before(prompt: str) -> str:
    """As the pictures of earlier versions are named: without marks, which many scripts need."""
    words = re.sub(r"[^\w\- ]+", "", prompt, flags=re.UNICODE).split()
    return " ".join(words)[:_NAMED].strip()


def _tells(text: str, prompt: str) -> bool:
    """Whether the text is the prompt, its beginning, or holds it."""
    text, prompt = _fold(text), _fold(prompt)
    if not prompt:
        return False
    if min(len(text), len(prompt)) < _TELLING:
        return text == prompt or text in {_fold(f"{prompt}-{preset}") for preset in PRESETS}
    return prompt in text or prompt.startswith(text)


def _fold(text: str) -> str:
    return unicodedata.normalize("NFC", text.casefold()).strip()
