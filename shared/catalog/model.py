"""One painting model: its sizes, qualities, prices and end, and how its table in the catalogue file is read. Pure.

Not here: the figures (`catalogue.toml`), choosing among models (`catalogue.py`), our own tables (`tables.py`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from shared.catalog.datafile import Table
from shared.catalog.dialect import OPENAI, Dialect
from shared.catalog.sizes import Size, SizeRule
from shared.catalog.tokens import TokenPrices

Status = Literal["active", "deprecated", "retired"]

QUALITIES = ("standard", "hd")
"""The product's words, in the order shown; each model says what they mean at its vendor."""

PARAMETERS: Mapping[str, tuple[str, ...] | range] = {
    "response_format": ("b64_json", "url"),
    "output_format": ("jpeg", "png", "webp"),
    "output_compression": range(101),
    "background": ("auto", "opaque"),
    "moderation": ("auto", "low"),
    "style": ("natural", "vivid"),
}
"""What a model's `parameters` may hold besides `quality`, and the values whose answers we can handle."""


class NotOffered(Exception):
    """The request names something that is not offered; the gateway turns it into a 422 problem."""

    def __init__(
        self,
        pointer: str,
        code: Literal["not_allowed", "model_retired"],
        detail: str,
        allowed: tuple[str, ...],
        *,
        replacement: str | None = None,
        shutdown: date | None = None,
    ) -> None:
        super().__init__(detail)
        self.pointer = pointer
        """JSON pointer to the wrong field: `/model`, `/size` or `/quality`."""
        self.code = code
        """`model_retired`, or `not_allowed` for a word that the catalogue does not have."""
        self.detail = detail
        """A sentence for people."""
        self.allowed = allowed
        """What may be sent instead. A model with a size rule takes more sizes than these."""
        self.replacement = replacement
        """For a retired model: the one to use today, if its chain of replacements leads to one."""
        self.shutdown = shutdown
        """For a retired model: the day it was switched off; None where the operator did it."""


@dataclass(frozen=True, slots=True)
class Quality:
    """One of the product's quality words at one model."""

    name: str
    """`standard` or `hd`."""
    provider: str
    """The vendor's word for it."""
    prices: Mapping[Size, int]
    """Micros for one picture, for every listed size."""
    grid: int | None
    """Blocks along the longer side, from which sizes by the rule are priced; None only where there is no rule."""


@dataclass(frozen=True, slots=True)
class Model:
    """One model, as the file and the operator describe it."""

    name: str
    """The vendor's name for it."""
    label: str
    """The name for people."""
    deprecated: date | None
    """Day its end was announced."""
    shutdown: date | None
    """First day on which it does not answer any more."""
    replacement: str | None
    """Model to use instead."""
    enabled: bool | None
    """The operator's word, stronger than the dates: True works, False is switched off, None leaves it to the dates."""
    sizes: tuple[Size, ...]
    """Sizes shown; the first is the default."""
    size_rule: SizeRule | None
    """Further sizes it takes."""
    qualities: tuple[Quality, ...]
    """In the product's order; the first is the default."""
    tokens: TokenPrices | None
    """Prices where it is billed by the token; None: each picture costs exactly what is listed."""
    sends_quality: bool
    """Whether the call names a quality; some compatible servers do not know the parameter."""
    parameters: Mapping[str, str | int]
    """Further parameters of every call, in OpenAI's words."""
    dialect: Dialect = OPENAI
    """How its server differs from OpenAI."""

    @classmethod
    def read(cls, name: str, table: Table, dialects: Mapping[str, Dialect], usual: Dialect) -> "Model":
        """From its table in the catalogue file. Raises DataFileError. `usual` is for a model that names no dialect."""
        dialect = table.find("dialect", str)
        if dialect is not None and dialect not in dialects:
            raise table.fault("dialect", f"must be one of {', '.join(sorted(dialects))}")
        rule = SizeRule.read(table.table("size_rule")) if table.find("size_rule", dict) else None
        tokens = TokenPrices.read(table.table("tokens")) if table.find("tokens", dict) else None
        if rule and not tokens:
            raise table.fault("size_rule", "needs `tokens`: sizes beyond the list are priced by them")
        sizes = _read_sizes(table)
        sends_quality, parameters = _read_parameters(table.table("parameters"))
        model = cls(
            name=name,
            label=table.get("label", str),
            deprecated=table.find("deprecated", date),
            shutdown=table.find("shutdown", date),
            replacement=table.find("replacement", str),
            enabled=table.find("enabled", bool),
            sizes=sizes,
            size_rule=rule,
            qualities=_read_qualities(table, sizes, by_rule=rule is not None),
            tokens=tokens,
            sends_quality=sends_quality,
            parameters=parameters,
            dialect=dialects[dialect] if dialect else usual,
        )
        table.finish()
        return model

    def status(self, today: date) -> Status:
        """Retired from its shutdown day on; deprecated once its end is announced; else active. `enabled` overrules."""
        if self.enabled is not None:
            return "active" if self.enabled else "retired"
        if self.shutdown and today >= self.shutdown:
            return "retired"
        announced = today >= self.deprecated if self.deprecated else self.shutdown is not None
        return "deprecated" if announced else "active"

    def size(self, text: str | None) -> Size:
        """The size named, or the default. Raises Refusal."""
        size = Size.parse(text) if text is not None else self.sizes[0]
        if size in self.sizes:
            return size
        if size is None:
            fault: str | None = "write it as WIDTHxHEIGHT"
        else:
            fault = self.size_rule.broken_by(size) if self.size_rule else "it paints no other size"
            if fault is None:
                return size
        allowed = tuple(map(str, self.sizes))
        raise NotOffered("/size", "not_allowed", f"{self.name} offers {', '.join(allowed)}; {fault}.", allowed)

    def quality(self, name: str | None) -> Quality:
        """The quality named, or the default. Raises Refusal."""
        for quality in self.qualities:
            if name in (quality.name, None):
                return quality
        allowed = tuple(quality.name for quality in self.qualities)
        raise NotOffered("/quality", "not_allowed", f"{self.name} offers {', '.join(allowed)}.", allowed)

    def price(self, size: Size, quality: Quality) -> int:
        """Micros for one picture: as listed, else estimated from the grid."""
        if size in quality.prices:
            return quality.prices[size]
        if self.tokens is None or quality.grid is None:
            raise LookupError(f"{self.name} does not paint {size}")
        return self.tokens.estimate_micros(quality.grid, size.width, size.height)

    def cost_micros(self, usage: Mapping[str, Any] | None) -> int | None:
        """The true cost by the vendor's `usage`; None where that is absent or partial, and where billing is flat.

        `Choice.cost_micros` answers for flat prices too.
        """
        return self.tokens.cost_micros(usage) if self.tokens else None


def _read_sizes(table: Table) -> tuple[Size, ...]:
    sizes = []
    for word in table.words("sizes"):
        size = Size.parse(word)
        if size is None:
            raise table.fault("sizes", f'must be written like "1024x1024", not "{word}"')
        sizes.append(size)
    return tuple(sizes)


def _read_qualities(table: Table, sizes: tuple[Size, ...], *, by_rule: bool) -> tuple[Quality, ...]:
    """Joins our words with the vendor's prices and grids, and makes sure that nothing offered lacks a price."""
    words, prices, grids = table.table("qualities"), table.table("prices"), table.table("grid")
    listed = {word: _read_prices(prices.table(word)) for word in prices}
    blocks = {word: grids.count(word) for word in grids}
    qualities = []
    for name in QUALITIES:
        if name not in words:
            continue
        provider = words.get(name, str)
        for size in sizes:
            if size not in listed.get(provider, {}):
                raise prices.table(provider).fault(str(size), f"is missing: {name} is offered in this size")
        if by_rule and provider not in blocks:
            raise grids.fault(provider, f"is missing: {name} is offered in sizes by the rule")
        qualities.append(Quality(name, provider, listed[provider], blocks.get(provider)))
    words.finish()
    if not qualities:
        raise table.fault("qualities", f"must offer one of {', '.join(QUALITIES)}")
    return tuple(qualities)


def _read_prices(table: Table) -> dict[Size, int]:
    prices = {}
    for word in table:
        size = Size.parse(word)
        if size is None:
            raise table.fault(word, 'must be a size like "1024x1024"')
        prices[size] = table.money(word)
    return prices


def _read_parameters(table: Table) -> tuple[bool, dict[str, str | int]]:
    """What to send; false leaves a parameter out, so that an override can take one away."""
    sends_quality = table.find("quality", bool)
    parameters: dict[str, str | int] = {}
    for name, allowed in PARAMETERS.items():
        value = table.find(name, object)
        if value is None or value is False:
            continue
        if isinstance(value, bool) or not isinstance(value, str | int) or value not in allowed:
            choices = f"{allowed[0]} to {allowed[-1]}" if isinstance(allowed, range) else ", ".join(allowed)
            raise table.fault(name, f"must be {choices}, or false to leave it out")
        parameters[name] = value
    table.finish()
    return sends_quality is not False, parameters
