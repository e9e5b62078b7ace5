"""File names as people wrote them, made safe to show. Pure. A name is never used as a path, whatever it says."""

import re
import unicodedata

MAX_LENGTH = 255
"""Characters, and so at most about a kilobyte."""

_SEPARATORS = re.compile(r"[/\\]")
# Control characters, line separators, surrogates and noncharacters; and what turns the direction of text around, which
# makes `gpj.exe` look like `exe.jpg`. Joiners stay: several scripts and most emoji need them.
_UNSAFE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)


def safe(name: str, default: str) -> str:
    """The name, composed, without what could mislead or break a page; `default` where nothing visible is left."""
    name = unicodedata.normalize("NFC", _UNSAFE.sub("", _SEPARATORS.sub("_", name))).strip()
    if not any(_visible(character) for character in name):
        return default
    if len(name) <= MAX_LENGTH:
        return name
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension) > 10:
        return name[:MAX_LENGTH].rstrip()
    return stem[: MAX_LENGTH - 1 - len(extension)].rstrip() + dot + extension


def _visible(character: str) -> bool:
    return character not in "._" and unicodedata.category(character) not in ("Cf", "Mn", "Me", "Zs", "Cn", "Cs")
