"""Into the trash, out of it, and beyond: the SQL of deleting. A `Connection` here is in a transaction.

Rows are locked by one statement and looked at by the next: only that one sees what the lock waited for, such as a post
that was attached a moment ago (docs/decisions/0014-what-posts-show.md).
"""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from shared.db import attachments, images
from shared.db.pool import Connection, Db, Row
from shared.domain.caller import BusinessIds
from shared.domain.errors import Conflict, ImageInUse

PAUSE = "make_interval(secs => least(300 * power(2, least(%s, 20)), 86400))"
"""SQL: how long to leave alone what the store did not destroy so many times before: 5, 10, 20 minutes … a day."""
_NAMED = 10
"""Posts that a refusal names."""


async def put(
    connection: Connection, image_id: UUID, business_ids: BusinessIds = None, *, even_if_used: bool = False
) -> Row:
    """Puts it in the trash; one that is there stays as it is. Raises NotFound, and ImageInUse if a post shows it."""
    row = await images.lock(connection, image_id, business_ids)
    if row["deleted_at"]:
        return row
    if row["used_in"] and not even_if_used:
        raise await _in_use(connection, row, "`even_if_used` deletes it all the same")
    return await images.change(connection, image_id, "deleted_at = now()")


async def put_many(
    connection: Connection, ids: Sequence[UUID], business_ids: BusinessIds = None, *, even_if_used: bool = False
) -> dict[UUID, Row]:
    """Puts all of them in the trash but those that a post shows; answers those that exist, as they stand then.

    Locked in one order, so that no two of these wait for each other.
    """
    locked = await connection.fetch(
        """select id from images where id = any($1::uuid[]) and ($2::bigint[] is null or business_id = any($2))
            order by id for update""",
        list(ids), business_ids,
    )  # fmt: skip
    there = [row["id"] for row in locked]
    await connection.execute(
        """update images set deleted_at = now() where id = any($1::uuid[]) and deleted_at is null
            and ($2 or not exists (select from attachments a where a.image_id = images.id))""",
        there, even_if_used,
    )  # fmt: skip
    return await images.by_ids(connection, there)


async def restore(connection: Connection, image_id: UUID, business_ids: BusinessIds, purge_after_days: int) -> Row:
    """Takes it out of the trash, unless its time is over or it was purged; what a post shows has all the time.

    Raises NotFound, and Conflict if the same bytes are live.
    """
    row = await images.lock(connection, image_id, business_ids)
    try:
        async with connection.transaction():
            return await images.change(
                connection, image_id, "deleted_at = null", purge_after_days, row["used_in"] > 0,
                where="""purge_at is null
                    and (deleted_at is null or $3 or deleted_at > now() - make_interval(days => $2))""",
            )  # fmt: skip
    except asyncpg.UniqueViolationError:
        live = await images.find_by_hash(connection, row["business_id"], row["sha256"])
        if live is None and row["derived_as"]:
            live = await images.find_copy(connection, row["parent_id"], row["derived_as"])
        extra = {"image_id": str(live["id"])} if live else {}
        raise Conflict("The same picture was uploaded or made again meanwhile; it is live", extra=extra) from None


async def purge(
    connection: Connection, image_id: UUID, business_ids: BusinessIds = None, *, even_if_used: bool = False
) -> Row:
    """Takes it out of everybody's reach for good: nobody restores it, and its bytes are due to be destroyed.

    Repeating it is safe, and it may be in the trash already. Raises NotFound, and ImageInUse if a post shows it.
    """
    row = await images.lock(connection, image_id, business_ids)
    if row["used_in"] and not even_if_used:
        raise await _in_use(connection, row, "`even_if_used` destroys it all the same")
    await attachments.detach_all(connection, image_id)
    return await images.change(connection, image_id, "deleted_at = coalesce(deleted_at, now()), purge_at = now()")


async def _in_use(connection: Connection, row: Row, but: str) -> ImageInUse:
    named = [post["post_id"] for post in await attachments.posts(connection, row["id"], _NAMED)]
    extra = {"used_in": row["used_in"], "posts": named}
    return ImageInUse(f"It is attached to a post; {but}", extra=extra)


async def due(db: Db, purge_after_days: int, margin: float, limit: int, after: UUID | None) -> list[Row]:
    """`id, public_id, business_id` of what is in the trash for too long, or was purged, and is shown by no post, by id,
    those beyond `after`.

    `margin` more seconds have to pass than `restore` looks at: what may be destroyed can no longer be restored. Nor can
    a post be attached to what is in the trash.
    """
    return await db.fetch(
        """select id, public_id, business_id from images
            where (purge_at <= now()
                   or (purge_at is null and deleted_at < now() - make_interval(days => $1, secs => $2)))
                and not exists (select from attachments a where a.image_id = images.id)
                and ($4::uuid is null or id > $4)
            order by id limit $3""",
        purge_after_days, margin, limit, after,
    )  # fmt: skip


async def put_off(db: Db, image_id: UUID) -> None:
    """The store did not destroy its bytes: it is due again after a pause that grows."""
    await db.execute(
        f"""update images set purge_failures = purge_failures + 1, purge_at = now() + {PAUSE % "purge_failures"}
            where id = $1 and deleted_at is not null""",
        image_id,
    )


async def not_destroyed(db: Db) -> int:
    """How many pictures the store did not destroy when it was last asked."""
    return int(await db.fetchval("select count(*) from images where purge_at is not null and purge_failures > 0"))


async def destroyed(db: Db, image_id: UUID) -> None:
    """Its bytes are gone: takes the row away. Only ever for one of `due`."""
    await db.execute("delete from images where id = $1 and deleted_at is not null", image_id)
