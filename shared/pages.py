"""Pages of the library: numbered, or by a cursor that costs the same at any depth. Reads only.

Not here: what one row becomes for a client (`wire.image`), and single rows (`images.py`)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared import cursor
from shared.db import Db, Row
from shared.images import ROW, fold
from shared.models import ImageSource


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which pictures."""

    business_id: int
    source: ImageSource | None = None
    """None: all sources."""
    search: str = ""
    """A piece of filename, alt text or prompt, in any case; every character means itself."""
    trashed: bool = False
    """The trash instead of the live ones."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some of them, newest first; in the trash, last deleted first."""

    rows: list[Row]
    total: int
    next_cursor: str | None
    """Where the next page begins; None at the end."""


async def numbered(db: Db, wanted: Wanted, page: int, size: int) -> Page:
    """The page of this number, from 1. Costs more the deeper it is."""
    offset = (page - 1) * size
    total = await _total(db, wanted) if offset else None
    rows = [] if total is not None and offset >= total else await _rows(db, wanted, size + 1, offset=offset)
    if total is None:
        total = len(rows) if len(rows) <= size else await _total(db, wanted)
    return _page(wanted, rows, size, total)


async def following(db: Db, wanted: Wanted, word: str, size: int) -> Page:
    """The page after a `next_cursor`. Raises Invalid for a word that is none."""
    rows = await _rows(db, wanted, size + 1, after=cursor.read(word))
    return _page(wanted, rows, size, await _total(db, wanted))


def _page(wanted: Wanted, rows: list[Row], size: int, total: int) -> Page:
    shown = rows[:size]
    last = shown[-1] if len(rows) > size else None
    return Page(shown, total, cursor.write(last[_when(wanted)], last["id"]) if last else None)


async def _rows(
    db: Db, wanted: Wanted, limit: int, *, offset: int = 0, after: tuple[datetime, UUID] | None = None
) -> list[Row]:
    where, values = _where(wanted)
    when = _when(wanted)
    if after:
        where += f" and (i.{when}, i.id) < (${len(values) + 1}, ${len(values) + 2})"
        values = [*values, *after]
    # The page is cut out before the jobs are looked up, which keeps the join off the planner's mind.
    return await db.fetch(
        f"""with i as materialized (
                select * from images i where {where}
                order by i.{when} desc, i.id desc limit {limit:d} offset {offset:d})
            select {ROW} from i left join jobs j on j.id = i.job_id order by i.{when} desc, i.id desc""",
        *values,
    )


async def _total(db: Db, wanted: Wanted) -> int:
    where, values = _where(wanted)
    found: int = await db.fetchval(f"select count(*) from images i where {where}", *values)
    return found


def _where(wanted: Wanted) -> tuple[str, list[object]]:
    clauses = ["i.business_id = $1", f"i.deleted_at is {'not null' if wanted.trashed else 'null'}"]
    values: list[object] = [wanted.business_id]
    if wanted.source:
        values.append(wanted.source.value)
        clauses.append(f"i.source = ${len(values)}")
    if wanted.search:
        values.append(f"%{_literal(fold(wanted.search))}%")
        clauses.append(f"i.searchable like ${len(values)}")
    return " and ".join(clauses), values


def _literal(text: str) -> str:
    r"""For LIKE: `%`, `_` and `\` stand for themselves."""
    return text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")


def _when(wanted: Wanted) -> str:
    return "deleted_at" if wanted.trashed else "created_at"
