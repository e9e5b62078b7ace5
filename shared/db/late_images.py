"""Pictures that may come after their job ended without one: when to look for them, and what changes when one came.

All SQL that touches `late_looks`, and the one way in which a job changes after its end. A trigger writes the rows: for
every job that ends without a picture while one of its calls may have been paid, or while its bytes wait in Postgres,
whoever ends it (migration 0006).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from shared.db import images
from shared.db.jobs import COST
from shared.db.pool import Connection, Db
from shared.db.tables import ImageRow, JobRow, time_column

STEPS = [timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1), timedelta(days=1)]
"""When to look, after the job's end. The trigger writes the first."""
HOLD = timedelta(minutes=5)
"""A look that was taken is another worker's after this time: longer than any answer of the store takes."""

_COLUMNS = ", ".join(f"jobs.{name}" for name in JobRow.model_fields)


class LateLooks(SQLModel, table=True):
    """The jobs that a look is due for, now or later. A row goes when the picture came or the last look was in vain."""

    __tablename__: ClassVar[Any] = "late_looks"
    __table_args__ = (Index("late_looks_due", "look_at"),)

    job_id: UUID = Field(primary_key=True, foreign_key="jobs.id")
    look_at: datetime = Field(sa_column=time_column())
    """When the store is asked for its picture next."""


@dataclass(frozen=True, slots=True)
class Look:
    """One look that is ours until `until`. Whoever moved it meanwhile has the last word."""

    job_id: UUID
    until: datetime
    """Nobody else looks for it before."""


async def take(db: Db) -> Look | None:
    """The next look that is due, moved forward in the same statement: no two workers look for the same picture."""
    row = await db.fetchrow(
        """update late_looks set look_at = now() + $1
        where job_id = (select job_id from late_looks where look_at <= now() order by look_at limit 1
                        for update skip locked)
        returning job_id, look_at""",
        HOLD,
    )
    return None if row is None else Look(row["job_id"], row["look_at"])


async def in_vain(db: Db, look: Look) -> None:
    """There was nothing: again at the next step that is to come, after the last one never."""
    following = await db.fetchval(
        """select min(finished_at + step) from jobs, unnest($2::interval[]) step
        where id = $1 and finished_at + step > now()""",
        look.job_id, STEPS,
    )  # fmt: skip
    if following is None:
        await db.execute("delete from late_looks where job_id = $1 and look_at = $2", look.job_id, look.until)
    else:
        await _move(db, look, following)


async def snooze(db: Db, look: Look, wait: timedelta) -> None:
    """Nobody could say whether there is something: again after `wait`, and no step is used up."""
    await _move(db, look, await db.fetchval("select now() + $1::interval", wait))


async def _move(db: Db, look: Look, to: datetime) -> None:
    await db.execute(
        "update late_looks set look_at = $3 where job_id = $1 and look_at = $2", look.job_id, look.until, to
    )


async def look_soon(db: Db, job_id: UUID) -> None:
    """A picture of a job that has ended lies somewhere: the next round of any worker takes it home."""
    await db.execute(
        """insert into late_looks (job_id, look_at) values ($1, now())
        on conflict (job_id) do update set look_at = now()""",
        job_id,
    )


async def is_due(db: Db, job_id: UUID) -> bool:
    """Whether workers will look for its picture, now or at a later step."""
    return bool(await db.fetchval("select exists (select from late_looks where job_id = $1)", job_id))


async def lock(connection: Connection, job_id: UUID) -> bool:
    """Whether the job ended without a picture and none has come; until the transaction ends nobody else brings one.

    Two statements: only the second sees what was committed while the first one waited for the lock.
    """
    await connection.execute("select from jobs where id = $1 for update", job_id)
    return bool(
        await connection.fetchval(
            """select finished_at is not null and image_id is null
                and not exists (select from images i where i.job_id = jobs.id) from jobs where id = $1""",
            job_id,
        )
    )


async def join(connection: Connection, image: ImageRow) -> JobRow:
    """The picture joins the library under its job, whose bill is read from the ledger anew: its end stays as it is.

    In a transaction in which `lock` answered true, after the ledger was corrected.
    """
    await images.add(connection, image)
    await connection.execute("delete from late_looks where job_id = $1", image.job_id)
    row = await connection.fetchrow(
        f"update jobs set revision = revision + 1, {COST} where id = $1 returning {_COLUMNS}",
        image.job_id,
    )
    assert row is not None  # noqa: S101 - it is locked
    return JobRow(**row)
