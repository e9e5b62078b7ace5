"""Answers of a vendor that were paid for, or may have been, and hold no picture that we could read. All SQL on them.

They are kept beside the ledger for an operator, who may find the picture in them (docs/operations.md), never for users.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, Column, LargeBinary
from sqlmodel import Field, SQLModel

from shared.db.pool import Connection, Db
from shared.db.tables import JobRow, text_column, time_column


class UnreadAnswers(SQLModel, table=True):
    """The table."""

    __tablename__: ClassVar[Any] = "unread_answers"

    attempt_id: UUID = Field(primary_key=True)
    """The call, as in `attempts`. No foreign key: it is kept even where Postgres forgot the call."""
    job_id: UUID = Field(index=True)
    business_id: int = Field(sa_type=BigInteger)
    reason: str = Field(sa_column=text_column())
    """Why it was not read."""
    data: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    """The body of the answer, or the bytes that are no whole picture."""
    received_at: datetime = Field(sa_column=time_column(now=True))


async def keep(db: Db, attempt_id: UUID, job: JobRow, reason: str, data: bytes) -> None:
    """Keeps the answer of this call. Again with another reason is safe."""
    await db.execute(
        """insert into unread_answers (attempt_id, job_id, business_id, reason, data) values ($1, $2, $3, $4, $5)
        on conflict (attempt_id) do update set reason = $4""",
        attempt_id, job.id, job.business_id, reason, data,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """One that waits for an operator."""

    job_id: UUID
    business_id: int
    received_at: datetime
    bytes: int
    """Its size."""
    reason: str
    """Why it was not read."""
    charged: str
    """`true`, `false` or `unknown`, as the ledger has it; `unknown` where that forgot the call."""
    cost_micros: int | None
    """Null where the ledger forgot the call."""


MOST_KEPT = 100
"""Rows of one listing."""


async def kept(db: Db) -> list[KeptAnswer]:
    """The oldest that wait, those of jobs that go on left out: their pictures are being fetched."""
    rows = await db.fetch(
        """select u.job_id, u.business_id, u.received_at, length(u.data) as bytes, u.reason,
            coalesce(a.charged::text, 'unknown') as charged, a.cost_micros
        from unread_answers u left join attempts a on a.id = u.attempt_id left join jobs j on j.id = u.job_id
        where j.finished_at is not null or j.id is null order by u.received_at limit $1""",
        MOST_KEPT,
    )
    return [KeptAnswer(**dict(row)) for row in rows]


async def latest(db: Db, job_id: UUID) -> bytes | None:
    """The bytes of the last answer that is kept of this job."""
    data: bytes | None = await db.fetchval(
        "select data from unread_answers where job_id = $1 order by received_at desc limit 1", job_id
    )
    return data


async def read_after_all(connection: Connection, job_id: UUID) -> None:
    """The job has its picture, in the caller's transaction: nobody needs the answer that told where it lay."""
    await connection.execute(
        """delete from unread_answers u using attempts a
        where u.job_id = $1 and a.id = u.attempt_id and a.outcome = 'painted'""",
        job_id,
    )


async def forget(connection: Connection, job_ids: Sequence[UUID]) -> int:
    """Takes away the answers of these jobs, which may quote their prompts. How many there were."""
    gone = await connection.fetch(
        "delete from unread_answers where job_id = any($1::uuid[]) returning attempt_id", job_ids
    )
    return len(gone)


async def forget_lost(connection: Connection, *, business_id: int | None = None, days: int | None = None) -> int:
    """Those whose job is not known any more: of one business, or those that are older than `days`."""
    gone = await connection.fetch(
        """delete from unread_answers u where ($1::bigint is null or u.business_id = $1)
            and ($2::int is null or u.received_at < now() - make_interval(days => $2))
            and not exists (select from jobs j where j.id = u.job_id and j.prompt <> '') returning attempt_id""",
        business_id, days,
    )  # fmt: skip
    return len(gone)


async def set_aside(connection: Connection, job: JobRow, reason: str) -> None:
    """The bytes that wait in `spills` are no picture: kept here when they go there, in one transaction.

    Where the answer itself is kept, it stays, with this reason: it says where the picture lies."""
    await connection.execute(
        """insert into unread_answers (attempt_id, job_id, business_id, reason, data)
        select coalesce((select a.id from attempts a where a.job_id = $1 and a.outcome = 'painted'
                         order by a.attempt desc limit 1), $1), $1, $2, $3, s.data
        from spills s where s.job_id = $1
        on conflict (attempt_id) do update set reason = excluded.reason""",
        job.id, job.business_id, reason,
    )  # fmt: skip
