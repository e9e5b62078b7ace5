"""What the sandbox was asked and what it did, call by call: the vendor's side of every bill.
One JSON line when a call begins and one when it ends, in a file that is only appended to and survives a restart.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

REMEMBERED = 50_000
"""Older calls stay in the file and in the summary, but are no longer listed."""


@dataclass
class Entry:
    """One call."""

    target: str
    """Which service was asked, e.g. openai.generate."""
    request_id: str
    """The vendor's id of the call, as in the x-request-id header of the answer."""
    seq: int = 0
    """The order of arrival, from 1."""
    at: str = ""
    """When it arrived."""
    did: str = "ok"
    """The behaviour it met: one of the script's words, or `refused` (bad request) or `limited` (rate limit)."""
    finished_at: str | None = None
    """When the answer was ready to go; null while the call is under way or if the sandbox died under it."""
    status: int | None = None
    """The HTTP status answered; null when the connection was dropped or hung."""
    client_gone: bool = False
    """The caller had left before the answer was ready."""
    worked: bool = False
    """The work was done, paid or stored, whatever the answer said."""
    painted: int = 0
    """How many pictures were made."""
    code: str | None = None
    """A refusal's code, or `existing` when an upload met a stored picture."""
    prompt: str | None = None
    model: str | None = None
    size: str | None = None
    quality: str | None = None
    """As resolved: never `auto`."""
    client_request_id: str | None = None
    """The caller's X-Client-Request-Id."""
    cost_micros: int = 0
    """What the vendor charges, in millionths of a dollar."""
    public_id: str | None = None


_NAMES = {field.name for field in dataclasses.fields(Entry)}


class Ledger:
    """Reads on in the file, or begins it."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._entries: dict[int, Entry] = {}
        self._last = 0
        self._under_way: set[int] = set()
        self._forget()
        self._file = file.open("ab", buffering=0)
        with file.open("rb") as lines:
            for line in lines:
                self._read(line)

    def open(self, entry: Entry) -> None:
        """Numbers the call and writes its first line."""
        self._last += 1
        self._opened += 1
        entry.seq, entry.at = self._last, _now()
        self._under_way.add(entry.seq)
        self._remember(entry)
        self._write(entry)

    def close(self, entry: Entry) -> None:
        """Writes the call's last line, with what became of it; not if the ledger was cleared while it was under way."""
        entry.finished_at = _now()
        if entry.seq in self._under_way:
            self._under_way.discard(entry.seq)
            self._count(entry)
            self._write(entry)

    def entries(self, target: str | None = None, painted: bool | None = None, after: int = 0) -> list[Entry]:
        """By number; `painted` tells whether pictures were made."""
        return [
            entry
            for entry in self._entries.values()
            if entry.seq > after
            and (target is None or entry.target == target)
            and (painted is None or bool(entry.painted) == painted)
        ]

    def summary(self) -> dict[str, Any]:
        """Of every call: how many, what they met by target, pictures and costs, and how many of these were answered."""
        in_flight = len(self._under_way)
        return {"calls": self._opened, "in_flight": in_flight, "by_target": self._by_target, **self._sums}

    def clear(self) -> None:
        """Forgets everything, also in the file, also the calls under way. Numbers are not given twice."""
        self._file.truncate(0)
        self._forget()

    def shut(self) -> None:
        """Closes the file."""
        self._file.close()

    def _forget(self) -> None:
        self._entries.clear()
        self._under_way.clear()
        self._opened = 0
        self._by_target: dict[str, Counter[str]] = {}
        self._sums = dict.fromkeys(("paintings", "paintings_answered", "cost_micros", "cost_micros_answered"), 0)

    def _count(self, entry: Entry) -> None:
        self._by_target.setdefault(entry.target, Counter())[entry.did] += 1
        answered = entry.status == 200 and entry.did in {"ok", "slow", "broken_bytes"} and not entry.client_gone
        for name, amount in (("paintings", entry.painted), ("cost_micros", entry.cost_micros)):
            self._sums[name] += amount
            self._sums[f"{name}_answered"] += amount if answered else 0

    def _remember(self, entry: Entry) -> None:
        self._entries[entry.seq] = entry
        if len(self._entries) > REMEMBERED:
            del self._entries[next(iter(self._entries))]

    def _write(self, entry: Entry) -> None:
        self._file.write(orjson.dumps(entry) + b"\n")

    def _read(self, line: bytes) -> None:
        try:
            written = orjson.loads(line)
        except orjson.JSONDecodeError:
            return  # The process was killed in the middle of this line.
        entry = Entry(**{name: written[name] for name in _NAMES & written.keys()})
        self._opened += entry.seq > self._last
        self._last = max(self._last, entry.seq)
        self._remember(entry)
        if entry.finished_at:
            self._count(entry)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
