"""The stored pictures: real files in a folder, each with a small JSON record, which survive a restart.
No HTTP here, and no look into the pictures; a public id never becomes a path.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import re
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

import orjson


@dataclass(frozen=True)
class Record:
    """One stored picture."""

    public_id: str
    format: str
    """As Cloudinary writes it: jpg, png or webp."""
    width: int
    height: int
    bytes: int
    etag: str
    """MD5 of the bytes, as Cloudinary's."""
    file: str = ""
    """The file's name beside this record."""
    asset_id: str = ""
    """Stays when the picture is replaced."""
    version: int = 0
    """Rises with every replacement, also within one second."""
    created_at: str = ""
    """As `2026-11-28T03:31:00Z`."""
    tags: tuple[str, ...] = ()
    context: dict[str, str] = field(default_factory=dict)


class FileStore:
    """Blocking; call it from a thread."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._lock = Lock()

    def find(self, public_id: str) -> Record | None:
        """None where nothing is stored."""
        try:
            return _read(self._record_file(public_id))
        except FileNotFoundError:
            return None

    def read(self, record: Record) -> bytes | None:
        """The picture's file; None when it was deleted a moment ago."""
        try:
            return (self._record_file(record.public_id).parent / record.file).read_bytes()
        except FileNotFoundError:
            return None

    def put(self, record: Record, picture: bytes, *, overwrite: bool) -> tuple[Record, bool]:
        """The record as it is now, and whether an older picture was there and stayed."""
        record_file = self._record_file(record.public_id)
        with self._lock:
            old = self.find(record.public_id)
            if old is not None and not overwrite:
                return old, True
            version = max(int(time.time()), old.version + 1 if old else 0)
            stored = dataclasses.replace(
                record,
                file=f"{record_file.stem}-{version}.{record.format}",
                asset_id=old.asset_id if old else uuid.uuid4().hex,
                version=version,
                created_at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            )
            _write(record_file.parent / stored.file, picture)
            _write(record_file, orjson.dumps(stored))
            if old:
                (record_file.parent / old.file).unlink(missing_ok=True)
            return stored, False

    def describe(self, public_id: str, tags: tuple[str, ...] | None, context: dict[str, str] | None) -> Record | None:
        """Replaces what is given, keeps the rest. None where nothing is stored."""
        with self._lock:
            record = self.find(public_id)
            if record is None:
                return None
            described = dataclasses.replace(
                record,
                tags=record.tags if tags is None else tags,
                context=record.context if context is None else context,
            )
            _write(self._record_file(public_id), orjson.dumps(described))
            return described

    def remove(self, public_id: str) -> bool:
        """Whether there was something. The record goes first: without it the file is as good as gone, also when we die
        in between."""
        with self._lock:
            record = self.find(public_id)
            if record is None:
                return False
            record_file = self._record_file(public_id)
            record_file.unlink()
            (record_file.parent / record.file).unlink(missing_ok=True)
            return True

    def records(self) -> Iterator[Record]:
        """Everything stored, in no order."""
        for record_file in self._folder.glob("*/*.json"):
            try:
                yield _read(record_file)
            except FileNotFoundError:
                continue

    def _record_file(self, public_id: str) -> Path:
        """A readable name that cannot leave the folder; the digest keeps two ids apart that read alike."""
        digest = hashlib.sha256(public_id.encode()).hexdigest()
        readable = re.sub(r"[^A-Za-z0-9_]+", "-", public_id).strip("-")[-80:]
        return self._folder / digest[:2] / f"{readable}-{digest[:16]}.json"


def _read(record_file: Path) -> Record:
    written = orjson.loads(record_file.read_bytes())
    known = {field.name for field in dataclasses.fields(Record)} & written.keys()
    return Record(**{name: written[name] for name in known} | {"tags": tuple(written["tags"])})


def _write(file: Path, content: bytes) -> None:
    """All or nothing: a reader, or a restart, never meets half a file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f".{file.name}.{uuid.uuid4().hex}")
    try:
        unfinished.write_bytes(content)
        os.replace(unfinished, file)  # noqa: PTH105 (the atomic one, by its name)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
