"""The library's rows: the SQL that touches `images`. Deleting is in `trash.py`, uploads under way in `uploads.py`.

A `Row` is an image joined with its job's `prompt, model, size, quality, actual_micros` (all null without a job), and
the number of posts that it is attached to as `used_in`: what `api_schemas.image` takes.
Where a function takes `business_ids`, only pictures of these businesses are there for it; None means any.
"""

from collections.abc import Sequence
from contextlib import suppress
from uuid import UUID

import asyncpg

from shared.db.pool import Connection, Db, Row
from shared.db.tables import ImageRow
from shared.domain import texts
from shared.domain.caller import BusinessIds
from shared.domain.errors import NotFound

# By name: once a later version adds a column, Postgres refuses what was prepared with `i.*`.
ROW = f"""{", ".join(f"i.{name}" for name in ImageRow.model_fields)},
    j.prompt, j.model, j.size, j.quality, j.actual_micros,
    (select count(*) from attachments a where a.image_id = i.id) as used_in"""
"""Of `images i left join jobs j`."""
_JOIN = "left join jobs j on j.id = i.job_id"
_SELECT = f"select {ROW} from images i {_JOIN} where"
_RETURNED = f"select {ROW} from i {_JOIN}"
"""After `with i as (… returning *)`: the whole row as it is then, without reading it again."""
_NEW = [
    name for name in ImageRow.model_fields if name not in ("created_at", "deleted_at", "purge_at", "purge_failures")
]
_INSERT = f"""
    with i as (
        insert into images ({", ".join(_NEW)}) values ({", ".join(f"${n}" for n in range(1, len(_NEW) + 1))})
        on conflict do nothing returning *)
    {_RETURNED}"""


def searchable(filename: str, alt_text: str | None, prompt: str | None) -> str:
    """What `search` reads, folded like the words that are looked for."""
    return texts.folded("\n".join(part for part in (filename, alt_text, prompt) if part))


async def add(db: Db, image: ImageRow) -> ImageRow:
    """`insert`, for whoever needs the image alone."""
    return ImageRow(**await insert(db, image))


async def insert(db: Db, image: ImageRow) -> Row:
    """Adds the picture, or answers the one that is there: the same bytes uploaded, the same job's, the same copy of the
    same picture, or this very id.

    `searchable` is filled in here, with the prompt of its job, and `created_at` by the database's clock.
    """
    prompt = await db.fetchval("select prompt from jobs where id = $1", image.job_id) if image.job_id else None
    values = image.model_dump() | {"searchable": searchable(image.filename, image.alt_text, prompt)}
    while True:
        row = await db.fetchrow(_INSERT, *(values[name] for name in _NEW)) or await _twin(db, image)
        if row is not None:  # else the twin was deleted between the two statements
            return row


async def _twin(db: Db, image: ImageRow) -> Row | None:
    if image.job_id:
        return await db.fetchrow(f"{_SELECT} i.id = $1 or i.job_id = $2", image.id, image.job_id)
    return await db.fetchrow(
        f"""{_SELECT} i.id = $1
            or (i.parent_id = $4 and i.derived_as = $5 and i.deleted_at is null)
            or (i.business_id = $2 and i.sha256 = $3 and i.source = 'uploaded' and i.deleted_at is null)
            order by i.id = $1 desc, i.derived_as = $5 desc nulls last limit 1""",
        image.id, image.business_id, image.sha256, image.parent_id, image.derived_as,
    )  # fmt: skip


async def find(db: Db, image_id: UUID, business_ids: BusinessIds = None) -> Row | None:
    """One row, in the trash or not."""
    return await db.fetchrow(
        f"{_SELECT} i.id = $1 and ($2::bigint[] is null or i.business_id = any($2))", image_id, business_ids
    )


async def get(db: Db, image_id: UUID, business_ids: BusinessIds = None) -> Row:
    """One row. Raises NotFound."""
    return there(await find(db, image_id, business_ids))


async def find_by_hash(db: Db, business_id: int, sha256: str) -> Row | None:
    """The live upload with these bytes."""
    return await db.fetchrow(
        f"{_SELECT} i.business_id = $1 and i.sha256 = $2 and i.source = 'uploaded' and i.deleted_at is null",
        business_id, sha256,
    )  # fmt: skip


async def find_copy(db: Db, parent_id: UUID, derived_as: str) -> Row | None:
    """The live derivative of this picture that was made so."""
    return await db.fetchrow(
        f"{_SELECT} i.parent_id = $1 and i.derived_as = $2 and i.deleted_at is null", parent_id, derived_as
    )


async def same_copy(db: Db, parent_id: UUID, sha256: str, derived_as: str) -> UUID | None:
    """The live derivative of this picture with these bytes, however it was made. One of an earlier version, which does
    not say how, says so from now on."""
    same: UUID | None = await db.fetchval(
        """select id from images where parent_id = $1 and sha256 = $2 and deleted_at is null
            order by derived_as = $3 desc nulls last, id limit 1""",
        parent_id, sha256, derived_as,
    )  # fmt: skip
    if same is not None:
        with suppress(asyncpg.UniqueViolationError):  # Another process made it in this moment: that one says so.
            await db.execute(
                "update images set derived_as = $2 where id = $1 and derived_as is null and deleted_at is null",
                same, derived_as,
            )  # fmt: skip
    return same


async def copies(db: Db, parent_id: UUID, limit: int) -> list[Row]:
    """The live derivatives of this picture, newest first."""
    return await db.fetch(
        f"{_SELECT} i.parent_id = $1 and i.deleted_at is null order by i.created_at desc, i.id desc limit $2",
        parent_id, limit,
    )  # fmt: skip


async def by_ids(db: Db, ids: Sequence[UUID], business_ids: BusinessIds = None) -> dict[UUID, Row]:
    """The rows of those that exist."""
    rows = await db.fetch(
        f"{_SELECT} i.id = any($1::uuid[]) and ($2::bigint[] is null or i.business_id = any($2))",
        list(ids), business_ids,
    )  # fmt: skip
    return {row["id"]: row for row in rows}


async def by_jobs(db: Db, job_ids: Sequence[UUID]) -> dict[UUID, Row]:
    """The pictures that these jobs painted, by the job."""
    rows = await db.fetch(f"{_SELECT} i.job_id = any($1::uuid[])", list(job_ids))
    return {row["job_id"]: row for row in rows}


async def lock(db: Connection, image_id: UUID, business_ids: BusinessIds = None) -> Row:
    """One row that nobody else changes until the transaction ends. Raises NotFound.

    Read by a second statement: of other tables the first one sees nothing that was done while it waited for the lock.
    """
    await db.execute(
        "select from images where id = $1 and ($2::bigint[] is null or business_id = any($2)) for update",
        image_id, business_ids,
    )  # fmt: skip
    return await get(db, image_id, business_ids)


async def describe(db: Connection, row: Row, filename: str, alt_text: str | None) -> Row:
    """Gives a row that is locked another filename and alt text."""
    words = filename, alt_text, searchable(filename, alt_text, row["prompt"])
    return await change(db, row["id"], "filename = $2, alt_text = $3, searchable = $4", *words)


async def change(db: Connection, image_id: UUID, assignments: str, *values: object, where: str = "true") -> Row:
    """Changes a row that is locked; answers it as it is then. `assignments` and `where` are SQL of our own, whose
    `values` begin at $2. Raises NotFound where it is not as `where` says."""
    changed = await db.fetchrow(
        f"with i as (update images set {assignments} where id = $1 and {where} returning *) {_RETURNED}",
        image_id, *values,
    )  # fmt: skip
    return there(changed)


def there(row: Row | None) -> Row:
    """The row. Raises NotFound where there is none."""
    if row is None:
        raise NotFound("There is no such picture")
    return row
