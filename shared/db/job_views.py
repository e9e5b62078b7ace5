"""What those who wait may ask: where a job stands, how long it may take, which jobs there are. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.db import images
from shared.db.pool import Db, Row
from shared.db.tables import JobRow, JobStatus
from shared.domain.errors import NotFound

_COLUMNS = ", ".join(f"jobs.{name}" for name in JobRow.model_fields)
_FIRST_GUESS_SECONDS = 15.0
"""Assumed run time of a kind nobody has asked for yet."""
_RECENT = 20

_FEW = 4
"""So many jobs are counted one by one; for more the whole lines of their businesses are numbered once."""
_PLACE_OF_EACH = """
    select a.id, place.position from asked a cross join lateral (
        select count(*)::int + 1 as position from jobs b
        where b.status = 'queued' and b.started_at is null and b.business_id = a.business_id
            and (b.created_at, b.id) < (a.created_at, a.id)) place
    where a.status = 'queued' and a.started_at is null"""
_WHOLE_LINES = """
    select id, row_number() over (partition by business_id order by created_at, id)::int as position
    from jobs where status = 'queued' and started_at is null
        and business_id in (select business_id from asked where status = 'queued')"""

_ENDED = {JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELED}
_OF = {None: "true"} | {
    status: f"status = '{status}'" + " and finished_at is not null" * (status in _ENDED) for status in JobStatus
}
"""Of this status, in the words of the index that knows it: a parameter would keep a kept plan from using one."""
_COUNTED = {None: "true"} | {status: f"c.status = '{status}'" for status in JobStatus}


@dataclass(frozen=True, slots=True)
class JobView:
    """A job and what can be said about its future."""

    job: JobRow
    """The row, of the moment it was read."""
    position: int | None
    """1 is next in its business's line; never rises; null once it runs."""
    eta_seconds: int | None
    """Until its end, from the last runs of the same model, quality and size; null once it ended."""
    image: Row | None
    """The joined image row of a succeeded job."""
    late_image: Row | None
    """That of a job that ended without a picture and whose picture came later."""


async def get_many(db: Db, job_ids: Sequence[UUID]) -> dict[UUID, JobView]:
    """Where these jobs stand, all in at most two queries; unknown ids are missing from the answer.

    The line counts the business's own jobs that never started and were accepted earlier, a set that only shrinks.
    """
    rows = await db.fetch(
        f"""
        with asked as materialized (
            select * from jobs where id = any($1)
        ), line as (
            {_PLACE_OF_EACH if len(job_ids) <= _FEW else _WHOLE_LINES}
        ), kinds as (
            select distinct model, quality, size from asked where finished_at is null
        ), pace as (
            select k.*, (
                select extract(epoch from percentile_cont(0.5) within group (order by took))::float8 from (
                    select finished_at - started_at as took from jobs j
                    where j.model = k.model and j.quality = k.quality and j.size = k.size and j.status = 'succeeded'
                    order by j.finished_at desc limit {_RECENT}) recent) as typical
            from kinds k
        ), busy as (
            select count(*)::int as running from jobs where status = 'running'
        )
        select {_COLUMNS}, line.position as _position, pace.typical as _typical, busy.running as _running,
               extract(epoch from now() - jobs.started_at)::float8 as _elapsed
        from asked jobs cross join busy
        left join line using (id)
        left join pace on pace.model = jobs.model and pace.quality = jobs.quality and pace.size = jobs.size""",
        list(job_ids),
    )
    ended = await _ended(db, [row for row in rows if row["finished_at"]])
    return {row["id"]: ended.get(row["id"]) or _open(row) for row in rows}


async def _ended(db: Db, rows: Sequence[Row]) -> dict[UUID, JobView]:
    """Nothing lies before them but their pictures, which name their job, those that came late as well."""
    if not rows:
        return {}
    pictures = await images.by_jobs(db, [row["id"] for row in rows])
    views = {}
    for row in rows:
        picture = pictures.get(row["id"])
        late = row["image_id"] is None
        views[row["id"]] = JobView(_job(row), None, None, None if late else picture, picture if late else None)
    return views


def _job(row: Row) -> JobRow:
    return JobRow(**{name: row[name] for name in JobRow.model_fields})


def _open(row: Row) -> JobView:
    job = _job(row)
    if job.status is JobStatus.QUEUED:
        position = row["_position"] or 1
        return JobView(job, position, _waiting_seconds(row, position), None, None)
    typical: float = row["_typical"] or _FIRST_GUESS_SECONDS
    return JobView(job, None, max(1, int(typical - row["_elapsed"])), None, None)


def _waiting_seconds(row: Row, position: int) -> int:
    """One run for itself, and one for each of its business ahead, as many at a time as run now."""
    typical: float = row["_typical"] or _FIRST_GUESS_SECONDS
    return max(1, int(typical + (position - 1) * typical / max(1, row["_running"])))


async def get_one(db: Db, job_id: UUID) -> JobView:
    """One job. Raises NotFound."""
    views = await get_many(db, [job_id])
    if job_id not in views:
        raise NotFound("There is no such job")
    return views[job_id]


async def page(
    db: Db,
    business_id: int,
    status: JobStatus | None,
    *,
    limit: int,
    offset: int = 0,
    before: tuple[datetime, UUID] | None = None,
) -> tuple[list[JobView], int]:
    """Jobs of a business, newest first, and how many there are in all. `before` continues after that job.

    Those that have ended are read with the page itself: how a line moves is asked only for those that stand in one.
    """
    beyond = "and (created_at, id) < ($4, $5)" if before else ""
    rows = await db.fetch(
        f"""with page as materialized (
                select id from jobs where business_id = $1 and {_OF[status]} {beyond}
                order by created_at desc, id desc limit $2 offset $3),
            counted as (
                select (select coalesce(sum(delta), 0)::bigint from job_counts c
                        where c.business_id = $1 and {_COUNTED[status]})
                    + (select count(*) from jobs where business_id = $1 and finished_at is null and {_OF[status]})
                    as total)
        select counted.total as _total, {_COLUMNS} from counted left join page on true
        left join jobs on jobs.id = page.id order by jobs.created_at desc, jobs.id desc""",
        business_id, limit, offset, *(before or ()),
    )  # fmt: skip
    total, shown = rows[0]["_total"], [row for row in rows if row["id"]]
    views = await _ended(db, [row for row in shown if row["finished_at"]])
    if still_open := [row["id"] for row in shown if not row["finished_at"]]:
        views |= await get_many(db, still_open)  # Some may have ended, or have been forgotten, since the page was read.
    return [views[row["id"]] for row in shown if row["id"] in views], total
