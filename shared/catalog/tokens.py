"""What a picture costs where the vendor bills by the token: from the answer's `usage`, or estimated before the call.

Arithmetic only; the prices and the grids are data of `catalogue.toml`."""

from collections.abc import Mapping
from typing import Any

from shared.catalog.datafile import Price, Spec

_MILLION = 1_000_000
_MOST_TOKENS = 100_000_000
"""Of one call. More is no count but a fault of the server's, and would not fit the ledger's columns."""


class TokenPrices(Spec):
    """Micros per million tokens of each kind."""

    text_in: Price
    """The prompt."""
    text_cached: Price
    """The part of the prompt that the vendor had cached."""
    image_in: Price
    """Pictures sent along."""
    image_cached: Price
    """The part of them that the vendor had cached."""
    image_out: Price
    """The generated image: nearly all of the bill."""

    def cost_micros(self, usage: Mapping[str, Any] | None) -> int | None:
        """The true cost of an answer's `usage` object, rounded half up once; None where it does not say enough.

        It must count input and output. Without details all input is text and nothing was cached. A server that
        answers zero output tokens for a picture does not count at all, so that is None too, never "free".
        """
        usage = usage or {}
        given, generated = count(usage, "input_tokens"), count(usage, "output_tokens")
        if given is None or not generated:
            return None
        details = _part(usage, "input_tokens_details")
        cached = _part(details, "cached_tokens_details") or {"text_tokens": details.get("cached_tokens")}
        image = min(count(details, "image_tokens") or 0, given)
        text = given - image
        image_cached = min(count(cached, "image_tokens") or 0, image)
        text_cached = min(count(cached, "text_tokens") or 0, text)
        total = (
            (text - text_cached) * self.text_in
            + text_cached * self.text_cached
            + (image - image_cached) * self.image_in
            + image_cached * self.image_cached
            + generated * self.image_out
        )
        return (total + _MILLION // 2) // _MILLION

    def estimate_micros(self, grid: int, width: int, height: int) -> int:
        """What an image of this size should cost, rounded half up to a hundredth of a cent, as price lists are."""
        return (output_tokens(grid, width, height) * self.image_out + 50 * _MILLION) // (100 * _MILLION) * 100


def output_tokens(grid: int, width: int, height: int) -> int:
    """Tokens of a generated image, `grid` being the blocks along its longer side at that model and quality.

    The vendor publishes a calculator and no formula. This one was found by its users and reproduces every published
    point we hold; see the head of `catalogue.toml`.
    """
    longer, shorter = max(width, height), min(width, height)
    across = (2 * grid * shorter + longer) // (2 * longer)
    return -(-grid * across * (2_000_000 + width * height) // 4_000_000)


def count(holder: Mapping[str, Any], key: str) -> int | None:
    """The number of tokens under this key of a `usage` object; None where there is none that can be believed."""
    value = holder.get(key)
    return value if type(value) is int and 0 <= value <= _MOST_TOKENS else None


def _part(holder: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = holder.get(key)
    return value if isinstance(value, Mapping) else {}
