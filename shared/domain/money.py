"""Money as whole millionths of a dollar ("micros"), and its decimal spelling outside. Floats never.

Knows no price; those are in `catalogue.toml`."""

import re

_DOLLARS = re.compile(r"([0-9]{1,9})(?:\.([0-9]{1,6}))?")


def micros(dollars: object) -> int:
    """`"0.05"` → 50000. Takes a plain decimal string: at most nine digits, then at most six decimals.

    Raises ValueError for everything else: signs, exponents, blanks, more digits, and whatever is no string.
    """
    match = _DOLLARS.fullmatch(dollars) if isinstance(dollars, str) else None
    if match is None:
        raise ValueError('must be US dollars as a string like "0.05", not negative, with at most six decimals')
    return int(match[1]) * 1_000_000 + int((match[2] or "").ljust(6, "0"))


def usd(amount: int) -> str:
    """52700 → `"0.0527"`, 50000 → `"0.05"`: exact, at least two decimals, no zero kept beyond them.

    `micros(usd(amount)) == amount` up to the nine digits; a negative amount is spelled with a minus.
    """
    whole, rest = divmod(abs(amount), 1_000_000)
    decimals = f"{rest:06}".rstrip("0").ljust(2, "0")
    return f"{'-' if amount < 0 else ''}{whole}.{decimals}"
