"""What clients send is read strictly: JSON in UTF-8 that says each name once, a query of known names, once and plainly.

Bodies and queries are models of two roots, because the same word means different things: `"1"` in JSON is a text and no
number, in a query everything is text.
"""

import json
import re
from collections.abc import Sequence
from typing import Any, get_args
from urllib.parse import parse_qsl

from pydantic import BaseModel, ConfigDict, Strict, ValidationInfo, field_validator

from shared.domain.errors import FieldError, Invalid, Malformed

_NUMBER = re.compile(r"0|-?[1-9][0-9]{0,99}")
_TWICE = "The body is not valid JSON: an object has the same name twice"

FromText = Strict(False)
"""For the field of a body that JSON can only say as a text: an id, a word of a list."""


class RequestModel(BaseModel):
    """The root of what clients send as JSON: unknown fields are refused, and so is `true`, `1.0` or `"1"` for a 1."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class QueryModel(BaseModel):
    """The root of what clients send in a query: numbers are written as we write them, booleans `true` or `false`, also
    in capitals, as some languages write theirs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @field_validator("*", mode="before")
    @classmethod
    def _plainly(cls, value: Any, info: ValidationInfo) -> Any:
        if not isinstance(value, str):
            return value
        kind = cls.model_fields[str(info.field_name)].annotation
        if _speaks_of(kind, bool) and value.lower() not in {"true", "false"}:
            raise ValueError("must be true or false")
        if _speaks_of(kind, int) and not _NUMBER.fullmatch(value):
            raise ValueError("must be a whole number in plain digits, without sign or leading zero")
        return value


def _speaks_of(annotation: Any, kind: type) -> bool:
    return annotation is kind or any(_speaks_of(part, kind) for part in get_args(annotation))


def loads(body: bytes) -> Any:
    """The JSON of a body. Raises Malformed for what is none, is not UTF-8, or can be read in two ways."""
    try:
        return json.loads(body.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_constant)
    except Malformed:
        raise
    except (ValueError, RecursionError):
        raise Malformed("The body is not valid JSON in UTF-8") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    for name in read:
        name.encode()  # Half of a surrogate pair is a ValueError, and no name.
    if len(read) != len(pairs):
        raise Malformed(_TWICE)
    return read


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def check_query(query: bytes, known: Sequence[str]) -> None:
    """Raises Invalid where a query names what is not known, or the same twice."""
    if not query:
        return
    names = [name for name, _ in parse_qsl(query.decode("latin-1"), keep_blank_values=True)]
    words = f"Known here: {', '.join(known)}" if known else "This route takes no query parameters"
    wrong = [FieldError(f"query/{name}"[:100], "unknown_field", words) for name in names if name not in known]
    wrong += [FieldError(f"query/{name}", "not_allowed", "Send it once") for name in known if names.count(name) > 1]
    if wrong:
        raise Invalid("; ".join(f"{one.pointer}: {one.detail}" for one in wrong[:3]), errors=tuple(wrong))
