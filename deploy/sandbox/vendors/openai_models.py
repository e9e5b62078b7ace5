"""The played OpenAI's image models: what each accepts, what its pictures weigh in tokens, and when it ends.
As of 2026-11-22 and not by the clock, so that a test means the same next year; the control API retires and revives.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

ANY_SIZE = frozenset[str]()
OLD_SIZES = frozenset({"1024x1024", "1024x1536", "1536x1024"})
DALLE_SIZES = frozenset({"1024x1024", "1792x1024", "1024x1792"})


@dataclass(frozen=True)
class Listed:
    """One model."""

    name: str
    created: int
    """Unix time, as GET /v1/models says it."""
    grid: dict[str, int]
    """Per quality: how many token columns the longer side has before size correction."""
    sizes: frozenset[str] = ANY_SIZE
    """The only sizes it takes; empty: any that follow the rules of gpt-image-2 and later."""
    text_micros: int = 5
    """Millionths of a dollar per text token."""
    image_micros: int = 30
    """Millionths of a dollar per picture token."""
    flat_micros: dict[tuple[str, bool], int] = field(default_factory=dict)
    """DALL-E's price per picture by (quality, is it square) instead of tokens."""
    shutdown_date: str | None = None
    is_retired: bool = False
    default_quality: str = "medium"
    """What `auto` becomes."""

    @property
    def is_gpt_image(self) -> bool:
        """Or one of DALL-E's."""
        return not self.flat_micros

    def output_tokens(self, width: int, height: int, quality: str) -> int:
        """Of one picture. Fitted to every published figure: 1024x1024 at 96 columns is 7024, 1792x1024 is 5063."""
        if not self.is_gpt_image:
            return 0
        if self.sizes == OLD_SIZES:
            return _OLD_TOKENS[quality][width != height]
        long, short = max(width, height), min(width, height)
        columns = self.grid[quality]
        cells = columns * max(1, round(columns * short / long))
        return math.ceil(cells * (2_000_000 + width * height) / 4_000_000)

    def cost_micros(self, input_tokens: int, output_tokens: int, quality: str, is_square: bool, count: int) -> int:
        """What one call costs that made `count` pictures, in millionths of a dollar."""
        if self.flat_micros:
            return self.flat_micros[quality, is_square] * count
        return input_tokens * self.text_micros + output_tokens * self.image_micros


_OLD_TOKENS = {"low": (272, 408), "medium": (1056, 1584), "high": (4160, 6240)}
"""gpt-image-1.5 and its kin: (square, wide or tall)."""

_TWO = {"low": 16, "medium": 48, "high": 96}
_TWO_FIVE = {"low": 16, "medium": 24, "high": 48, "xhigh": 64, "max": 96}
_TWO_SIX = {**_TWO_FIVE, "low": 30, "medium": 44}
"""Low and medium are said to cost three to four times 2.5's; the exact counts are not published, these are a guess."""
_OLD = {"low": 0, "medium": 0, "high": 0}
_DALLE = {"standard": 0, "hd": 0}
_DALLE_PRICES = {("standard", True): 40_000, ("standard", False): 80_000, ("hd", True): 80_000, ("hd", False): 120_000}

MODELS = {
    model.name: model
    for model in (
        Listed("gpt-image-2.6-flare", 1_793_750_400, _TWO_SIX),
        Listed("gpt-image-2.6-sunburst", 1_793_750_400, _TWO_SIX),
        Listed("gpt-image-2.5-flare", 1_788_825_600, _TWO_FIVE),
        Listed("gpt-image-2.5-sunburst", 1_788_825_600, _TWO_FIVE),
        Listed("gpt-image-2", 1_776_729_600, _TWO),
        Listed("gpt-image-1.5", 1_765_843_200, _OLD, OLD_SIZES, image_micros=32, shutdown_date="2026-12-01"),
        Listed("chatgpt-image-latest", 1_765_843_200, _OLD, OLD_SIZES, image_micros=32, shutdown_date="2026-12-01"),
        Listed("gpt-image-1-mini", 1_759_708_800, _OLD, OLD_SIZES, 2, 8, shutdown_date="2026-12-01"),
        Listed("gpt-image-1", 1_745_366_400, _OLD, OLD_SIZES, shutdown_date="2026-10-23", is_retired=True),
        Listed(
            "dall-e-3", 1_698_796_800, _DALLE, DALLE_SIZES, flat_micros=_DALLE_PRICES,
            shutdown_date="2026-05-12", is_retired=True, default_quality="standard",
        ),
    )
}  # fmt: skip

OFFERED = frozenset(name for name, model in MODELS.items() if not model.is_retired)
"""What is on offer until the control API retires or revives one."""
