"""How a compatible server differs from OpenAI: what it is sent, where the key goes, what its refusals mean. Pure.

The figures are data (`[dialects.…]` in `catalogue.toml`); what follows from a meaning is in the worker's `answers`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.catalog.datafile import Table

MEANINGS = (
    "busy", "content_policy", "forbidden", "invalid", "key", "model", "model_quota", "overloaded", "quota", "unknown",
    "withheld",
)  # fmt: skip
"""What a refusal may be said to mean."""
_PATH = "/images/generations"


@dataclass(frozen=True, slots=True)
class Sign:
    """A refusal that means something else here. A part that is None matches anything."""

    means: str
    """One of MEANINGS."""
    status: frozenset[int] | None = None
    code: frozenset[str] | None = None
    kind: frozenset[str] | None = None
    """The body's `type`."""
    text: re.Pattern[str] | None = None
    """Found anywhere in the body, whatever the case of its letters."""

    @classmethod
    def read(cls, table: Table) -> "Sign":
        """From one table of `errors`. Raises DataFileError."""
        means, pattern = table.get("means", str), table.find("text", str)
        if means not in MEANINGS:
            raise table.fault("means", f"must be one of {', '.join(MEANINGS)}")
        try:
            text = re.compile(pattern, re.IGNORECASE) if pattern is not None else None
        except re.error as wrong:
            raise table.fault("text", f"is no regular expression: {wrong}") from None
        sign = cls(
            means,
            status=frozenset(table.numbers("status")) if "status" in table else None,
            code=frozenset(table.words("code")) if "code" in table else None,
            kind=frozenset(table.words("type")) if "type" in table else None,
            text=text,
        )
        table.finish()
        if sign == cls(means):
            raise table.fault("means", "needs a status, code, type or text beside it: it would match every refusal")
        return sign


@dataclass(frozen=True, slots=True)
class Dialect:
    """One kind of server."""

    name: str
    path: str = _PATH
    """Below the base URL."""
    key_header: str | None = None
    """The header that carries the key as it is; None: `Authorization: Bearer`."""
    query: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    drop: frozenset[str] = frozenset()
    """Parameters that it does not take."""
    rename: tuple[tuple[str, str], ...] = ()
    """Parameters that it takes under another name."""
    send: tuple[tuple[str, str | int | bool], ...] = ()
    """Sent with every call, whatever a model says."""
    split_size: tuple[str, str] | None = None
    """Names of two numbers that it takes instead of `size`."""
    signs: tuple[Sign, ...] = ()
    """Looked through before what is known of OpenAI; the first that matches counts."""

    @classmethod
    def read(cls, name: str, table: Table) -> "Dialect":
        """From its table in the catalogue file. Raises DataFileError."""
        split = table.words("split_size") if "split_size" in table else None
        if split is not None and len(split) != 2:
            raise table.fault("split_size", "must be two names, of the width and of the height")
        dialect = cls(
            name,
            path=table.find("path", str) or _PATH,
            key_header=table.find("key_header", str),
            query=_strings(table.table("query")),
            headers=_strings(table.table("headers")),
            drop=frozenset(table.words("drop")) if "drop" in table else frozenset(),
            rename=_strings(table.table("rename")),
            send=_values(table.table("send")),
            split_size=(split[0], split[1]) if split else None,
            signs=tuple(Sign.read(row) for row in table.tables("errors")),
        )
        table.finish()
        return dialect

    def body(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """What this server is sent for a call with these parameters of OpenAI's."""
        given = dict(parameters)
        if self.split_size and "size" in given:
            given |= zip(self.split_size, map(int, str(given.pop("size")).split("x")), strict=True)
        names = dict(self.rename)
        kept = {names.get(name, name): value for name, value in given.items() if name not in self.drop}
        return kept | dict(self.send)


def _strings(table: Table) -> tuple[tuple[str, str], ...]:
    pairs = tuple((name, table.get(name, str)) for name in table)
    table.finish()
    return pairs


def _values(table: Table) -> tuple[tuple[str, str | int | bool], ...]:
    pairs = []
    for name in table:
        value = table.get(name, object)
        if not isinstance(value, str | int | bool):
            raise table.fault(name, "must be a string, a whole number, true or false")
        pairs.append((name, value))
    return tuple(pairs)


OPENAI = Dialect("openai")
"""OpenAI itself: what everything else is told as a difference from."""
