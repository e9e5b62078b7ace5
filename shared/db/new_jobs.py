"""Accepting a job: if its business's line has room and its budget is enough, once for each idempotency key.

The order in which clients wait is that of the rows made here.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.db import budgets
from shared.db.pool import Db, Pool, transaction
from shared.db.tables import JobRow
from shared.domain.errors import BudgetExceeded, IdempotencyKeyReused, NotFound, Problem, RateLimited
from shared.domain.money import usd

_COLUMNS = ", ".join(f"jobs.{name}" for name in JobRow.model_fields)
_TURN_SECONDS = 10.0
"""After so long a job of a full line has probably started."""


@dataclass(frozen=True, slots=True)
class NewJob:
    """What somebody asks for; everything in it was validated."""

    id: UUID
    business_id: int
    prompt: str
    model: str
    """One that the catalogue offers today."""
    size: str
    """`WIDTHxHEIGHT`, in pixels."""
    quality: str
    """The catalogue's word, such as `standard`."""
    alt_text: str | None
    estimated_micros: int
    """Millionths of a US dollar."""
    request_id: str
    """Of the request that asked for it, for the log."""
    body_hash: str
    """Of all that was asked for: an idempotency key belongs to one body."""
    idempotency_key: str | None = None
    """The client's; of two requests with the same one the second gets the first one's job."""
    deadline_seconds: int | None = None
    """It ends without a call if it has not started by then; None: it waits as long as it takes."""


async def accept(db: Pool, new_job: NewJob, default: int | None, most_waiting: int) -> tuple[JobRow, bool]:
    """`create` for a request that fits into its business's line and into what is left of its budget, if it has one.

    `default` is the limit of a business without a budget of its own. Raises RateLimited when about `most_waiting` of
    its jobs wait, BudgetExceeded, IdempotencyKeyReused. A repetition of an accepted request is answered all the same.
    """
    limit, waiting = await _room(db, new_job.business_id, default, most_waiting)
    if waiting >= most_waiting:
        return await _earlier_or(db, new_job, _too_many(most_waiting))
    if limit is None:
        return await create(db, new_job)
    async with transaction(db) as connection:
        # How many of one business wait here, each with a connection, is bounded by the turns that callers take.
        # A statement sees what was committed when it began, so the lock must be held before the sums are asked for.
        await connection.execute("select pg_advisory_xact_lock(hashtextextended('budgets', $1))", new_job.business_id)
        now = await budgets.month_of(connection, new_job.business_id)
        if new_job.estimated_micros <= now.left(limit):
            return await create(connection, new_job)
        return await _earlier_or(connection, new_job, _exceeded(new_job, now, limit))


async def _room(db: Db, business_id: int, default: int | None, most_waiting: int) -> tuple[int | None, int]:
    """The monthly limit, and how many jobs wait, counted no further than needed."""
    (row,) = await db.fetch(
        """select (select monthly_micros from budgets where business_id = $1) as own,
                  (select count(*)::int from (select from jobs where business_id = $1 and status = 'queued' limit $2) w)
                      as waiting""",
        business_id, most_waiting,
    )  # fmt: skip
    return (default if row["own"] is None else row["own"]), row["waiting"]


async def _earlier_or(db: Db, new_job: NewJob, refusal: Problem) -> tuple[JobRow, bool]:
    """The job that was accepted under this idempotency key before, else the refusal."""
    try:
        return await repeated(db, new_job), True
    except NotFound:
        raise refusal from None


def _too_many(most: int) -> RateLimited:
    return RateLimited(
        f"{most} jobs of this business wait already; ask again when some have started",
        retry_after=_TURN_SECONDS,
        extra={"charged": False},
    )


def _exceeded(new_job: NewJob, month: budgets.Month, limit: int) -> BudgetExceeded:
    budget = budgets.described(month, limit)
    estimate = usd(new_job.estimated_micros)
    return BudgetExceeded(
        f"It is estimated at ${estimate}, and ${budget['left_usd']} of this month's ${budget['limit_usd']} are left",
        retry_after=(month.until - datetime.now(month.until.tzinfo)).total_seconds(),
        extra={"estimated_usd": estimate, "budget": budget, "charged": False},
    )


async def create(db: Db, new_job: NewJob) -> tuple[JobRow, bool]:
    """Accepts a wish: the job, and whether it is an earlier one with the same idempotency key.

    One business's jobs are created one after the other (the advisory lock), so that their times have the order in
    which they become visible and a position in the queue can never rise. Raises IdempotencyKeyReused.
    """
    row = await db.fetchrow(
        f"""
        with turn as (select pg_advisory_xact_lock(hashtextextended('jobs', $2)))
        insert into jobs (id, business_id, prompt, model, size, quality, alt_text, estimated_micros, request_id,
                          body_hash, idempotency_key, deadline_at, status, stage, created_at, due_at, ring_at)
        select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, clock_timestamp() + make_interval(secs => $12),
               'queued', 'waiting', clock_timestamp(), now(), now() + interval '15 s' from turn
        on conflict (business_id, idempotency_key) do nothing
        returning {_COLUMNS}""",
        new_job.id, new_job.business_id, new_job.prompt, new_job.model, new_job.size, new_job.quality, new_job.alt_text,
        new_job.estimated_micros, new_job.request_id, new_job.body_hash, new_job.idempotency_key,
        new_job.deadline_seconds,
    )  # fmt: skip
    if row is None:
        return await repeated(db, new_job), True
    return JobRow(**row), False


async def repeated(db: Db, new_job: NewJob) -> JobRow:
    """The job accepted earlier under the wish's idempotency key. Raises NotFound, IdempotencyKeyReused."""
    by_key = f"select {_COLUMNS} from jobs where business_id = $1 and idempotency_key = $2"
    row = await db.fetchrow(by_key, new_job.business_id, new_job.idempotency_key)
    if row is None:
        raise NotFound("There is no such job")
    if row["body_hash"] != new_job.body_hash:
        raise IdempotencyKeyReused("This Idempotency-Key belongs to another generate request; send a new key")
    return JobRow(**row)
