"""What tells of a prompt: the name of its picture, often its alt text; and how it is taken out of them. Pure."""

import re
import unicodedata

from shared.renditions import PRESETS

_NAMED = 60
"""Characters of a prompt that its picture is named by."""
_TELLING = 12
"""A shorter text that is found in another one says nothing: `a cat` is in `a cat in the rain` by chance."""
_NOBODYS = "picture"


def filename(prompt: str, extension: str) -> str:
    """The beginning of the prompt, as a person would name the file."""
    return f"{_stem(prompt) or _NOBODYS}.{extension}"


def name_without(name: str, prompt: str | None) -> str:
    """The filename of a picture made of this prompt or copied from one: another one where it tells of the prompt.

    None is a prompt that nobody knows any more: then every name may tell of it.
    """
    stem, dot, extension = name.rpartition(".")
    if prompt is not None and not _tells(stem or name, _stem(prompt)):
        return name
    copy = next((f"-{preset}" for preset in PRESETS if stem.endswith(f"-{preset}")), "")
    return f"{_NOBODYS}{copy}{dot}{extension if dot else ''}"


def alt_without(alt_text: str | None, prompt: str | None) -> str | None:
    """The alt text, or None where it tells of the prompt: the studio proposes the prompt itself."""
    told = alt_text and (prompt is None or _tells(alt_text, prompt))
    return None if told else alt_text


def _stem(prompt: str) -> str:
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
