"""The life of a job once it is accepted, which `new_jobs` does. The only way a job changes.

Every verb is one guarded statement. A worker's verbs name the attempt they belong to: when another attempt has
begun they change nothing and answer None. Leases use the database's clock. The ledger of calls is in `ledger`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from shared.db.pool import Connection, Db, Row
from shared.db.tables import JobError, JobRow, JobStatus
from shared.domain.caller import BusinessIds
from shared.domain.errors import AlreadyFinished, NotFound

_COLUMNS = ", ".join(f"jobs.{name}" for name in JobRow.model_fields)

_BILL = """
    select coalesce(sum(cost_micros), 0) as known,
           case when bool_or(a.charged = 'true') then 'true'
                when bool_or(a.charged = 'unknown' or a.outcome = 'in_flight') then 'unknown'
                else 'false' end as charged,
           coalesce(bool_or(cost_estimated), false) as estimated
    from attempts a where a.job_id = jobs.id"""

COST = f"""
    (actual_micros, charged) = (
        select case when bill.charged = 'unknown' or bill.estimated then null else bill.known end, bill.charged
        from ({_BILL}) bill)"""
"""SQL: what a job cost and whether it was charged, read from the ledger; of `update jobs set`."""

_END = f"""
    stage = 'done', finished_at = now(), lease_until = null, revision = revision + 1, {COST}"""

_WAIT = """
    status = 'queued', lease_until = null, revision = revision + 1, ring_at = now() + interval '15 s', rings = 0,
    stage = case when exists (select from spills s where s.job_id = jobs.id) then 'storing' else 'waiting' end"""

_MINE = "jobs.id = $1 and jobs.attempt = $2 and jobs.status = 'running'"


@dataclass(frozen=True, slots=True)
class HeldJob:
    """A lease that was renewed."""

    id: UUID
    attempt: int
    cancel_requested: bool
    """Whether somebody asked to cancel it: its work is to be stopped."""


def _job(row: Row | None) -> JobRow | None:
    return None if row is None else JobRow(**row)


async def _change(db: Db, job_id: UUID, attempt: int, change: str, *values: object) -> JobRow | None:
    """The job after this change, whose values begin at `$3`; None where it is no longer this attempt's."""
    update = f"update jobs set {change} where {_MINE} returning {_COLUMNS}"
    return _job(await db.fetchrow(update, job_id, attempt, *values))


async def claim(db: Db, limit: int, lease: float, *, shut: Sequence[tuple[str, int | None]] = ()) -> list[JobRow]:
    """At most `limit` due jobs, now running under a lease of `lease` seconds and a new attempt. Fairest first.

    Of a model in `shut` none that still has to be asked for: of the business beside it, or where that is None of any.

    Fair means: the business that holds the fewest running jobs goes first, then the one served longest ago. More
    candidates are looked at than taken, because other workers may hold some of them in this very moment.
    """
    rows = await db.fetch(
        f"""
        with recursive waiting(business_id) as (
            (select business_id from jobs where status = 'queued' order by business_id limit 1)
            union all
            select (select j.business_id from jobs j where j.status = 'queued' and j.business_id > w.business_id
                    order by j.business_id limit 1)
            from waiting w where w.business_id is not null
        ), running as (
            select business_id, count(*) as jobs from jobs where status = 'running' group by business_id
        ), candidates as (
            select due.id, due.created_at, served.at as served,
                   coalesce(r.jobs, 0) + row_number() over (partition by w.business_id order by due.created_at) as turn
            from waiting w
            cross join lateral (
                select id, created_at from jobs
                where status = 'queued' and business_id = w.business_id and due_at <= now()
                  and (deadline_at is null or deadline_at > now() or started_at is not null)
                  and (not exists (select from unnest($4::text[], $5::bigint[]) as shut(model, business_id)
                                   where shut.model = jobs.model
                                     and coalesce(shut.business_id, jobs.business_id) = jobs.business_id)
                       or exists (select from spills s where s.job_id = jobs.id))
                order by created_at, id limit $3) due
            left join running r on r.business_id = w.business_id
            left join lateral (
                select started_at as at from attempts where business_id = w.business_id
                order by started_at desc limit 1) served on true
            order by turn, served nulls first, created_at limit $3
        ), mine as (
            select j.id from jobs j join candidates c on c.id = j.id
            where j.status = 'queued' and j.due_at <= now()
            order by c.turn, c.served nulls first, c.created_at limit $1 for update of j skip locked
        )
        update jobs set status = 'running', attempt = attempt + 1, revision = revision + 1,
            lease_until = now() + make_interval(secs => $2), started_at = coalesce(started_at, now()),
            stage = case when exists (select from spills s where s.job_id = jobs.id) then 'storing'
                    else 'generating' end
        from mine where jobs.id = mine.id
        returning {_COLUMNS}""",
        limit, lease, 2 * limit + 16, [model for model, _ in shut], [business for _, business in shut],
    )  # fmt: skip
    return [JobRow(**row) for row in rows]


async def claim_staged(db: Db, limit: int, lease: float) -> list[JobRow]:
    """As `claim`, but only jobs whose picture is paid for and waits to be stored: no vendor is asked for those."""
    rows = await db.fetch(
        f"""update jobs set status = 'running', attempt = attempt + 1, revision = revision + 1, stage = 'storing',
            lease_until = now() + make_interval(secs => $2)
        where id in (select j.id from spills join jobs j on j.id = spills.job_id
                     where j.status = 'queued' and j.due_at <= now()
                     order by j.created_at limit $1 for update of j skip locked)
        returning {_COLUMNS}""",
        limit, lease,
    )  # fmt: skip
    return [JobRow(**row) for row in rows]


async def renew(db: Db, held: Sequence[tuple[UUID, int]], lease: float) -> list[HeldJob]:
    """Extends the leases of these (job, attempt) pairs. One that is missing from the answer was lost: stop its work."""
    rows = await db.fetch(
        """
        update jobs set lease_until = now() + make_interval(secs => $3)
        from unnest($1::uuid[], $2::int[]) as held(id, attempt)
        where jobs.id = held.id and jobs.attempt = held.attempt and jobs.status = 'running'
        returning jobs.id, jobs.attempt, jobs.cancel_requested_at is not null as cancel_requested""",
        [job_id for job_id, _ in held], [attempt for _, attempt in held], lease,
    )  # fmt: skip
    return [HeldJob(**row) for row in rows]


async def finish(db: Db, job_id: UUID, attempt: int, image_id: UUID) -> JobRow | None:
    """Succeeded, with this image. The caller adds the image row in the same transaction."""
    change = f"status = 'succeeded', image_id = $3, error_code = null, error_detail = null, {_END}"
    return await _change(db, job_id, attempt, change, image_id)


async def mark_storing(db: Db, job_id: UUID, attempt: int) -> JobRow | None:
    """The picture exists and its bytes are safe: the stage is now storing. Same transaction as `ledger.generated`."""
    return await _change(db, job_id, attempt, "stage = 'storing', revision = revision + 1")


async def hand_in(connection: Connection, job_id: UUID) -> JobRow | None:
    """After `ledger.generated` for an attempt that no longer owns the job: a waiting job is due to be stored, an ended
    one says its true cost. None while another attempt runs: that one, or the next, finds the picture."""
    return _job(
        await connection.fetchrow(
            f"""update jobs set stage = 'storing', due_at = now(), revision = revision + 1
            where id = $1 and status = 'queued' returning {_COLUMNS}""",
            job_id,
        )
        or await connection.fetchrow(
            f"""update jobs set revision = revision + 1, {COST}
            where id = $1 and finished_at is not null returning {_COLUMNS}""",
            job_id,
        )
    )


async def lock(connection: Connection, job_id: UUID) -> JobRow:
    """The job, which nobody changes until the caller's transaction ends. Raises NotFound."""
    row = await connection.fetchrow(f"select {_COLUMNS} from jobs where id = $1 for update", job_id)
    if row is None:
        raise NotFound("There is no such job")
    return JobRow(**row)


async def fail(db: Db, job_id: UUID, attempt: int, code: JobError, detail: str) -> JobRow | None:
    """Failed for good. What it cost is read from the ledger."""
    change = f"status = 'failed', error_code = $3, error_detail = $4, {_END}"
    return await _change(db, job_id, attempt, change, code, detail)


async def retry(
    db: Db, job_id: UUID, attempt: int, code: JobError, detail: str, *, delay: float, most: int
) -> JobRow | None:
    """A transient failure: `failures` + 1, queued again after `delay` seconds, or failed when `most` are used up."""
    return _job(
        await db.fetchrow(
            f"""update jobs set failures = failures + 1, error_code = $3, error_detail = $4,
                due_at = now() + make_interval(secs => $5), {_WAIT}
            where {_MINE} and failures + 1 < $6 returning {_COLUMNS}""",
            job_id, attempt, code, detail, delay, most,
        )
    ) or await fail(db, job_id, attempt, code, detail)  # fmt: skip


async def snooze(db: Db, job_id: UUID, attempt: int, code: JobError, detail: str, *, delay: float) -> JobRow | None:
    """Not now: queued again after `delay` seconds, no counter touched, `code` says what it waits for."""
    change = f"error_code = $3, error_detail = $4, due_at = now() + make_interval(secs => $5), {_WAIT}"
    return await _change(db, job_id, attempt, change, code, detail, delay)


async def release(db: Db, job_id: UUID, attempt: int) -> JobRow | None:
    """This worker stops: queued and due at once, no counter touched."""
    return await _change(db, job_id, attempt, f"due_at = now(), {_WAIT}")


async def recover(db: Db, most: int) -> list[JobRow]:
    """Jobs whose worker is gone: `losses` + 1, then queued again, canceled if somebody asked, failed after `most`.

    The caller must have been in contact with a writable Postgres for one whole lease: while it was away no worker
    could renew, and their paid calls go on.
    """
    rows = await db.fetch(
        f"""
        with dead as (
            select id, losses + 1 >= $1 as poison,
                   cancel_requested_at is not null
                       and not exists (select from spills s where s.job_id = j.id) as unwanted
            from jobs j where status = 'running' and lease_until < now()
            for update skip locked
        ), calls as (
            update attempts set outcome = 'unknown', charged = 'unknown', ended_at = now(), detail = 'worker_lost'
            where outcome = 'in_flight' and job_id in (select id from dead)
        ), ended as (
            update jobs set losses = losses + 1,
                status = case when dead.unwanted then 'canceled' else 'failed' end,
                error_code = case when dead.unwanted then null else 'worker_lost' end,
                error_detail = case when dead.unwanted then null else 'Its workers died too often' end, {_END}
            from dead where jobs.id = dead.id and (dead.poison or dead.unwanted) returning {_COLUMNS}
        ), again as (
            update jobs set losses = losses + 1, due_at = now(), {_WAIT}
            from dead where jobs.id = dead.id and not (dead.poison or dead.unwanted) returning {_COLUMNS}
        )
        select * from ended union all select * from again""",
        most,
    )  # fmt: skip
    return [JobRow(**row) for row in rows]


async def expire(db: Db) -> list[JobRow]:
    """Ends the jobs whose deadline passed before they ever started."""
    rows = await db.fetch(
        f"""update jobs set status = 'failed', error_code = 'deadline_passed',
            error_detail = 'It had not started when its deadline passed', {_END}
        where id in (select id from jobs where status = 'queued' and started_at is null and deadline_at <= now()
                     for update skip locked) and status = 'queued'
        returning {_COLUMNS}"""
    )
    return [JobRow(**row) for row in rows]


async def mark_woken(db: Db) -> list[UUID]:
    """Due jobs nobody came for: `rings` + 1 and the next wake-up at 15 s x 2^rings, 10 minutes at most."""
    rows = await db.fetch(
        """update jobs set rings = rings + 1,
            ring_at = now() + least(interval '15 s' * power(2, least(rings, 10)), interval '10 min')
        where id in (select id from jobs where status = 'queued' and due_at <= now() and ring_at <= now()
                     order by due_at limit 1000 for update skip locked)
        returning id"""
    )
    return [row["id"] for row in rows]


async def cancel(db: Db, job_id: UUID, business_ids: BusinessIds) -> JobRow:
    """A client's wish: a waiting job ends canceled; a running or painted one is marked, its worker sees to it.

    Asking again is safe. Raises NotFound, AlreadyFinished.
    """
    row = await db.fetchrow(
        f"""
        with asked as (
            select id, status = 'queued' and not exists (select from spills s where s.job_id = j.id) as free
            from jobs j where id = $1 and ($2::bigint[] is null or business_id = any($2)) and finished_at is null
            for update
        ), stopped as (
            update jobs set status = 'canceled', cancel_requested_at = now(), error_code = null, error_detail = null,
                {_END} from asked where jobs.id = asked.id and asked.free returning {_COLUMNS}
        ), marked as (
            update jobs set cancel_requested_at = coalesce(cancel_requested_at, now()), revision = revision + 1
            from asked where jobs.id = asked.id and not asked.free returning {_COLUMNS}
        )
        select * from stopped union all select * from marked""",
        job_id, business_ids,
    )  # fmt: skip
    if row is not None:
        return JobRow(**row)
    ended = await get(db, job_id, business_ids)
    if ended.status is not JobStatus.CANCELED:
        raise AlreadyFinished(f"The job has already {ended.status.value}")
    return ended


async def canceled(db: Db, job_id: UUID, attempt: int) -> JobRow | None:
    """The worker's half of `cancel`: the work was stopped. Whether it was charged is read from the ledger."""
    return await _change(db, job_id, attempt, f"status = 'canceled', error_code = null, error_detail = null, {_END}")


async def get(db: Db, job_id: UUID, business_ids: BusinessIds = None) -> JobRow:
    """One job; of these businesses, if any are named. Raises NotFound."""
    row = await db.fetchrow(
        f"select {_COLUMNS} from jobs where id = $1 and ($2::bigint[] is null or business_id = any($2))",
        job_id,
        business_ids,
    )
    if row is None:
        raise NotFound("There is no such job")
    return JobRow(**row)


async def next_lease_end(db: Db) -> float | None:
    """Seconds until the first lease ends; negative when one has; None when nothing runs."""
    seconds: float | None = await db.fetchval(
        "select extract(epoch from min(lease_until) - now())::float8 from jobs where status = 'running'"
    )
    return seconds


async def standstill(db: Db) -> JobRow | None:
    """A job that waits because of our own mistake (key, money, model), if there is one: for `readyz`."""
    return _job(
        await db.fetchrow(
            f"""select {_COLUMNS} from jobs where finished_at is null
            and error_code in ('provider_auth', 'provider_quota', 'model_retired', 'invalid_parameters') limit 1"""
        )
    )
