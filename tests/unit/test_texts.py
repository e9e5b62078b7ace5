"""What people write is kept as they wrote it; what nobody sees and what does something is refused, and named."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain import texts

SCOTLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"
HONEST = [
    "a red fox",
    "one line\nand another\n\n\tindented",
    "می‌خواهم",
    "👩‍👩‍👧 ❤️ 🏳️‍🌈 1️⃣ 🇩🇪",
    f"{SCOTLAND} and {SCOTLAND}",
    "葛\U000e0100城",
    "ᠮᠣᠩᠭᠣᠯ ᠪᠢᠴᠢᠭ\u180b",
    "شعار\u200f وarabic\u200e",
    "she said \u2067שלום\u2069, and \u202bשוב\u202c",
    "\u2068outer \u2067inner\u2069\u2069",
    "ཧྐྵྨླྺྼྻྂ",
    "हिन्दी में",
    "ก็",
    "e\u0301 decomposed",
    "\ufeffpasted with a mark",
    "",
    "  ",
]
REFUSED = [
    ("a\x1b[31mb", "control character (U+001B at character 2)"),
    ("a\x00b", "control character (U+0000 at character 2)"),
    ("a\rb", "control character (U+000D at character 2)"),
    ("a\x85b", "control character (U+0085 at character 2)"),
    ("fdp.\u202egpj", "direction of text around (U+202E at character 5)"),
    ("\u202dabc\u202c", "direction of text around (U+202D at character 1)"),
    ("a\u2067b", "begins or ends alone (U+2067 at character 2)"),
    ("a\u2069b", "begins or ends alone (U+2069 at character 2)"),
    ("\u202ba\u2069", "begins or ends alone (U+2069 at character 3)"),
    ("\ufffe", "no character (U+FFFE at character 1)"),
    ("x\U0010ffff", "no character (U+10FFFF at character 2)"),
    ("hi\U000e0068\U000e0069", "tag outside of a flag (U+E0068 at character 3)"),
    (SCOTLAND[:-1], "tag outside of a flag (U+E0067 at character 2)"),
    (SCOTLAND + "\U000e0061", "tag outside of a flag (U+E0061 at character 8)"),
    ("❤\ufe0f\ufe0f", "second variation selector (U+FE0F at character 3)"),
    ("e" + "\u0301" * 11, "marks on one character (U+0301 at character 12)"),
    ("e" + "\u0301\u200d" * 11, "marks on one character (U+0301 at character 22)"),
]


@pytest.mark.parametrize("text", HONEST)
def test_what_scripts_and_emoji_need_is_kept(text: str) -> None:
    assert texts.read(text) == text
    assert texts.seen(text) == text


def test_line_breaks_of_other_systems_are_read_as_line_breaks() -> None:
    assert texts.read("one\r\ntwo") == "one\ntwo"


@pytest.mark.parametrize(("text", "says"), REFUSED)
def test_the_refusal_says_what_it_is_and_where(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        texts.read(text)


@pytest.mark.parametrize(
    "text",
    ["\u200b", "\u200d\u200c", " \u3164 ", "\u2800", "\ufeff", "\u00ad\u200f", "\u0301", "\ufe0f", "\u2060\u034f"],
)
def test_a_text_of_which_nothing_is_visible_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="visible"):
        texts.seen(text)


def test_what_this_python_does_not_know_may_be_the_next_emoji() -> None:
    unknown = next(chr(code) for code in range(0x1FA00, 0x1FB00) if unicodedata.category(chr(code)) == "Cn")
    assert texts.seen(texts.read(unknown)) == unknown  # type: ignore[arg-type]


@pytest.mark.parametrize("other", [None, 5, True, ["a"], {"a": 1}])
def test_what_is_no_text_is_left_to_who_asks_next(other: object) -> None:
    assert texts.read(other) is other


def test_the_documents_patterns_agree() -> None:
    for pattern in (texts.PATTERN, texts.PATTERN_SEEN):
        for text in HONEST[:-2]:
            assert re.search(pattern, text), (pattern, text)
        for text in ("a\x1bb", "a\x00b", "a\x85b", "a\u202eb", "\ufffe"):
            assert not re.search(pattern, text), (pattern, text)
    for text in ("", " ", "\u200b", "\ufeff\u200d", "\u3164"):
        assert not re.search(texts.PATTERN_SEEN, text)


@given(st.text(max_size=60))
def test_what_was_read_is_read_again(text: str) -> None:
    try:
        once = texts.read(text)
    except ValueError:
        return
    assert texts.read(once) == once


@given(st.text(max_size=60))
def test_a_name_can_always_be_read(text: str) -> None:
    name = texts.named(text)
    assert texts.read(re.sub("[\u202a-\u202e\u2066-\u2069]", "", name)) == name
    assert texts.named(name) == name
