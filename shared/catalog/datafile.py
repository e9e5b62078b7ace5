"""Reading TOML data files, one laid over another; complaints name the file, the key and the fault.

Knows nothing of what the files mean; that is in the `Spec`s that they are validated against."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from shared.domain.money import micros

_FAULTS: Mapping[str, str] = {
    "missing": "is missing",
    "string_type": "must be a string",
    "int_type": "must be a whole number",
    "bool_type": "must be true or false",
    "date_type": "must be a date like 2026-12-01, without quotes",
    "tuple_type": "must be a list",
    "frozen_set_type": "must be a list",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "too_short": "must list one or more",
    "too_long": "must list {max_length} at most",
    "greater_than_equal": "must be at least {ge}",
    "literal_error": "must be {expected}",
    "value_error": "{error}",
    "fault_at": "{fault}",
}
"""Pydantic's errors in the words of a person who writes TOML."""


class DataFileError(ValueError):
    """A data file that cannot be used. As a string: `file: key: fault`."""

    def __init__(self, file: str, key: str, fault: str) -> None:
        super().__init__(": ".join(part for part in (file, key, fault) if part))
        self.file = file
        """Name or path of the file to edit."""
        self.key = key
        """Dotted path of the key; empty when the file as a whole is at fault."""
        self.fault = fault
        """What is wrong, as the end of a sentence."""


def fault_at(*key: str, fault: str) -> PydanticCustomError:
    """The error for a validator to raise about a key further down in its table."""
    return PydanticCustomError("fault_at", "{fault}", {"key": key, "fault": fault})


class Spec(BaseModel):
    """What a table of a data file may hold, but for the fields with `exclude`: those are set by who reads it."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _knows_every_key(cls, table: Any) -> Any:
        """A misspelled key would otherwise do nothing, in silence."""
        known = sorted(field.alias or name for name, field in cls.model_fields.items() if not field.exclude)
        for key, value in table.items() if isinstance(table, dict) else ():
            if key not in known:
                hint = " (a name with a dot in it needs quotes)" if isinstance(value, dict) else ""
                raise fault_at(key, fault=f"is not known here; known: {', '.join(known)}{hint}")
        return table


def _distinct(values: object) -> object:
    if isinstance(values, list) and (not values or any(values.count(value) > 1 for value in values)):
        raise ValueError("must list one string or more, none of them twice")
    return values


LISTED = Field(strict=False)
"""Of a tuple or set: TOML has lists only, which a strict one would refuse."""
DISTINCT = BeforeValidator(_distinct)
"""Of a list: at least one, none twice."""

Strings = Annotated[frozenset[str], LISTED, DISTINCT]
"""A list of strings: at least one, none twice."""
Count = Annotated[int, Field(ge=1)]
"""A whole number of at least one."""
Price = Annotated[int, BeforeValidator(micros)]
"""In the file dollars, as a string so that nothing is rounded; here micros."""

S = TypeVar("S", bound=Spec)


def read(path: Path) -> tuple[dict[str, Any], str]:
    """The values of a TOML file, and its text. Raises DataFileError, with the line where it is no TOML."""
    try:
        text = path.read_text("utf-8")
        return tomllib.loads(text), text
    except OSError as fault:
        raise DataFileError(str(path), "", f"cannot be read: {fault.strerror}") from None
    except UnicodeDecodeError:
        raise DataFileError(str(path), "", "is not UTF-8") from None
    except tomllib.TOMLDecodeError as fault:
        raise DataFileError(str(path), "", f"is no valid TOML: {fault}") from None


def merge(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`over` laid over `under`: tables are merged key by key, everything else (lists too) is replaced."""
    merged = dict(under)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = merge(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def validate(spec: type[S], file: str, values: Mapping[str, Any]) -> S:
    """The values as this spec says. Raises DataFileError about the first fault; `file` is only named in it."""
    try:
        return spec.model_validate(values)
    except ValidationError as wrong:
        raise _data_file_error(file, wrong.errors(include_url=False, include_input=False)[0]) from None


def _data_file_error(file: str, error: ErrorDetails) -> DataFileError:
    context = error.get("ctx", {})
    if error["type"] == "literal_error":
        context["expected"] = context["expected"].replace("'", "")
    template = _FAULTS.get(error["type"])
    fault = template.format_map(context) if template else error["msg"]
    key = ""
    path = [part for part in error["loc"] if part != "[key]"] + list(context.get("key", ()))
    if path and isinstance(path[-1], int):  # What is wrong with an entry is said of its list.
        fault = f"entry {path.pop() + 1} {fault}"
    for part in path:
        key += f"[{part}]" if isinstance(part, int) else f".{_quoted(part)}"
    return DataFileError(file, key.removeprefix("."), fault)


def _quoted(key: str) -> str:
    """As TOML wants it."""
    return key if key.replace("-", "").replace("_", "").isalnum() else f'"{key}"'
