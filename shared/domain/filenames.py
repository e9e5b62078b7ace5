"""File names as people wrote them, made safe to show. Pure. A name is never used as a path, whatever it says."""

import re

from shared.domain import texts

MAX_LENGTH = 255
"""Characters, and so at most about a kilobyte."""

_SEPARATORS = re.compile(r"[/\\]")


def safe(name: str, default: str) -> str:
    """The name, composed, without what could mislead or break a page; `default` where nothing visible is left."""
    name = texts.named(_SEPARATORS.sub("_", name)).strip()
    if not any(texts.visible(character) and character not in "._" for character in name):
        return default
    if len(name) <= MAX_LENGTH:
        return name
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension) > 10:
        return texts.named(name[:MAX_LENGTH]).rstrip()
    # Named again: a flag that was cut has tags too many.
    return texts.named(stem[: MAX_LENGTH - 1 - len(extension)]).rstrip() + dot + extension
