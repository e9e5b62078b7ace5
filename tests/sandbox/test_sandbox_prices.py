"""What a picture weighs in tokens and costs, against every figure the vendor has published."""

from __future__ import annotations

import pytest

from deploy.sandbox.vendors.openai_models import MODELS
from deploy.sandbox.vendors.openai_request import parse

PUBLISHED = [
    ("gpt-image-2.5-flare", "1024x1024", "low", 196),
    ("gpt-image-2.5-flare", "1024x1024", "medium", 439),
    ("gpt-image-2.5-flare", "1024x1024", "high", 1756),
    ("gpt-image-2.5-flare", "1024x1024", "xhigh", 3122),
    ("gpt-image-2.5-flare", "1024x1024", "max", 7024),
    ("gpt-image-2.6-flare", "1024x1024", "high", 1756),
    ("gpt-image-2", "1024x1024", "low", 196),
    ("gpt-image-2", "1024x1024", "medium", 1756),
    ("gpt-image-2", "1792x1024", "high", 5063),
    ("gpt-image-1.5", "1024x1536", "high", 6240),
]

DOLLARS = [
    ("1024x1024", {"low": 0.0059, "medium": 0.0132, "high": 0.0527, "xhigh": 0.0937, "max": 0.2107}),
    ("1536x1024", {"low": 0.0047, "medium": 0.0103, "high": 0.0412, "xhigh": 0.0738, "max": 0.1646}),
    ("1792x1024", {"low": 0.0042, "medium": 0.0097, "high": 0.0373, "xhigh": 0.0681, "max": 0.1519}),
]


@pytest.mark.parametrize(("model", "size", "quality", "tokens"), PUBLISHED)
def test_tokens_are_the_published_ones(model: str, size: str, quality: str, tokens: int) -> None:
    wanted = parse({"prompt": "x", "model": model, "size": size, "quality": quality}, MODELS)
    assert wanted.output_tokens == tokens


@pytest.mark.parametrize(("size", "dollars"), DOLLARS)
def test_dollars_of_the_table_come_out(size: str, dollars: dict[str, float]) -> None:
    width, height = (int(side) for side in size.split("x"))
    model = MODELS["gpt-image-2.5-flare"]
    for quality, expected in dollars.items():
        landscape = model.output_tokens(width, height, quality)
        assert abs(landscape * 30 / 1_000_000 - expected) < 0.00011, (size, quality)
        assert model.output_tokens(height, width, quality) == landscape
