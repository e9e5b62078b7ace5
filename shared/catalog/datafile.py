"""Reading TOML data files, one laid over another; complaints name the file, the key and the fault.

Knows nothing of what the files mean; `catalogue.py` does."""

import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from shared.domain.money import micros

T = TypeVar("T")

_KINDS: Mapping[type, str] = {
    str: "a string",
    int: "a whole number",
    bool: "true or false",
    date: "a date like 2026-12-01, without quotes",
    list: "a list",
    dict: "a table",
}


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


def read(path: Path) -> str:
    """The text of a file. Raises DataFileError."""
    try:
        return path.read_text("utf-8")
    except OSError as fault:
        raise DataFileError(str(path), "", f"cannot be read: {fault.strerror}") from None
    except UnicodeDecodeError:
        raise DataFileError(str(path), "", "is not UTF-8") from None


def parse(file: str, text: str) -> dict[str, Any]:
    """The values of a TOML text. Raises DataFileError with the line where it is no TOML."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise DataFileError(file, "", f"is no valid TOML: {fault}") from None


def merge(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`over` laid over `under`: tables are merged key by key, everything else (lists too) is replaced."""
    merged = dict(under)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = merge(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


class Table:
    """One table of a data file, read key by key; `finish` then refuses the keys that nobody asked for."""

    def __init__(self, file: str, key: str, values: Mapping[str, Any]) -> None:
        self._file = file
        self._key = key
        self._values = values
        self._asked: set[str] = set()

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def path(self, key: str) -> str:
        """The dotted path of a key of this table, quoted where TOML wants it."""
        plain = key.replace("-", "").replace("_", "").isalnum()
        return ".".join(part for part in (self._key, key if plain else f'"{key}"') if part)

    def fault(self, key: str, fault: str) -> DataFileError:
        """The error to raise about a key of this table."""
        return DataFileError(self._file, self.path(key), fault)

    def get(self, key: str, kind: type[T]) -> T:
        """A value that must be there; `object` takes any kind."""
        self._asked.add(key)
        if key not in self._values:
            raise self.fault(key, "is missing")
        value: T = self._values[key]
        # The exact type: to isinstance True is an int and a time is a date, but not to the person who wrote the file.
        if kind is not object and type(value) is not kind:
            raise self.fault(key, f"must be {_KINDS[kind]}")
        return value

    def find(self, key: str, kind: type[T]) -> T | None:
        """A value that may be absent."""
        self._asked.add(key)
        return self.get(key, kind) if key in self._values else None

    def count(self, key: str) -> int:
        """A whole number of at least one."""
        value = self.get(key, int)
        if value < 1:
            raise self.fault(key, "must be at least 1")
        return value

    def money(self, key: str) -> int:
        """Dollars, written as a string so that nothing is rounded; as micros."""
        try:
            return micros(self.get(key, object))
        except ValueError as fault:
            raise self.fault(key, str(fault)) from None

    def words(self, key: str) -> tuple[str, ...]:
        """A list of strings: at least one, none twice."""
        values = self.get(key, list)
        if not values or not all(isinstance(value, str) for value in values) or len(set(values)) < len(values):
            raise self.fault(key, "must list one string or more, none of them twice")
        return tuple(values)

    def numbers(self, key: str) -> tuple[int, ...]:
        """A list of whole numbers: at least one."""
        values = self.get(key, list)
        if not values or not all(type(value) is int for value in values):
            raise self.fault(key, "must list one whole number or more")
        return tuple(values)

    def tables(self, key: str) -> "tuple[Table, ...]":
        """A list of tables; empty where it is absent."""
        rows = self.find(key, list) or []
        if not all(isinstance(row, dict) for row in rows):
            raise self.fault(key, "must be a list of tables")
        return tuple(Table(self._file, f"{self.path(key)}[{number}]", row) for number, row in enumerate(rows))

    def table(self, key: str) -> "Table":
        """A table within this one; empty where it is absent."""
        return Table(self._file, self.path(key), self.find(key, dict) or {})

    def finish(self) -> None:
        """Refuses what nobody asked for: a misspelled key would otherwise do nothing, in silence."""
        for key, value in self._values.items():
            if key not in self._asked:
                hint = " (a name with a dot in it needs quotes)" if isinstance(value, dict) else ""
                raise self.fault(key, f"is not known here; known: {', '.join(sorted(self._asked))}{hint}")
