"""The library's rows: all SQL that touches `images`. Uploads under way are in `uploads.py`.

A `row` is an image joined with its job's `prompt, model, size, quality, actual_micros`, as `wire.image` takes it.
Where a function takes `whose`, only pictures of these businesses are there for it; None means any.
"""

import unicodedata
from collections.abc import Sequence
from uuid import UUID

import asyncpg

from shared.caller import Whose
from shared.db import Db, Row
from shared.errors import Conflict, NotFound
from shared.models import Image

ROW = "i.*, j.prompt, j.model, j.size, j.quality, j.actual_micros"
_COLUMNS = ", ".join(Image.model_fields)
_SCOPE = "id = $1 and ($2::bigint[] is null or business_id = any($2))"
_NEW = [name for name in Image.model_fields if name not in ("created_at", "deleted_at")]
_INSERT = f"""
    insert into images ({", ".join(_NEW)}) values ({", ".join(f"${n}" for n in range(1, len(_NEW) + 1))})
    on conflict do nothing returning {_COLUMNS}"""


def searchable(filename: str, alt_text: str | None, prompt: str | None) -> str:
    """What `search` reads, folded like the words that are looked for."""
    return fold("\n".join(part for part in (filename, alt_text, prompt) if part))


def fold(text: str) -> str:
    """Case and composition taken out, for any script. Not Postgres's lower(): what that knows depends on its locale."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


async def add(db: Db, image: Image) -> Image:
    """Adds the picture, or answers the one that is there: the same bytes uploaded, the same job's, or this very id.

    `searchable` is filled in here, with the prompt of its job, and `created_at` by the database's clock.
    """
    prompt = await db.fetchval("select prompt from jobs where id = $1", image.job_id) if image.job_id else None
    values = image.model_dump() | {"searchable": searchable(image.filename, image.alt_text, prompt)}
    while True:
        row = await db.fetchrow(_INSERT, *(values[name] for name in _NEW)) or await _twin(db, image)
        if row is not None:  # else the twin was deleted between the two statements
            return Image(**row)


async def _twin(db: Db, image: Image) -> Row | None:
    if image.job_id:
        return await db.fetchrow(f"select {_COLUMNS} from images where id = $1 or job_id = $2", image.id, image.job_id)
    return await db.fetchrow(
        f"""select {_COLUMNS} from images where id = $1
            or (business_id = $2 and sha256 = $3 and source = 'uploaded' and deleted_at is null)""",
        image.id, image.business_id, image.sha256,
    )  # fmt: skip


async def find(db: Db, image_id: UUID, whose: Whose = None) -> Row | None:
    """One row, in the trash or not."""
    return await db.fetchrow(
        f"""select {ROW} from images i left join jobs j on j.id = i.job_id
            where i.id = $1 and ($2::bigint[] is null or i.business_id = any($2))""",
        image_id, whose,
    )  # fmt: skip


async def get(db: Db, image_id: UUID, whose: Whose = None) -> Row:
    """One row. Raises NotFound."""
    return _there(await find(db, image_id, whose))


async def find_by_hash(db: Db, business_id: int, sha256: str) -> Row | None:
    """The live upload with these bytes."""
    return await db.fetchrow(
        f"""select {ROW} from images i left join jobs j on j.id = i.job_id
            where i.business_id = $1 and i.sha256 = $2 and i.source = 'uploaded' and i.deleted_at is null""",
        business_id, sha256,
    )  # fmt: skip


async def find_copy(db: Db, parent_id: UUID, sha256: str) -> Row | None:
    """The live derivative of this picture with these bytes."""
    return await db.fetchrow(
        f"""select {ROW} from images i left join jobs j on j.id = i.job_id
            where i.parent_id = $1 and i.sha256 = $2 and i.deleted_at is null order by i.id limit 1""",
        parent_id, sha256,
    )  # fmt: skip


async def copies(db: Db, parent_id: UUID, limit: int) -> list[Row]:
    """The live derivatives of this picture, newest first."""
    return await db.fetch(
        f"""select {ROW} from images i left join jobs j on j.id = i.job_id
            where i.parent_id = $1 and i.deleted_at is null order by i.created_at desc, i.id desc limit $2""",
        parent_id, limit,
    )  # fmt: skip


async def by_ids(db: Db, ids: Sequence[UUID], whose: Whose = None) -> dict[UUID, Row]:
    """The rows of those that exist."""
    rows = await db.fetch(
        f"""select {ROW} from images i left join jobs j on j.id = i.job_id
            where i.id = any($1::uuid[]) and ($2::bigint[] is null or i.business_id = any($2))""",
        list(ids), whose,
    )  # fmt: skip
    return {row["id"]: row for row in rows}


async def lock(db: Db, image_id: UUID, whose: Whose = None) -> Row:
    """One row that nobody else changes until the transaction ends. Raises NotFound."""
    return _there(
        await db.fetchrow(
            f"""select {ROW} from images i left join jobs j on j.id = i.job_id
                where i.id = $1 and ($2::bigint[] is null or i.business_id = any($2)) for update of i""",
            image_id, whose,
        )
    )  # fmt: skip


async def describe(db: Db, row: Row, filename: str, alt_text: str | None) -> Row:
    """Gives a row that is locked another filename and alt text."""
    return _there(
        await db.fetchrow(
            _answering("update images set filename = $2, alt_text = $3, searchable = $4 where id = $1"),
            row["id"], filename, alt_text, searchable(filename, alt_text, row["prompt"]),
        )
    )  # fmt: skip


async def trash(db: Db, image_id: UUID, whose: Whose = None) -> Row:
    """Puts it in the trash; one that is there stays as it is. Raises NotFound."""
    return _there(
        await db.fetchrow(
            _answering(f"update images set deleted_at = coalesce(deleted_at, now()) where {_SCOPE}"),
            image_id, whose,
        )
    )  # fmt: skip


async def trash_many(db: Db, ids: Sequence[UUID], whose: Whose = None) -> dict[UUID, Row]:
    """Puts all of them in the trash at once; the answer has those that exist. Locked in one order, so no deadlock."""
    rows = await db.fetch(
        _answering("""update images set deleted_at = coalesce(deleted_at, now()) where id in (
            select id from images where id = any($1::uuid[]) and ($2::bigint[] is null or business_id = any($2))
            order by id for update)"""),
        list(ids), whose,
    )  # fmt: skip
    return {row["id"]: row for row in rows}


async def restore(db: Db, image_id: UUID, whose: Whose, purge_after_days: int) -> Row:
    """Takes it out of the trash, unless its time is over. Raises NotFound, and Conflict if the same bytes are live."""
    try:
        row = await db.fetchrow(
            _answering(f"""update images set deleted_at = null
                where {_SCOPE} and (deleted_at is null or deleted_at > now() - make_interval(days => $3))"""),
            image_id, whose, purge_after_days,
        )  # fmt: skip
    except asyncpg.UniqueViolationError:
        trashed = await get(db, image_id, whose)
        live = await find_by_hash(db, trashed["business_id"], trashed["sha256"])
        extra = {"image_id": str(live["id"])} if live else {}
        raise Conflict("The same picture was uploaded again meanwhile; it is live", extra=extra) from None
    return _there(row)


async def due_for_purge(db: Db, purge_after_days: int, margin: float, limit: int, after: UUID | None) -> list[Row]:
    """`id, public_id, business_id` of what is in the trash for too long, by id, those beyond `after`.

    `margin` more seconds have to pass than `restore` looks at: what may be destroyed can no longer be restored.
    """
    return await db.fetch(
        """select id, public_id, business_id from images
            where deleted_at < now() - make_interval(days => $1, secs => $2) and ($4::uuid is null or id > $4)
            order by id limit $3""",
        purge_after_days, margin, limit, after,
    )  # fmt: skip


async def purged(db: Db, image_id: UUID) -> None:
    """Its bytes are destroyed: takes the row away. Only ever for one of `due_for_purge`."""
    await db.execute("delete from images where id = $1 and deleted_at is not null", image_id)


def _answering(update: str) -> str:
    return f"""with i as ({update} returning {_COLUMNS}) select {ROW} from i left join jobs j on j.id = i.job_id"""


def _there(row: Row | None) -> Row:
    if row is None:
        raise NotFound("There is no such picture")
    return row
