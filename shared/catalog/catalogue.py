"""Choosing among the models: what may be asked for, what it costs, what the vendor is sent. Pure; `today` is handed in.

Not here: the figures (`catalogue.toml`), one model (`model.py`), calling the vendor, budgets."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Self

from pydantic import model_validator

from shared.catalog import datafile
from shared.catalog.datafile import Spec, fault_at
from shared.catalog.dialect import Dialect
from shared.catalog.model import Model, NotOffered, Quality
from shared.catalog.sizes import Size
from shared.domain.money import usd

MAX_PROMPT_CHARACTERS = 1000
"""The product's own limit, below that of every model."""
_PACKAGED = Path(__file__).with_name("catalogue.toml")


@dataclass(frozen=True, slots=True)
class Choice:
    """A request whose every word the catalogue has settled."""

    model: Model
    """Never a retired one."""
    size: Size
    """Listed by the model or within its rule."""
    quality: Quality
    """The product's word (`name`) and the vendor's (`provider`)."""
    unit_price_micros: int
    """One picture. Billed by the token, this is without the prompt: about $0.001 more per thousand characters."""
    price_list_version: str
    """The catalogue that named the price."""

    @property
    def exact(self) -> bool:
        """True: a flat price, billed as it stands. False: an estimate; the answer's tokens decide."""
        return self.model.tokens is None

    def cost_micros(self, usage: Mapping[str, Any] | None) -> int | None:
        """What one picture did cost: its flat price, or by `usage`; None where that is absent or partial."""
        return self.unit_price_micros if self.exact else self.model.cost_micros(usage)

    def provider_parameters(self) -> dict[str, str | int]:
        """What the images API is sent besides the prompt, in OpenAI's words: the model's dialect translates them."""
        parameters = self.model.parameters
        quality = {"quality": self.quality.provider} if parameters.quality else {}
        return {"model": self.model.name, "size": str(self.size), "n": 1, **quality, **parameters.sent}


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything that can be asked for, on any day."""

    version: str
    """Names the price list; an override adds its own fingerprint."""
    default_model: str
    """The model where a request names none, as long as it is not retired."""
    models: tuple[Model, ...]
    """In the order shown."""

    def choose(self, model: str | None, size: str | None, quality: str | None, today: date) -> Choice:
        """Settles a request; None takes the default. Raises NotOffered at the first wrong one of model, size, quality.

        No model named means the default one, or, once that is retired, the first in its chain of replacements that
        is not. A retired model that is named is refused, never swapped: its price and its look are not the same.
        """
        chosen = self._default(today) if model is None else self._named(model, today)
        return self._settle(chosen, chosen.size(size), chosen.quality(quality))

    def alternatives(self, choice: Choice, today: date) -> tuple[Choice, ...]:
        """Offers at another price, cheapest first: another quality, another listed size or another active model."""
        model, size, quality = choice.model, choice.size, choice.quality
        others = [self._settle(model, size, other) for other in model.qualities]
        others += [self._settle(model, other, quality) for other in model.sizes]
        for other in self.models:
            if other.status(today) == "active" and size in other.sizes:
                same = (word for word in other.qualities if word.name == quality.name)
                others += [self._settle(other, size, word) for word in same]
        differing = (other for other in others if other.unit_price_micros != choice.unit_price_micros)
        return tuple(sorted(differing, key=lambda other: other.unit_price_micros))

    def sizes_document(self, today: date) -> dict[str, Any]:
        """The body of `GET /generate/sizes`; changes only with the catalogue and the day."""
        default = self._usable(self._find(self.default_model), today)
        return {
            "models": [_model_document(model, today) for model in self.models],
            "default_model": default.name if default else None,
            "catalogue_version": self.version,
        }

    def _settle(self, model: Model, size: Size, quality: Quality) -> Choice:
        return Choice(model, size, quality, model.price(size, quality), self.version)

    def _find(self, name: str | None) -> Model | None:
        return next((model for model in self.models if model.name == name), None)

    def _default(self, today: date) -> Model:
        usable = self._usable(self._find(self.default_model), today)
        return usable or self._named(self.default_model, today)

    def _named(self, name: str, today: date) -> Model:
        model = self._find(name)
        if model is not None and model.status(today) != "retired":
            return model
        allowed = tuple(other.name for other in self.models if other.status(today) != "retired")
        if model is None:
            raise NotOffered(
                "/model", "not_allowed", f"There is no such model. Offered: {', '.join(allowed)}.", allowed
            )
        shutdown = None if model.enabled is False else model.shutdown
        successor = self._usable(model, today)
        detail = f"{name} was switched off{f' on {shutdown}' if shutdown else ''}."
        raise NotOffered(
            "/model",
            "model_retired",
            f"{detail} Use {successor.name}." if successor else detail,
            allowed,
            replacement=successor.name if successor else None,
            shutdown=shutdown,
        )

    def _usable(self, model: Model | None, today: date) -> Model | None:
        """The model, or the first in its chain of replacements that is not retired. A circle of them ends in None."""
        for _ in self.models:
            if model is None or model.status(today) != "retired":
                return model
            model = self._find(model.replacement)
        return None


class CatalogueSpec(Spec):
    """The catalogue file."""

    version: str
    """Names the price list."""
    default_model: str
    """Of a request that names none."""
    dialect: str
    """Of every model that names none."""
    dialects: dict[str, Dialect]
    """By name."""
    models: dict[str, Model]
    """By the vendor's name, in the order shown."""

    @model_validator(mode="after")
    def _every_name_is_known(self) -> Self:
        named: dict[tuple[str, ...], str | None] = {("dialect",): self.dialect}
        named |= {("models", name, "dialect"): model.dialect_name for name, model in self.models.items()}
        for key, dialect in named.items():
            if dialect is not None and dialect not in self.dialects:
                raise fault_at(*key, fault=f"must be one of {', '.join(sorted(self.dialects))}")
        if self.default_model not in self.models:
            raise fault_at("default_model", fault=f"is no model of this catalogue: {', '.join(sorted(self.models))}")
        for name, model in self.models.items():
            if model.replacement is not None and model.replacement not in self.models.keys() - {name}:
                raise fault_at("models", name, "replacement", fault="is no other model of this catalogue")
        return self


def load(override: Path | None = None) -> Catalogue:
    """The packaged catalogue, with the operator's file (if any) laid over it: tables key by key, lists as a whole.

    Raises DataFileError, whose text names the file, the key and the fault.
    """
    file, fingerprint = _PACKAGED, ""
    values, _ = datafile.read(file)
    if override is not None:
        # The packaged file is sound by itself (a test says so): whatever is wrong now, the override made it wrong.
        file = override
        over, text = datafile.read(file)
        values = datafile.merge(values, over)
        fingerprint = f"+{hashlib.sha256(text.encode()).hexdigest()[:8]}"
    spec = datafile.validate(CatalogueSpec, str(file), values)
    models = tuple(
        model.model_copy(update={"name": name, "dialect": spec.dialects[model.dialect_name or spec.dialect]})
        for name, model in spec.models.items()
    )
    return Catalogue(spec.version + fingerprint, spec.default_model, models)


def _model_document(model: Model, today: date) -> dict[str, Any]:
    return {
        "model": model.name,
        "label": model.label,
        "status": model.status(today),
        # Where the operator has spoken, the vendor's date says nothing.
        "shutdown_date": model.shutdown.isoformat() if model.shutdown and model.enabled is None else None,
        "replacement": model.replacement,
        "exact_prices": model.tokens is None,
        "sizes": [
            {
                "size": str(size),
                "width": size.width,
                "height": size.height,
                "ratio": size.ratio,
                "label": size.label,
                "instagram_ready": size.instagram_ready,
                "default": size == model.sizes[0],
            }
            for size in model.sizes
        ],
        "size_rule": dict(model.size_rule) if model.size_rule else None,
        "max_prompt_characters": MAX_PROMPT_CHARACTERS,
        "qualities": [quality.name for quality in model.qualities],
        "prices": {
            str(size): {quality.name: usd(model.price(size, quality)) for quality in model.qualities}
            for size in model.sizes
        },
    }
