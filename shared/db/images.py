"""The library's rows: the SQL that touches `images`. Deleting is in `trash.py`, uploads under way in `uploads.py`.

A `row` is an image joined with its job's `prompt, model, size, quality, actual_micros`, and the number of posts that it
is attached to as `used_in`, as `wire.image` takes it.
Where a function takes `whose`, only pictures of these businesses are there for it; None means any.
"""

import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from uuid import UUID

import asyncpg

from shared.db.pool import Connection, Db, Row
from shared.db.tables import ImageRow
from shared.domain.caller import Whose
from shared.domain.errors import NotFound

ROW = """i.*, j.prompt, j.model, j.size, j.quality, j.actual_micros,
    (select count(*) from attachments a where a.image_id = i.id) as used_in"""
_COLUMNS = ", ".join(ImageRow.model_fields)
_NEW = [
    name for name in ImageRow.model_fields if name not in ("created_at", "deleted_at", "purge_at", "purge_failures")
]
_INSERT = f"""
    insert into images ({", ".join(_NEW)}) values ({", ".join(f"${n}" for n in range(1, len(_NEW) + 1))})
    on conflict do nothing returning {_COLUMNS}"""


def searchable(filename: str, alt_text: str | None, prompt: str | None) -> str:
    """What `search` reads, folded like the words that are looked for."""
    return fold("\n".join(part for part in (filename, alt_text, prompt) if part))


def fold(text: str) -> str:
    """Case and composition taken out, for any script. Not Postgres's lower(): what that knows depends on its locale."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


async def add(db: Db, image: ImageRow) -> ImageRow:
    """Adds the picture, or answers the one that is there: the same bytes uploaded, the same job's, the same copy of the
    same picture, or this very id.

    `searchable` is filled in here, with the prompt of its job, and `created_at` by the database's clock.
    """
    prompt = await db.fetchval("select prompt from jobs where id = $1", image.job_id) if image.job_id else None
    values = image.model_dump() | {"searchable": searchable(image.filename, image.alt_text, prompt)}
    while True:
        row = await db.fetchrow(_INSERT, *(values[name] for name in _NEW)) or await _twin(db, image)
        if row is not None:  # else the twin was deleted between the two statements
            return ImageRow(**row)


async def _twin(db: Db, image: ImageRow) -> Row | None:
    if image.job_id:
        return await db.fetchrow(f"select {_COLUMNS} from images where id = $1 or job_id = $2", image.id, image.job_id)
    return await db.fetchrow(
        f"""select {_COLUMNS} from images where id = $1
            or (parent_id = $4 and derived_as = $5 and deleted_at is null)
            or (business_id = $2 and sha256 = $3 and source = 'uploaded' and deleted_at is null)
            order by id = $1 desc, derived_as = $5 desc nulls last limit 1""",
        image.id, image.business_id, image.sha256, image.parent_id, image.derived_as,
    )  # fmt: skip


async def find(db: Db, image_id: UUID, business_ids: Whose = None) -> Row | None:
    """One row, in the trash or not."""
    return await db.fetchrow(
        f"""select {ROW} from images i left join jobs j on j.id = i.job_id
            where i.id = $1 and ($2::bigint[] is null or i.business_id = any($2))""",
        image_id, business_ids,
    )  # fmt: skip


async def get(db: Db, image_id: UUID, business_ids: Whose = None) -> Row:
    """One row. Raises NotFound."""
    return there(await find(db, image_id, business_ids))


async def find_by_hash(db: Db, business_id: int, sha256: str) -> Row | None:
    """The live upload with these bytes."""
    return await db.fetchrow(
        f"""select {ROW} from images i left join jobs j on j.id = i.job_id
            where i.business_id = $1 and i.sha256 = $2 and i.source = 'uploaded' and i.deleted_at is null""",
        business_id, sha256,
    )  # fmt: skip


async def find_copy(db: Db, parent_id: UUID, derived_as: str) -> Row | None:
    """The live derivative of this picture that was made so."""
    return await db.fetchrow(
        f"""select {ROW} from images i left join jobs j on j.id = i.job_id
            where i.parent_id = $1 and i.derived_as = $2 and i.deleted_at is null""",
        parent_id, derived_as,
    )  # fmt: skip


async def same_copy(db: Db, parent_id: UUID, sha256: str, derived_as: str) -> UUID | None:
    """The live derivative of this picture with these bytes, however it was made. One of an earlier version, which does
    not say how, says so from now on."""
    found: UUID | None = await db.fetchval(
        """select id from images where parent_id = $1 and sha256 = $2 and deleted_at is null
            order by derived_as = $3 desc nulls last, id limit 1""",
        parent_id, sha256, derived_as,
    )  # fmt: skip
    if found is not None:
        with suppress(asyncpg.UniqueViolationError):  # Another process made it in this moment: that one says so.
            await db.execute(
                "update images set derived_as = $2 where id = $1 and derived_as is null and deleted_at is null",
                found, derived_as,
            )  # fmt: skip
    return found


async def copies(db: Db, parent_id: UUID, limit: int) -> list[Row]:
    """The live derivatives of this picture, newest first."""
    return await db.fetch(
        f"""select {ROW} from images i left join jobs j on j.id = i.job_id
            where i.parent_id = $1 and i.deleted_at is null order by i.created_at desc, i.id desc limit $2""",
        parent_id, limit,
    )  # fmt: skip


async def by_ids(db: Db, ids: Sequence[UUID], business_ids: Whose = None) -> dict[UUID, Row]:
    """The rows of those that exist."""
    rows = await db.fetch(
        f"""select {ROW} from images i left join jobs j on j.id = i.job_id
            where i.id = any($1::uuid[]) and ($2::bigint[] is null or i.business_id = any($2))""",
        list(ids), business_ids,
    )  # fmt: skip
    return {row["id"]: row for row in rows}


async def by_jobs(db: Db, job_ids: Sequence[UUID]) -> dict[UUID, Row]:
    """The pictures that these jobs painted, by the job."""
    rows = await db.fetch(
        f"select {ROW} from images i join jobs j on j.id = i.job_id where i.job_id = any($1::uuid[])", list(job_ids)
    )
    return {row["job_id"]: row for row in rows}


async def lock(db: Connection, image_id: UUID, business_ids: Whose = None) -> Row:
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
    await db.execute(
        "update images set filename = $2, alt_text = $3, searchable = $4 where id = $1",
        row["id"], filename, alt_text, searchable(filename, alt_text, row["prompt"]),
    )  # fmt: skip
    return await get(db, row["id"])


def there(row: Row | None) -> Row:
    """The row. Raises NotFound where there is none."""
    if row is None:
        raise NotFound("There is no such picture")
    return row
