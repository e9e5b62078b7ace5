"""The money: one row per vendor call, and the pictures that are paid for but not yet stored.

All SQL that touches `attempts` and `spills`. The sum of `attempts` is the bill, with `ledger_days` for those that went.
"""

import asyncio
import os
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, Column, Text
from sqlmodel import Field, SQLModel

from shared.db.pool import Connection, Db, Pool, transaction
from shared.db.tables import Charged, JobRow, Outcome
from shared.domain.ids import new_id
from shared.domain.money import usd


class LedgerDays(SQLModel, table=True):
    """The sums of the calls of one business, day (UTC), model and quality whose own rows have gone (`retention`)."""

    __tablename__: ClassVar[Any] = "ledger_days"

    business_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    day: date = Field(primary_key=True)
    model: str = Field(sa_column=Column(Text, primary_key=True))
    quality: str = Field(sa_column=Column(Text, primary_key=True))
    images: int
    """Calls that made a picture."""
    cost_micros: int = Field(sa_type=BigInteger)
    """Millionths of a US dollar, as every `micros`."""
    unknown: int
    """Calls that may have been charged; their cost is in no sum."""
    unknown_micros: int = Field(sa_type=BigInteger)
    """What those were estimated at."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the vendor said a picture used."""

    provider_request_id: str | None
    """The vendor's own id of the call, for its support; None where it sent none."""
    input_tokens: int | None
    """None where it did not count, as below."""
    output_tokens: int | None
    cost_micros: int
    """Millionths of a US dollar; the list price where the vendor sent no usage."""
    estimated: bool = False
    """Whether that is the list price of what is not sold at list prices: then nobody is told that it is the cost."""


async def begin(db: Db, job: JobRow) -> UUID | None:
    """Writes `in_flight` before a call is made: its id, or None when the job is no longer ours or was canceled."""
    attempt_id: UUID | None = await db.fetchval(
        """
        insert into attempts (id, job_id, attempt, business_id, model, size, quality, outcome)
        select $1, id, attempt, business_id, model, size, quality, 'in_flight' from jobs
        where id = $2 and attempt = $3 and status = 'running' and lease_until > now() and cancel_requested_at is null
        for update
        returning id""",
        new_id(), job.id, job.attempt,
    )  # fmt: skip
    return attempt_id


async def unsent(db: Db, job_id: UUID, attempt: int) -> None:
    """This attempt's call was not made after all, so it cost nothing. Safe when `begin` never wrote it."""
    await db.execute(
        """update attempts set outcome = 'failed', charged = 'false', detail = 'not_sent', ended_at = now()
        where job_id = $1 and attempt = $2 and outcome = 'in_flight'""",
        job_id, attempt,
    )  # fmt: skip


async def generated(
    connection: Connection, attempt_id: UUID, job: JobRow, receipt: Receipt, data: bytes | None
) -> bool:
    """The call made a picture: the bill and the bytes, in the caller's transaction together with `jobs.mark_storing`.

    None as `data` where the job has its picture already: the bill alone. Writing twice is safe. False when Postgres
    had forgotten the call (see `_remember`), which is then in the ledger again.
    """
    bill = (
        receipt.provider_request_id,
        receipt.input_tokens,
        receipt.output_tokens,
        receipt.cost_micros,
        receipt.estimated,
    )
    update = """update attempts set outcome = 'painted', charged = 'true', ended_at = now(), provider_request_id = $2,
        input_tokens = $3, output_tokens = $4, cost_micros = $5, cost_estimated = $6 where id = $1 returning true"""
    known = await connection.fetchval(update, attempt_id, *bill)
    if not known:
        await _remember(connection, attempt_id, job)
        await connection.fetchval(update, attempt_id, *bill)
    if data is not None:
        await connection.execute(
            "insert into spills (job_id, data) values ($1, $2) on conflict (job_id) do nothing", job.id, data
        )
    return bool(known)


async def _remember(db: Db, attempt_id: UUID, job: JobRow) -> bool:
    """Writes the row of a call that was made and is in no ledger any more; False where it is.

    A standby that was promoted without the last commits has forgotten `begin`, and with it the claim: another attempt
    may since have got the same number. So this row's is below all others.
    """
    written = await db.fetchval(
        """insert into attempts (id, job_id, attempt, business_id, model, size, quality, outcome)
        select $1, $2, least(0, (select min(attempt) from attempts where job_id = $2) - 1), $3, $4, $5, $6, 'in_flight'
        on conflict (id) do nothing returning true""",
        attempt_id, job.id, job.business_id, job.model, job.size, job.quality,
    )  # fmt: skip
    return bool(written)


async def test_write(db: Pool, size: int) -> None:
    """Writes `size` random bytes where `painted` would write a picture, and takes them back. Raises as that would."""
    data = await asyncio.to_thread(os.urandom, size)  # random, because Postgres would compress anything else
    with suppress(_TakenBack):
        async with transaction(db) as connection:
            await connection.execute(
                """insert into spills (job_id, data)
                select id, $1 from jobs where not exists (select from spills s where s.job_id = jobs.id) limit 1""",
                data,
            )
            raise _TakenBack


class _TakenBack(Exception):
    """Ends a transaction without a commit."""


async def settle(
    db: Db,
    attempt_id: UUID,
    job: JobRow,
    outcome: Outcome,
    charged: Charged,
    *,
    detail: str,
    provider_request_id: str | None = None,
) -> bool:
    """The call made no picture that we hold. Only an open call is settled: what recovery wrote stays.

    False when Postgres had forgotten the call (see `_remember`), which is then in the ledger again.
    """
    update = """update attempts set outcome = $2, charged = $3, detail = $4, provider_request_id = $5, ended_at = now()
        where id = $1 and outcome = 'in_flight' returning true"""
    answer = (outcome, charged, detail, provider_request_id)
    if await db.fetchval(update, attempt_id, *answer) or not await _remember(db, attempt_id, job):
        return True
    await db.fetchval(update, attempt_id, *answer)
    return False


async def interrupt(db: Db, job_id: UUID, attempt: int, *, detail: str) -> bool:
    """A call in the air was cut by us: its outcome is unknown. False when none was, or the job is no longer ours."""
    cut = await db.fetchval(
        """update attempts a set outcome = 'unknown', charged = 'unknown', detail = $3, ended_at = now()
        from jobs j where j.id = $1 and j.attempt = $2 and j.status = 'running'
            and a.job_id = j.id and a.attempt = j.attempt and a.outcome = 'in_flight'
        returning true""",
        job_id, attempt, detail,
    )  # fmt: skip
    return bool(cut)


async def lost(db: Db, recovered: Sequence[JobRow]) -> list[str]:
    """The models of the calls that recovery found in the air under these jobs, one for each call."""
    rows = await db.fetch(
        """select a.model from attempts a join unnest($1::uuid[], $2::int[]) as j(id, attempt)
            on a.job_id = j.id and a.attempt = j.attempt
        where a.outcome = 'unknown' and a.detail = 'worker_lost'""",
        [job.id for job in recovered], [job.attempt for job in recovered],
    )  # fmt: skip
    return [row["model"] for row in rows]


async def abandoned(db: Db) -> list[str]:
    """Settles the calls in the air that no attempt is making: their outcome is unknown. The models, one for each call.

    A call is made under a running job, by the attempt of its number; whatever ends or loses that attempt settles the
    call too. What is left over comes from a Postgres that forgot commits, or from an operator's hand. Where the job has
    ended, its picture is looked for as that of any other late one.
    """
    rows = await db.fetch(
        """with cut as (
            update attempts a set outcome = 'unknown', charged = 'unknown', ended_at = now(), detail = 'abandoned'
            from jobs j where j.id = a.job_id and a.outcome = 'in_flight'
                and not (j.status = 'running' and j.attempt = a.attempt)
            returning a.job_id, a.model, j.finished_at is not null and j.image_id is null as late
        ), looks as (
            insert into late_looks (job_id, look_at) select distinct job_id, now() from cut where late
            on conflict (job_id) do nothing
        )
        select model from cut"""
    )
    return [row["model"] for row in rows]


async def note(db: Db, job_id: UUID) -> dict[str, str]:
    """The bill of the painted call, to be kept beside the bytes in the store for the day the ledger missed it."""
    row = await db.fetchrow(
        """select id, cost_micros, cost_estimated, input_tokens, output_tokens, provider_request_id from attempts
        where job_id = $1 and outcome = 'painted'""",
        job_id,
    )
    return {} if row is None else {name: str(value) for name, value in row.items() if value is not None}


async def found_in_store(connection: Connection, job_id: UUID, note: Mapping[str, str]) -> None:
    """The store had the picture of a call whose outcome was unknown: it was painted, and cost what the note says.

    A note that does not say it, because somebody changed what the store keeps, leaves the estimate: to say nothing
    would be to say that it was free. In the transaction that finishes the job: known as painted and not finished, a
    later attempt would paint again.
    """
    await connection.execute(
        """update attempts set outcome = 'painted', charged = 'true', output_tokens = $4,
            cost_micros = coalesce($3, (select estimated_micros from jobs where id = $1)),
            cost_estimated = $3 is null or $5,
            detail = case when $3 is null then 'found_in_store_without_its_bill' else 'found_in_store' end
        where id = (select id from attempts where job_id = $1 and outcome = 'unknown'
                    order by (id::text = $2) desc, attempt desc limit 1)""",
        job_id, note.get("id", ""), _number(note.get("cost_micros")), _number(note.get("output_tokens")),
        note.get("cost_estimated") == str(True),
    )  # fmt: skip


def _number(text: str | None) -> int | None:
    """What the note says, where it is a number that the ledger could have written."""
    return int(text) if text is not None and re.fullmatch("[0-9]{1,9}", text) else None


async def unknowns(db: Db, job_id: UUID) -> int:
    """How many calls of this job may have been paid for nothing that we hold: whatever they were answered."""
    return int(await db.fetchval("select count(*) from attempts where job_id = $1 and charged = 'unknown'", job_id))


async def all_unknown(db: Db) -> int:
    """How many calls of all time may have been charged, and nobody has cleared them up. Reads only those calls."""
    return int(await db.fetchval("select count(*) from attempts where charged = 'unknown'"))


async def staged(db: Db, job_id: UUID) -> bytes | None:
    """The picture that waits for the store, if there is one."""
    data: bytes | None = await db.fetchval("select data from spills where job_id = $1", job_id)
    return data


MOST_KEPT = 1000
"""Rows of one listing."""


@dataclass(frozen=True, slots=True)
class StagedPicture:
    """A picture that was paid for and is in no store."""

    job_id: UUID
    business_id: int
    painted_at: datetime
    """When its bytes were written to Postgres."""
    bytes: int
    """Its size."""
    cost_micros: int
    """Of all calls of its job."""
    ended: bool
    """Whether its job has ended: then nobody waits for it, and an operator may deliver or discard it."""
    error: str | None
    """Why its job failed, or waits."""


async def kept(db: Db) -> list[StagedPicture]:
    """The pictures that wait, the oldest first, MOST_KEPT at most."""
    rows = await db.fetch(
        """select s.job_id, j.business_id, s.painted_at, octet_length(s.data) as bytes,
            (select coalesce(sum(cost_micros), 0)::bigint from attempts a where a.job_id = j.id) as cost_micros,
            j.finished_at is not null as ended, j.error_code as error
        from spills s join jobs j on j.id = s.job_id order by s.painted_at limit $1""",
        MOST_KEPT,
    )
    return [StagedPicture(**row) for row in rows]


async def unstage(connection: Connection, job_id: UUID) -> None:
    """The spilled copy goes, in the transaction that ends the job: an open job without it would be painted again."""
    await connection.execute("delete from spills where job_id = $1", job_id)


@dataclass(frozen=True, slots=True)
class DailySpend:
    """Vendor calls of one day, model and quality."""

    day: date
    """In UTC."""
    model: str
    quality: str
    images: int
    """Calls that made a picture."""
    cost_micros: int
    """Of those whose cost is known."""
    unknown: int
    """Calls whose outcome is not known; their cost is in no sum."""

    @property
    def cost_usd(self) -> str:
        """The cost as a decimal string in US dollars."""
        return usd(self.cost_micros)


async def spend(db: Db, business_id: int, since: datetime, until: datetime) -> list[DailySpend]:
    """The bill of one business for [since, until), a row per day (UTC), model and quality."""
    rows = await db.fetch(
        """
        select day, model, quality, sum(images)::int as images, sum(cost_micros)::bigint as cost_micros,
               sum(unknown)::int as unknown
        from (
            select (started_at at time zone 'UTC')::date as day, model, quality,
                   count(*) filter (where outcome = 'painted') as images, sum(cost_micros) as cost_micros,
                   count(*) filter (where charged = 'unknown') as unknown
            from attempts where business_id = $1 and started_at >= $2 and started_at < $3 group by 1, 2, 3
            union all
            select day, model, quality, images, cost_micros, unknown from ledger_days
            where business_id = $1 and day >= ($2 at time zone 'UTC')::date and day < ($3 at time zone 'UTC')::date
        ) each group by 1, 2, 3 order by 1, 2, 3""",
        business_id, since, until,
    )  # fmt: skip
    return [DailySpend(**row) for row in rows]
