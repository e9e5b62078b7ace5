"""Uploads under way: all SQL that touches `uploads`. The row is written before the bytes go to the store, so that
after a crash the sweep knows which bytes have no image.

Times fence the two: an upload closes within CLOSE_WITHIN of its beginning or not at all, the sweep touches it only
after STALE_AFTER. Between the two nobody does anything, so no clock but the database's matters.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from shared.db.pool import Db
from shared.db.trash import PAUSE
from shared.domain.errors import IdempotencyKeyReused, Unavailable

CLOSE_WITHIN = 300.0
"""Seconds from `begin` to `close`."""
STALE_AFTER = 600.0
"""Seconds after which an upload that was not closed counts as dead."""
KEPT = 48 * 3600.0
"""Seconds the answer to an idempotency key is remembered."""


@dataclass(frozen=True, slots=True)
class Begun:
    """An upload under way."""

    id: UUID
    """The image id to store under; another request's, where that had the same key and the same body."""
    image_id: UUID | None
    """The image that already answered this key."""


async def begin(db: Db, upload_id: UUID, business_id: int, key: str | None, body_hash: str | None) -> Begun:
    """Says that bytes are about to be stored under `upload_id`. Raises IdempotencyKeyReused.

    The same key and body again take part in the first upload: both store the same bytes under the same name.
    """
    row = await db.fetchrow(
        """insert into uploads (id, business_id, idempotency_key, body_hash) values ($1, $2, $3, $4)
            on conflict (business_id, idempotency_key) do update
                set begun_at = case when uploads.image_id is null and uploads.body_hash = excluded.body_hash
                                    then now() else uploads.begun_at end
            returning id, image_id, body_hash""",
        upload_id, business_id, key, body_hash,
    )  # fmt: skip
    assert row is not None  # noqa: S101 - an upsert answers with its row
    if row["body_hash"] != body_hash:
        raise IdempotencyKeyReused("This Idempotency-Key belongs to another upload; send a new key")
    return Begun(row["id"], row["image_id"])


async def close(db: Db, upload_id: UUID, image_id: UUID) -> None:
    """Ends it: this image is the answer. In one transaction with adding the image. Raises Unavailable when too late."""
    closed = await db.fetchval(
        """update uploads set image_id = $2
            where id = $1 and begun_at > now() - make_interval(secs => $3) and (image_id is null or image_id = $2)
            returning true""",
        upload_id, image_id, CLOSE_WITHIN,
    )  # fmt: skip
    if not closed:
        raise Unavailable("Storing the picture took too long; send it again")


async def stale(db: Db, older_than: float, limit: int, but: Sequence[UUID] = ()) -> list[tuple[UUID, int]]:
    """Dead uploads but these and those put off, as `id, business_id`: their bytes may be in the store. Their keys are
    free again."""
    rows = await db.fetch(
        """update uploads set idempotency_key = null where id in (
                select id from uploads where image_id is null and begun_at < now() - make_interval(secs => $1)
                    and id <> all($3::uuid[]) and (sweep_at is null or sweep_at <= now())
                order by begun_at limit $2 for update skip locked)
            returning id, business_id""",
        older_than, limit, list(but),
    )  # fmt: skip
    return [(row["id"], row["business_id"]) for row in rows]


async def put_off(db: Db, upload_id: UUID) -> None:
    """The store did not destroy a dead upload's bytes: it is due again after a pause that grows."""
    await db.execute(
        f"""update uploads set sweep_failures = sweep_failures + 1, sweep_at = now() + {PAUSE % "sweep_failures"}
            where id = $1""",
        upload_id,
    )


async def not_destroyed(db: Db) -> int:
    """How many dead uploads the store did not destroy when it was last asked."""
    return int(await db.fetchval("select count(*) from uploads where image_id is null and sweep_failures > 0"))


async def forget(db: Db, upload_id: UUID) -> None:
    """A dead upload's bytes are gone, or were never stored."""
    await db.execute("delete from uploads where id = $1 and image_id is null", upload_id)


async def tidy(db: Db) -> None:
    """Takes away the closed ones that nobody can ask for again."""
    await db.execute(
        """delete from uploads where image_id is not null
            and (idempotency_key is null or begun_at < now() - make_interval(secs => $1))""",
        KEPT,
    )
