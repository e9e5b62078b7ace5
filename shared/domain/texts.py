"""What people write: which characters a text may hold, and which a name keeps. Pure; the one place that decides it.

Nobody can see what is refused here, and it does something: control characters, what turns the direction of others' text
around, text hidden in tags or in rows of variation selectors. What scripts and emoji need stays: joiners, marks of
direction, a variation selector behind its character, the tags of a flag.
"""

import re
import unicodedata
from collections.abc import Iterator

MOST_MARKS = 10
"""Marks above, below and through one character. No script piles up more."""

_FLAG = "\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f"
"""A black flag and the tags that say whose it is, as for Scotland."""
_TAGS = "\U000e0000-\U000e007f"
_SELECTORS = "\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef"
_NO_CHARACTERS = "\ufdd0-\ufdef" + "".join(f"{chr(n << 16 | 0xFFFE)}-{chr(n << 16 | 0xFFFF)}" for n in range(17))
# Marks, signs and blanks of no width that neither emoji nor letters are made of.
_INVISIBLE = (
    "\u00ad\u061c\u180e\u200b\u200e\u200f\u2060-\u206f\ufeff\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0080-\U000e00ff\U000e01f0-\U000e0fff"
)
_BLANKS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and a symbol by their kind, and yet nothing is seen of them."""

_REFUSED = (
    ("a control character", re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]|\r(?!\n)")),
    ("what turns the direction of text around", re.compile("[\u202d\u202e]")),
    ("what is no character", re.compile(f"[{_NO_CHARACTERS}]")),
    ("a tag outside of a flag", re.compile(f"(?:{_FLAG})|(?P<wrong>[{_TAGS}])")),
    ("a second variation selector", re.compile(f"(?<=[{_SELECTORS}])[{_SELECTORS}]")),
)
_SUSPICIOUS = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069{_NO_CHARACTERS}{_TAGS}{_SELECTORS}]")
"""Whether anything but the number of marks has to be looked at: most texts have none of these."""
_NOT_IN_NAMES = re.compile(
    f"[\x00-\x1f\x7f-\x9f\u2028-\u202e\ud800-\udfff{_NO_CHARACTERS}{_INVISIBLE}]|({_FLAG})|[{_TAGS}]"
)
_MORE_SELECTORS = re.compile(f"(?<=[{_SELECTORS}])[{_SELECTORS}]+")
_ENDS = {"\u202a": "\u202c", "\u202b": "\u202c", "\u2066": "\u2069", "\u2067": "\u2069", "\u2068": "\u2069"}
"""What begins a piece of text with a direction of its own, and what ends it."""

_CONTROLS = r"\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202d\u202e\ufdd0-\ufdef\ufffe\uffff"
PATTERN = rf"^[^{_CONTROLS}]*$"
"""Most of what is refused as a regular expression that every tool reads, for the document."""
PATTERN_SEEN = (
    rf"^[^{_CONTROLS}]*[^{_CONTROLS}\s\u00ad\u0300-\u036f\u061c\u115f\u1160\u180b-\u180f\u200b-\u200f\u202a-\u202c"
    rf"\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb][^{_CONTROLS}]*$"
)
"""The same for a text of which something is visible."""


def read(text: object) -> object:
    """The text with its line breaks as `\\n`. Raises ValueError that names the first character which is refused, and
    its place in what was sent. Anything but a text is left to whoever asks next."""
    if not isinstance(text, str):
        return text
    for at, what in _wrong(text):
        raise ValueError(f"must not contain {what} (U+{ord(text[at]):04X} at character {at + 1})")
    return text.replace("\r\n", "\n")


def repaired(text: str) -> str:
    """A stranger's text as Postgres, JSON and a log take it: without NUL and halves of surrogate pairs."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def folded(text: str) -> str:
    """Case and composition taken out, for any script: texts that people call the same become the same. Not Postgres's
    lower(): what that knows depends on its locale."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def seen(text: str) -> str:
    """The text. Raises ValueError where there is something and nothing of it is visible."""
    if text.strip() and not any(map(visible, text)):
        raise ValueError("must have something visible")
    return text


def named(text: str) -> str:
    """The text as a name: composed, in one line, without what nobody sees and without piles of marks."""
    text = unicodedata.normalize("NFC", _NOT_IN_NAMES.sub(r"\1", text))
    text = _MORE_SELECTORS.sub("", text)
    if text.isascii():
        return text
    surplus = set(_surplus_marks(text))
    return "".join(character for at, character in enumerate(text) if at not in surplus) if surplus else text


def visible(character: str) -> bool:
    """Whether it is seen by itself. What this Python does not know yet is: it may be the next emoji."""
    kind = unicodedata.category(character)
    if kind == "Cn":
        return not re.match(f"[{_NO_CHARACTERS}{_INVISIBLE}{_TAGS}]", character)
    return kind not in ("Cc", "Cf", "Cs", "Mn", "Me", "Zs", "Zl", "Zp") and character not in _BLANKS


def _wrong(text: str) -> Iterator[tuple[int, str]]:
    """Where the first of each kind stands, and what it is."""
    if _SUSPICIOUS.search(text):
        for what, pattern in _REFUSED:
            for match in pattern.finditer(text):
                if "wrong" not in pattern.groupindex or match["wrong"]:
                    yield match.start(), what
                    break
        for at in _unpaired(text):
            yield at, "a direction that begins or ends alone"
    if not text.isascii():
        for at in _surplus_marks(text):
            yield at, f"more than {MOST_MARKS} marks on one character"


def _unpaired(text: str) -> list[int]:
    """Where a direction is begun and not ended, or ended and not begun: it would reach beyond the text."""
    opened: list[tuple[int, str]] = []
    for at, character in enumerate(text):
        if character in _ENDS:
            opened.append((at, _ENDS[character]))
        elif character in ("\u202c", "\u2069"):
            if not opened or opened[-1][1] != character:
                return [at]
            opened.pop()
    return [at for at, _ in opened]


def _surplus_marks(text: str) -> Iterator[int]:
    marks = 0
    for at, character in enumerate(text):
        kind = unicodedata.category(character)
        if kind in ("Mn", "Me"):
            marks += 1
            if marks > MOST_MARKS:
                yield at
        elif kind != "Cf":
            marks = 0
