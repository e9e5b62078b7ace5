"""How a compatible server differs from OpenAI: what it is sent, where the key goes, what its refusals mean. Pure.

The figures are data (`[dialects.…]` in `catalogue.toml`); what follows from a meaning is in `openai_errors`.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, GetPydanticSchema, PlainValidator, model_validator
from pydantic_core.core_schema import no_info_after_validator_function

from shared.catalog.datafile import DISTINCT, LISTED, Spec, Strings, fault_at

Means = Literal[
    "busy", "content_policy", "forbidden", "invalid", "key", "model", "model_quota", "overloaded", "quota", "unknown",
    "withheld",
]  # fmt: skip
"""What a refusal may be said to mean."""
_PATH = "/images/generations"


def _regex(text: object) -> re.Pattern[str]:
    if not isinstance(text, str):
        raise ValueError("must be a string")
    try:
        return re.compile(text, re.IGNORECASE)
    except re.error as wrong:
        raise ValueError(f"is no regular expression: {wrong}") from None


def _scalar(value: object) -> object:
    if not isinstance(value, str | int | bool):
        raise ValueError("must be a string, a whole number, true or false")
    return value


def _pairs(table: Any) -> GetPydanticSchema:
    """A table of this type, kept as pairs: a dialect can be hashed."""
    return GetPydanticSchema(
        lambda _, schema: no_info_after_validator_function(lambda read: tuple(read.items()), schema(table))
    )


Pairs = Annotated[tuple[tuple[str, str], ...], _pairs(dict[str, str])]
"""A table of strings."""


class Sign(Spec):
    """A refusal that means something else here. A part that is None matches anything."""

    means: Means
    """What it is treated as."""
    status: Annotated[frozenset[int], LISTED, Field(min_length=1)] | None = None
    """HTTP statuses."""
    code: Strings | None = None
    """The body's `code`."""
    kind: Strings | None = Field(None, alias="type")
    """The body's `type`."""
    text: Annotated[re.Pattern[str], PlainValidator(_regex)] | None = None
    """Found anywhere in the body, whatever the case of its letters."""

    @model_validator(mode="after")
    def _matches_not_everything(self) -> Self:
        if not (self.status or self.code or self.kind or self.text):
            raise fault_at("means", fault="needs a status, code, type or text beside it: it would match every refusal")
        return self


class Dialect(Spec):
    """One kind of server."""

    path: Annotated[str, AfterValidator(lambda path: path or _PATH)] = _PATH
    """Below the base URL."""
    key_header: str | None = None
    """The header that carries the key as it is; None: `Authorization: Bearer`."""
    query: Pairs = ()
    """Added to the address of every call."""
    headers: Pairs = ()
    """Added to every call."""
    drop: Strings = frozenset()
    """Parameters that it does not take."""
    rename: Pairs = ()
    """Parameters that it takes under another name."""
    send: Annotated[
        tuple[tuple[str, str | int | bool], ...], _pairs(dict[str, Annotated[Any, AfterValidator(_scalar)]])
    ] = ()
    """Sent with every call, whatever a model says."""
    split_size: Annotated[tuple[str, str], LISTED, DISTINCT] | None = None
    """Names of two numbers, of the width and of the height, that it takes instead of `size`."""
    signs: Annotated[tuple[Sign, ...], LISTED] = Field((), alias="errors")
    """Looked through before what is known of OpenAI; the first that matches counts."""

    def body(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """What this server is sent for a call with these parameters of OpenAI's."""
        given = dict(parameters)
        if self.split_size and "size" in given:
            given |= zip(self.split_size, map(int, str(given.pop("size")).split("x")), strict=True)
        names = dict(self.rename)
        kept = {names.get(name, name): value for name, value in given.items() if name not in self.drop}
        return kept | dict(self.send)


OPENAI = Dialect()
"""OpenAI itself: what everything else is told as a difference from."""
