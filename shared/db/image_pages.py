"""Pages of the library: numbered, or by a cursor that costs the same at any depth. Reads only.

Totals are sums of `library_counts`; those of a search are counted, up to `COUNTED`
(docs/decisions/0011-library-totals.md).
Not here: what one row becomes for a client (`api_schemas.image`), and single rows (`images.py`)."""

import re
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.db.images import ROW
from shared.db.pool import Db, Row
from shared.db.tables import ImageSource
from shared.domain import cursor, texts

COUNTED = 500
"""Matches of a search are counted so far."""
_NEWEST, _NEXT = 6000, 2000
"""Pictures a search reads, newest first and from its cursor on, before it asks an index. A word in more than a twelfth
of the newest is never asked of an index, which would collect each of its matches to show or count a few."""
_SORTED = 5000
"""Matches of an index that are sorted to find a page of them. Where there are more, they are dense enough to be read in
the order of the page."""
_TRIGRAM = re.compile(r"[^\W_]{3}")
_After = tuple[datetime, UUID]


@dataclass(frozen=True, slots=True)
class ImageFilter:
    """Which pictures."""

    business_id: int
    """The tenant."""
    source: ImageSource | None = None
    """None: all sources."""
    search: str = ""
    """A piece of filename, alt text or prompt, in any case; every character means itself."""
    trashed: bool = False
    """The trash instead of the live ones."""


@dataclass(frozen=True, slots=True)
class ImageRows:
    """Some of them, newest first; in the trash, last deleted first."""

    rows: list[Row]
    """As `images.ROW` says."""
    total: int
    """Of all pages."""
    exact: bool
    """False: `total` is `COUNTED`, and there are more."""
    next_cursor: str | None
    """Where the next page begins; None at the end."""


async def page(db: Db, wanted: ImageFilter, size: int, *, number: int = 1, after: str | None = None) -> ImageRows:
    """The page of this number, which costs more the deeper it is, or the one after a `next_cursor`, at any depth the
    same. Raises Invalid for an `after` that is no cursor."""
    offset = 0 if after else (number - 1) * size
    # One row more than shown is read, to know whether a page follows.
    read = _found if wanted.search else _listed
    rows, total = await read(db, wanted, size + 1, offset, cursor.read(after) if after else None)
    last = rows[size - 1] if len(rows) > size else None
    next_cursor = cursor.write(last[_when(wanted)], last["id"]) if last else None
    exact = not wanted.search or total <= COUNTED
    return ImageRows(rows[:size], total if exact else COUNTED, exact, next_cursor)


async def _listed(db: Db, wanted: ImageFilter, limit: int, offset: int, after: _After | None) -> tuple[list[Row], int]:
    """Without a search: the page by its index, and the sum of a few counts."""
    where, values = _where(wanted, after)
    source = "and c.source = $2" if wanted.source else ""
    rows = await db.fetch(
        f"""with page as materialized (
                select i.id, i.{_when(wanted)} as at from images i where {where} {_cut(limit, offset)}),
            counted as (
                select coalesce(sum(c.delta), 0)::bigint as total from library_counts c
                where c.business_id = $1 and c.trashed = {wanted.trashed} {source})
            {_shown("counted.total", "counted left join page on true")}""",
        *values,
    )
    return _rows(rows), rows[0]["total"]


async def _found(db: Db, wanted: ImageFilter, limit: int, offset: int, after: _After | None) -> tuple[list[Row], int]:
    """Among the newest first; what these do not settle is asked of an index of words."""
    where, values = _where(wanted)
    beyond, when = _beyond(wanted, after, values), _when(wanted)
    like = _like(texts.folded(wanted.search), values)
    walk, most = f"order by i.{when} desc, i.id desc limit", max(COUNTED + 1, offset + limit)
    near = f"""
        select id, at from (
            select i.id, i.{when} as at, {like} as hit from images i where {where}%s {walk} %d) near
        where hit order by at desc, id desc limit {most:d}"""
    read = f"select count(*) from (select from images i where {where}%s {walk} %d) walked"
    hits, here, reach = f"newest as materialized ({near % ('', _NEWEST)})", "newest", _NEWEST
    if after:
        hits, here, reach = f"{hits}, next as materialized ({near % (beyond, _NEXT)})", "next", _NEXT
    row, *more = await db.fetch(
        f"""with {hits},
            page as materialized (select id, at from {here} {_cut(limit, offset)}),
            counted as (
                select (select count(*) from newest) as total, ({read % ("", _NEWEST)}) as newest,
                       ({read % (beyond, reach)}) as next)
            {_shown("counted.*", "counted left join page on true")}""",
        *values,
    )
    rows, total = _rows([row, *more]), row["total"]
    if row["newest"] == _NEWEST and total <= COUNTED:
        matching, values = _matching(wanted, None)
        total = await db.fetchval(
            f"select count(*) from (select from images i where {matching} limit {COUNTED + 1:d}) matches", *values
        )
    if row["next"] == reach and len(rows) < limit:
        rows = await _sought(db, wanted, limit, offset, after, few=total <= COUNTED)
    return rows, total


async def _sought(
    db: Db, wanted: ImageFilter, limit: int, offset: int, after: _After | None, *, few: bool
) -> list[Row]:
    """What lies beyond the newest: the matches of an index, if they are few enough to be sorted, else in their order.

    `few`: of all that match there are at most `COUNTED`. Many of a word without a trigram are never asked of its index:
    where the planner computes `grams` of their rows instead of reading it, 300,000 take half a minute.
    """
    word, when = texts.folded(wanted.search), _when(wanted)
    if few or _TRIGRAM.search(word):
        matching, values = _matching(wanted, after)
        row, *more = await db.fetch(
            f"""with matches as materialized (
                    select i.id, i.{when} as at from images i where {matching} limit {_SORTED + 1:d}),
                page as materialized (select id, at from matches {_cut(limit, offset)}),
                counted as (select count(*) as found from matches)
                {_shown("counted.found", "counted left join page on true")}""",
            *values,
        )
        if row["found"] <= _SORTED:
            return _rows([row, *more])
    where, values = _where(wanted, after)
    return await db.fetch(
        f"""with page as materialized (
                select i.id, i.{when} as at from images i
                where {where} and strpos(i.searchable, ${len(values) + 1}) > 0 {_cut(limit, offset)})
            {_shown("page.at", "page")}""",
        *values, word,
    )  # fmt: skip


def _cut(limit: int, offset: int) -> str:
    return f"order by at desc, id desc limit {limit:d} offset {offset:d}"


def _shown(more: str, page: str) -> str:
    """Whole rows of a page of ids: what is skipped on the way to a page is never read whole.

    Each by its id, said by `offset 0`: of a small library the planner would rather read the whole table.
    """
    return f"""select {more}, {ROW} from {page}
            left join lateral (select * from images where images.id = page.id offset 0) i on true
            left join lateral (select * from jobs where jobs.id = i.job_id offset 0) j on true
            order by page.at desc, page.id desc"""


def _rows(rows: list[Row]) -> list[Row]:
    """Without the one that says the total of an empty page."""
    return [row for row in rows if row["id"]]


def _where(wanted: ImageFilter, after: _After | None = None) -> tuple[str, list[object]]:
    """The condition of a filter and a cursor, and its values."""
    clauses = ["i.business_id = $1", f"i.deleted_at is {'not null' if wanted.trashed else 'null'}"]
    values: list[object] = [wanted.business_id]
    if wanted.source:
        values.append(wanted.source.value)
        clauses.append(f"i.source = ${len(values)}")
    return " and ".join(clauses) + _beyond(wanted, after, values), values


def _beyond(wanted: ImageFilter, after: _After | None, values: list[object]) -> str:
    """The condition of a cursor, whose values it adds."""
    if after is None:
        return ""
    values += after
    return f" and (i.{_when(wanted)}, i.id) < (${len(values) - 1}, ${len(values)})"


def _matching(wanted: ImageFilter, after: _After | None) -> tuple[str, list[object]]:
    """All that a search finds, by the index that knows the word.

    One without three letters in a row is in no trigram. It gets no LIKE: the planner would take their index for it,
    and find the whole business there.
    """
    where, values = _where(wanted, after)
    word = texts.folded(wanted.search)
    if _TRIGRAM.search(word):
        return f"{where} and {_like(word, values)}", values
    values += [word, [word[n : n + 2] for n in range(max(1, len(word) - 1))]]
    short = f"strpos(i.searchable, ${len(values) - 1}) > 0 and grams(i.searchable) @> ${len(values)}"
    return f"{where} and {short}", values


def _like(word: str, values: list[object]) -> str:
    r"""The condition of a word, whose value it adds. In it `%`, `_` and `\` stand for themselves."""
    values.append("%" + re.sub(r"([\\%_])", r"\\\1", word) + "%")
    return f"i.searchable like ${len(values)}"


def _when(wanted: ImageFilter) -> str:
    return "deleted_at" if wanted.trashed else "created_at"
