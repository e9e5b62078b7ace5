"""One image model: its sizes, qualities, prices and end, as its table in the catalogue file says. Pure.

Not here: the figures (`catalogue.toml`), choosing among models (`catalogue.py`), our own tables (`tables.py`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, PlainValidator, model_validator

from shared.catalog.datafile import DISTINCT, LISTED, Count, Price, Spec, fault_at
from shared.catalog.dialect import OPENAI, Dialect
from shared.catalog.sizes import Size, SizeRule, SizeText
from shared.catalog.tokens import TokenPrices

Status = Literal["active", "deprecated", "retired"]
"""Of a model on a day: offered, offered with an end, refused."""

# An empty table of an override, laid over nothing, says nothing.
EMPTY_IS_NONE = BeforeValidator(lambda table: None if table == {} else table)


@dataclass(eq=False)
class NotOffered(Exception):
    """The request names something that is not offered; the gateway turns it into a 422 problem."""

    pointer: str
    """JSON pointer to the wrong field: `/model`, `/size` or `/quality`."""
    code: Literal["not_allowed", "model_retired"]
    """`model_retired`, or `not_allowed` for a word that the catalogue does not have."""
    detail: str
    """A sentence for people."""
    allowed: tuple[str, ...]
    """What may be sent instead. A model with a size rule takes more sizes than these."""
    replacement: str | None = None
    """For a retired model: the one to use today, if its chain of replacements leads to one."""
    shutdown: date | None = None
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


class QualityWords(Spec):
    """The product's words for a quality, in the order shown, and what each is called at the vendor; None: no offer."""

    standard: str | None = None
    hd: str | None = None


QUALITIES = tuple(QualityWords.model_fields)
"""The product's words, in the order shown."""


def _one_of(allowed: tuple[str, ...] | range) -> PlainValidator:
    """One of these, or false."""
    choices = f"{allowed[0]} to {allowed[-1]}" if isinstance(allowed, range) else ", ".join(allowed)

    def check(value: object) -> object:
        if value is False or (type(value) in (str, int) and value in allowed):
            return value
        raise ValueError(f"must be {choices}, or false to leave it out")

    return PlainValidator(check)


class Parameters(Spec):
    """What every call sends besides prompt, model, size and n, in OpenAI's words. The values are those whose answers we
    can handle; false leaves a parameter out, so that an override can take one away."""

    quality: bool = True
    """Whether the call names a quality; some compatible servers do not know the parameter."""
    # The same words as in OpenAI's `POST /v1/images/generations`.
    response_format: Annotated[str | int, _one_of(("b64_json", "url"))] = False
    output_format: Annotated[str | int, _one_of(("jpeg", "png", "webp"))] = False
    output_compression: Annotated[str | int, _one_of(range(101))] = False
    background: Annotated[str | int, _one_of(("auto", "opaque"))] = False
    moderation: Annotated[str | int, _one_of(("auto", "low"))] = False
    style: Annotated[str | int, _one_of(("natural", "vivid"))] = False

    @cached_property
    def sent(self) -> Mapping[str, str | int]:
        """Those that are not left out, without `quality`, which is each call's own."""
        return {name: value for name, value in self if value is not False and name != "quality"}


class Model(Spec):
    """One model, as the file and the operator describe it."""

    name: str = Field("", exclude=True)
    """The vendor's name for it: the key of its table."""
    dialect: Dialect = Field(OPENAI, exclude=True, alias="settled")
    """How its server differs from OpenAI."""
    dialect_name: str | None = Field(None, alias="dialect")
    """None: the catalogue's usual one."""
    sizes: Annotated[tuple[SizeText, ...], LISTED, DISTINCT]
    """Sizes shown; the first is the default."""
    label: str
    """The name for people."""
    deprecated: date | None = None
    """Day its end was announced."""
    shutdown: date | None = None
    """First day on which it does not answer any more."""
    replacement: str | None = None
    """Model to use instead."""
    enabled: bool | None = None
    """The operator's word, stronger than the dates: True works, False is switched off, None leaves it to the dates."""
    size_rule: Annotated[SizeRule | None, EMPTY_IS_NONE] = None
    """Further sizes it takes."""
    words: QualityWords = Field(QualityWords(), alias="qualities")
    """What each of the product's qualities is called at the vendor."""
    prices: Mapping[str, Mapping[SizeText, Price]] = Field({})
    """Micros for one picture, by the vendor's quality and the size."""
    grid: Mapping[str, Count] = Field({})
    """Blocks along the longer side, by the vendor's quality, from which sizes by the rule are priced."""
    tokens: Annotated[TokenPrices | None, EMPTY_IS_NONE] = None
    """Prices where it is billed by the token; None: each picture costs exactly what is listed."""
    parameters: Parameters = Parameters()
    """What every call sends besides."""

    @model_validator(mode="after")
    def _everything_offered_has_a_price(self) -> Self:
        if self.size_rule and not self.tokens:
            raise fault_at("size_rule", fault="needs `tokens`: sizes beyond the list are priced by them")
        for quality in self.qualities:
            for size in self.sizes:
                if size not in quality.prices:
                    fault = f"is missing: {quality.name} is offered in this size"
                    raise fault_at("prices", quality.provider, str(size), fault=fault)
            if self.size_rule and quality.grid is None:
                fault = f"is missing: {quality.name} is offered in sizes by the rule"
                raise fault_at("grid", quality.provider, fault=fault)
        if not self.qualities:
            raise fault_at("qualities", fault=f"must offer one of {', '.join(QUALITIES)}")
        return self

    @cached_property
    def qualities(self) -> tuple[Quality, ...]:
        """In the product's order; the first is the default."""
        return tuple(
            Quality(name, provider, self.prices.get(provider, {}), self.grid.get(provider))
            for name, provider in self.words
            if provider is not None
        )

    def status(self, today: date) -> Status:
        """Retired from its shutdown day on; deprecated once its end is announced; else active. `enabled` overrules."""
        if self.enabled is not None:
            return "active" if self.enabled else "retired"
        if self.shutdown and today >= self.shutdown:
            return "retired"
        announced = today >= self.deprecated if self.deprecated else self.shutdown is not None
        return "deprecated" if announced else "active"

    def size(self, text: str | None) -> Size:
        """The size named, or the default. Raises NotOffered."""
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
        """The quality named, or the default. Raises NotOffered."""
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
            raise LookupError(f"{self.name} does not generate {size}")
        return self.tokens.estimate_micros(quality.grid, size.width, size.height)

    def cost_micros(self, usage: Mapping[str, Any] | None) -> int | None:
        """The true cost by the vendor's `usage`; None where that is absent or partial, and where billing is flat.

        `Choice.cost_micros` answers for flat prices too.
        """
        return self.tokens.cost_micros(usage) if self.tokens else None
