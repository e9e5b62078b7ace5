"""Filenames: kept in any script, safe to show, never empty, never endless."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.filenames import MAX_LENGTH, safe


@pytest.mark.parametrize(
    "name",
    [
        "image.jpg",
        "фото с моря.jpg",
        "写真 (1).png",
        "صورة.webp",
        "👩‍👩‍👧 family.png",
        "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f ❤️.png",
        "می‌خواهم.jpg",
        "葛\U000e0100城.png",
        "ཧྐྵྨླྺྼྻྂ.png",
        "\U0001faff.png",
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
        ("a\u061cb\u200ec\u200fd\u200be\ufefff.jpg", "abcdef.jpg"),
        ("hidden\U000e0068\U000e0069\U000e0001.jpg", "hidden.jpg"),
        ("🏴\U000e0067\U000e0062.jpg", "🏴.jpg"),
        ("❤" + "\ufe0f\ufe00" * 9 + ".jpg", "❤\ufe0f.jpg"),
        ("q" + "\u0316" * 200 + ".jpg", "q" + "\u0316" * 10 + ".jpg"),
        ("x\ufdd0\U0001ffff.jpg", "x.jpg"),
    ],
)
def test_what_could_mislead_is_taken_out(name: str, shown: str) -> None:
    assert safe(name, "default") == shown


@pytest.mark.parametrize("name", ["", "   ", "...", "\u200b\u200d", "\x00\x01", "__", "\u202e", "\u3164", "\U000e0061"])
def test_a_name_without_anything_visible_gets_the_default(name: str) -> None:
    assert safe(name, "image.png") == "image.png"


def test_a_long_name_is_cut_and_keeps_its_extension() -> None:
    assert safe("я" * 400 + ".jpeg", "d") == "я" * (MAX_LENGTH - 5) + ".jpeg"
    assert len(safe("x" * 400, "d")) == MAX_LENGTH
    assert len(safe("." + "x" * 400, "d")) == MAX_LENGTH
    flag = "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"
    assert safe("x" * 248 + flag + ".jpg", "d") == "x" * 248 + "🏴.jpg"


@given(st.text(max_size=300))
def test_any_text_becomes_a_name_that_can_be_stored_and_shown(name: str) -> None:
    shown = safe(name, "image.jpg")
    assert 0 < len(shown) <= MAX_LENGTH
    assert shown.encode().decode() == shown
    assert not set(shown) & set("/\\\x00\n\r\x1b\u202e")
    assert safe(shown, "image.jpg") == shown
    assert unicodedata.is_normalized("NFC", shown)
