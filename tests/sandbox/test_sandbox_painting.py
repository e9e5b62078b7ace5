"""What is painted: the same prompt gives the same bytes, another one another picture, always of the size asked for."""

from __future__ import annotations

import pytest

from deploy.sandbox.cache import Cache
from deploy.sandbox.pictures.painter import Painter, PictureRequest, draw
from deploy.sandbox.pictures.scenes import SCENES
from tests.sandbox.pictures import opened

AMBER = (255, 214, 120)


@pytest.mark.parametrize("words", [words.split()[0] for _, words in SCENES])
def test_every_scene_fills_its_picture_with_colours_and_carries_the_mark(words: str) -> None:
    painted = draw(PictureRequest(f"{words} for the summer campaign", 640, 480, "png"))
    assert painted.size == (640, 480)
    assert len(painted.getcolors(640 * 480) or []) > 8
    corner = draw(PictureRequest(f"{words} for the summer campaign", 1024, 1024, "png")).crop((20, 960, 140, 1010))
    assert AMBER in {colour for _, colour in corner.getcolors(120 * 50) or []}, "the word SANDBOX, lower left"


@pytest.mark.parametrize("size", [(1024, 1024), (1792, 1024), (1024, 1792), (816, 816), (3840, 1280)])
@pytest.mark.parametrize("image_format", ["jpeg", "webp"])
def test_the_picture_has_exactly_the_size_asked_for(size: tuple[int, int], image_format: str) -> None:
    painted = opened(Painter().paint(PictureRequest("a lake", *size, image_format)))
    assert painted.size == size
    assert painted.format == image_format.upper()


def test_the_same_prompt_gives_the_same_bytes_by_another_painter() -> None:
    request = PictureRequest("a quiet lake at dawn", 512, 512, "png")
    assert Painter().paint(request) == Painter().paint(request)
    others = {
        Painter().paint(PictureRequest(prompt, 512, 512, "png", number=number))
        for prompt, number in (("a quiet lake at dawn", 1), ("a quiet lake at dusk", 0), ("A quiet lake at dawn", 0))
    }
    assert len(others | {Painter().paint(request)}) == 4


@pytest.mark.parametrize("prompt", ["日本の山", "🙂🙂🙂", "x", "\n\n a \t b", "ä" * 4000, "<b>&amp;"])
def test_any_prompt_can_be_painted(prompt: str) -> None:
    assert draw(PictureRequest(prompt, 256, 256, "png")).size == (256, 256)


def test_a_remembered_picture_is_not_painted_twice_and_old_ones_are_forgotten() -> None:
    cache: Cache[str, bytes] = Cache(10)
    cache.put("a", b"12345")
    cache.put("b", b"12345")
    assert cache.get("a") == b"12345"
    cache.put("c", b"12345")
    assert (cache.get("a"), cache.get("b"), cache.get("c")) == (b"12345", None, b"12345")
    cache.put("huge", b"x" * 50)
    assert (cache.get("huge"), cache.get("a")) == (b"x" * 50, None)
    painter = Painter()
    request = PictureRequest("again", 256, 256, "png")
    assert painter.paint(request) is painter.paint(request)
