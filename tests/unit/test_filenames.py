"""Filenames: kept in any script, safe to show, never empty, never endless."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.filenames import MAX_LENGTH, safe


@pytest.mark.parametrize(
    "name",
    [
        "image.jpg",
        "фото с моря.jpg",
        "写真 (1).png",
        "صورة.webp",
        "👩‍👩‍👧 family.png",
        "100% real_100%.png",
        'my "best".jpg',
        ".htaccess",
    ],
)
def test_a_name_is_kept_as_people_wrote_it(name: str) -> None:
    assert safe(name, "default") == name


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", ".._.._etc_passwd"),
        ("C:\\fakepath\\x.jpg", "C:_fakepath_x.jpg"),
        ("evil\u202egpj.exe", "evilgpj.exe"),
        ("a\x00b\r\nSet-Cookie: x\x1b[31m", "abSet-Cookie: x[31m"),
        ("cafe\u0301.jpg", "café.jpg"),
        ("half \ud83d.jpg", "half .jpg"),
        ("  spaces.jpg  ", "spaces.jpg"),
    ],
)
def test_what_could_mislead_is_taken_out(name: str, shown: str) -> None:
    assert safe(name, "default") == shown


@pytest.mark.parametrize("name", ["", "   ", "...", "\u200b\u200d", "\x00\x01", "__", "\u202e"])
def test_a_name_without_anything_visible_gets_the_default(name: str) -> None:
    assert safe(name, "image.png") == "image.png"


def test_a_long_name_is_cut_and_keeps_its_extension() -> None:
    assert safe("я" * 400 + ".jpeg", "d") == "я" * (MAX_LENGTH - 5) + ".jpeg"
    assert len(safe("x" * 400, "d")) == MAX_LENGTH
    assert len(safe("." + "x" * 400, "d")) == MAX_LENGTH


@given(st.text(max_size=300))
def test_any_text_becomes_a_name_that_can_be_stored_and_shown(name: str) -> None:
    shown = safe(name, "image.jpg")
    assert 0 < len(shown) <= MAX_LENGTH
    assert shown.encode().decode() == shown
    assert not set(shown) & set("/\\\x00\n\r\x1b\u202e")
    assert safe(shown, "image.jpg") == shown
    assert unicodedata.is_normalized("NFC", shown)
