"""Which names and alt texts tell of a prompt, and what is left of them without it."""

import pytest

from shared.domain import prompts

FOX = "A red fox, in fresh snow (low sun)!"
LONG = "a lighthouse on a cliff above a stormy sea " * 5


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        (FOX, "A red fox in fresh snow low sun.png"),
        ("हिन्दी में एक लोमड़ी!", "हिन्दी में एक लोमड़ी.png"),
        ("روباهی که می‌خواهد، بدود", "روباهی که می‌خواهد بدود.png"),
        ("cafe\u0301 ❤️ 👩‍👩‍👧 (two)\nlines", "café two lines.png"),
        ("  -_- ", "-_-.png"),
        ("👩‍👩‍👧 ❤️", "picture.png"),
        ("x" * 100, "x" * 60 + ".png"),
    ],
)
def test_a_picture_is_named_by_the_words_of_its_prompt_in_any_script(prompt: str, name: str) -> None:
    assert prompts.filename(prompt, "png") == name
    assert prompts.name_without(name, prompt) == "picture.png"


@pytest.mark.parametrize(
    ("name", "prompt", "left"),
    [
        (prompts.filename(FOX, "png"), FOX, "picture.png"),
        ("A red fox in fresh snow low sun-instagram_4x5.jpg", FOX, "picture-instagram_4x5.jpg"),
        ("a RED fox in fresh snow low sun.png", FOX, "picture.png"),
        ("mine: A red fox in fresh snow low sun, again.png", FOX, "picture.png"),
        ("Winter campaign.png", FOX, "Winter campaign.png"),
        ("fox.png", FOX, "fox.png"),
        ("cat.jpg", "cat", "picture.jpg"),
        ("cat-instagram_1x1.jpg", "cat", "picture-instagram_1x1.jpg"),
        ("concatenate.jpg", "cat", "concatenate.jpg"),
        (prompts.filename(LONG, "webp"), LONG, "picture.webp"),
        ("picture.jpg", "!!!", "picture.jpg"),
        ("हनद म एक लमड सरज.jpg", "हिन्दी में एक लोमड़ी सूरज", "picture.jpg"),
        ("A red fox in fresh snow low sun", FOX, "picture"),
        ("whatever-instagram_4x5.jpg", None, "picture-instagram_4x5.jpg"),
        ("ПРИВЕТ, МИР ВОКРУГ.jpg", "привет, мир вокруг", "ПРИВЕТ, МИР ВОКРУГ.jpg"),
        ("Привет мир вокруг.jpg", "ПРИВЕТ, мир вокруг", "picture.jpg"),
    ],
)
def test_a_name_that_tells_of_the_prompt_is_replaced(name: str, prompt: str | None, left: str) -> None:
    assert prompts.name_without(name, prompt) == left


@pytest.mark.parametrize(
    ("alt_text", "prompt", "left"),
    [
        (None, FOX, None),
        ("", FOX, ""),
        ("", None, ""),
        (FOX, FOX, None),
        (LONG[:100], LONG, None),
        (f"Picture of: {FOX}", FOX, None),
        ("Our mascot sits in the snow", FOX, "Our mascot sits in the snow"),
        ("A cat", "cat", "A cat"),
        ("Our mascot", None, None),
    ],
)
def test_an_alt_text_that_tells_of_the_prompt_is_taken_away(
    alt_text: str | None, prompt: str | None, left: str | None
) -> None:
    assert prompts.alt_without(alt_text, prompt) == left
