"""What goes when its time is over, or is erased: prompts, ended jobs, and the rows of calls, whose sums stay.

All of it in batches, each in a transaction of the caller's, so that nothing is locked for long and whatever was stopped
goes on where it stopped. Open jobs are never touched (docs/decisions/0017-what-goes-when-its-time-is-over.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.db import images, unreadable_answers
from shared.db.pool import Connection, Db, Row
from shared.domain import prompts

_ASKED = "id, prompt, alt_text, image_id, created_at"


@dataclass(frozen=True, slots=True)
class Erased:
    """How much of what lost its prompt."""

    jobs: int = 0
    """Whose prompt was erased."""
    pictures: int = 0
    """Whose name, alt text or searchable text told of it."""
    answers: int = 0
    """Of vendors, without a picture that could be read; they may quote the prompt."""

    def __add__(self, other: "Erased") -> "Erased":
        return Erased(self.jobs + other.jobs, self.pictures + other.pictures, self.answers + other.answers)


async def take_turn(connection: Connection) -> None:
    """Waits until no other process has a batch under way, and keeps it so until the transaction ends: two would wait
    for each other's sums. A batch takes milliseconds."""
    await connection.execute("select pg_advisory_xact_lock(hashtextextended('retention', 0))")


async def erase_old_prompts(connection: Connection, days: int, limit: int) -> Erased:
    """The prompts of a few jobs that ended more than `days` ago, wherever they are."""
    rows = await connection.fetch(
        f"""select {_ASKED} from jobs where finished_at < now() - make_interval(days => $1) and prompt <> ''
            order by finished_at limit $2 for update skip locked""",
        days, limit,
    )  # fmt: skip
    return await _erase(connection, rows)


async def erase_prompts_of(
    connection: Connection, business_id: int, limit: int, after: tuple[datetime, UUID] | None
) -> tuple[Erased, tuple[datetime, UUID] | None]:
    """Those of a few ended jobs of a business, in the order they were accepted, and the last of them: None at the end.

    `after` continues after that job.
    """
    beyond = "and (created_at, id) > ($3, $4)" if after else ""
    rows = await connection.fetch(
        f"""select {_ASKED} from jobs where business_id = $1 and finished_at is not null and prompt <> '' {beyond}
            order by created_at, id limit $2 for update""",
        business_id, limit, *(after or ()),
    )  # fmt: skip
    last = (rows[-1]["created_at"], rows[-1]["id"]) if len(rows) == limit else None
    return await _erase(connection, rows), last


async def _erase(connection: Connection, rows: Sequence[Row]) -> Erased:
    """The jobs are locked, so no late picture joins meanwhile; a picture is changed under its lock, as by `PATCH`."""
    prompt_of = {row["id"]: row["prompt"] for row in rows}
    if not prompt_of:
        return Erased()
    made = await connection.fetch(
        """with recursive family as (
                select i.id, i.job_id from images i where i.job_id = any($1::uuid[])
                union select * from unnest($2::uuid[], $1::uuid[]) as ended (id, job_id) where ended.id is not null
                union select i.id, f.job_id from images i join family f on i.parent_id = f.id)
            select i.id, i.filename, i.alt_text, i.searchable, f.job_id as asked
            from family f join images i on i.id = f.id order by i.id for update of i""",
        list(prompt_of), [row["image_id"] for row in rows],
    )  # fmt: skip
    pictures = await _rename(connection, [(row, prompt_of[row["asked"]]) for row in made])
    await connection.execute(
        """update jobs set prompt = '', alt_text = said.alt_text, error_detail = null, body_hash = '',
                revision = revision + 1
            from unnest($1::uuid[], $2::text[]) as said (id, alt_text) where jobs.id = said.id""",
        list(prompt_of), [prompts.alt_without(row["alt_text"], row["prompt"]) for row in rows],
    )  # fmt: skip
    return Erased(len(rows), pictures, await unreadable_answers.forget(connection, list(prompt_of)))


async def erase_lost_names(
    connection: Connection, limit: int, *, business_id: int | None = None, days: int | None = None
) -> Erased:
    """AI-made copies whose original has gone, and with it the way to the prompt: their name and alt text may be it.

    Of one business, or those that are older than `days`. They are then nobody's copies, which is what ends it.
    """
    rows = await connection.fetch(
        """select i.id, i.filename, i.alt_text, i.searchable from images i
            where i.parent_id is not null and i.job_id is null and i.source = 'ai_generated'
                and ($1::bigint is null or i.business_id = $1)
                and ($2::int is null or i.created_at < now() - make_interval(days => $2))
                and not exists (select from images p where p.id = i.parent_id)
                and not exists (select from jobs j where j.image_id = i.parent_id and j.business_id = i.business_id)
            order by i.id limit $3 for update of i""",
        business_id, days, limit,
    )  # fmt: skip
    ids = [row["id"] for row in rows]
    await _rename(connection, [(row, None) for row in rows])
    await connection.execute("update images set parent_id = null where id = any($1::uuid[])", ids)
    return Erased(pictures=len(rows))


async def _rename(connection: Connection, told: Sequence[tuple[Row, str | None]]) -> int:
    """Pictures that are locked, each with the prompt that nothing of it shall tell. How many did."""
    changed: list[tuple[UUID, str, str | None, str]] = []
    for row, prompt in told:
        name = prompts.name_without(row["filename"], prompt)
        alt_text = prompts.alt_without(row["alt_text"], prompt)
        searchable = images.searchable(name, alt_text, None)
        if (name, alt_text, searchable) != (row["filename"], row["alt_text"], row["searchable"]):
            changed.append((row["id"], name, alt_text, searchable))
    if changed:
        ids, names, alts, searchables = zip(*changed, strict=True)
        await connection.execute(
            """update images set filename = said.filename, alt_text = said.alt_text, searchable = said.searchable
                from unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) as said (id, filename, alt_text, searchable)
                where images.id = said.id""",
            ids, names, alts, searchables,
        )  # fmt: skip
    return len(changed)


async def open_jobs(db: Db, business_id: int) -> int:
    """Jobs of a business whose prompts are still needed."""
    return int(
        await db.fetchval("select count(*) from jobs where business_id = $1 and finished_at is null", business_id)
    )


async def forget_jobs(connection: Connection, days: int, limit: int) -> int:
    """Takes away a few jobs that ended more than `days` ago and whose prompts are erased. Their calls stay, and say
    themselves what they were estimated at. One whose picture may still come home stays."""
    rows = await connection.fetch(
        """select id from jobs j where finished_at < now() - make_interval(days => $1) and prompt = ''
                and not exists (select from spills s where s.job_id = j.id)
                and not exists (select from late_looks l where l.job_id = j.id)
                and not exists (select from attempts a where a.job_id = j.id and a.outcome = 'in_flight')
            order by finished_at limit $2 for update skip locked""",
        days, limit,
    )  # fmt: skip
    gone = [row["id"] for row in rows]
    await connection.execute(
        """update attempts a set estimated_micros = j.estimated_micros from jobs j
            where a.job_id = j.id and j.id = any($1::uuid[])""",
        gone,
    )
    await connection.execute("delete from jobs where id = any($1::uuid[])", gone)
    return len(gone)


async def fold_calls(connection: Connection, days: int, limit: int) -> int:
    """Takes away the rows of a few calls that began more than `days` ago; what they cost stays as sums of their day.

    Not those of open jobs, nor where a late picture may still correct the bill.
    """
    rows = await connection.fetch(
        """with recursive paying(business_id) as (
                (select business_id from attempts order by business_id limit 1)
                union all
                select (select a.business_id from attempts a where a.business_id > p.business_id
                        order by a.business_id limit 1)
                from paying p where p.business_id is not null
            ), old as (
                select of.id from paying p cross join lateral (
                    select a.id from attempts a
                    where a.business_id = p.business_id and a.started_at < now() - make_interval(days => $1)
                        and a.outcome <> 'in_flight'
                        and not exists (select from jobs j where j.id = a.job_id and j.finished_at is null)
                        and not exists (select from spills s where s.job_id = a.job_id)
                        and not exists (select from late_looks l where l.job_id = a.job_id)
                    order by a.started_at limit $2) of
            ), gone as (
                delete from attempts where id in (
                    select a.id from attempts a join old on old.id = a.id limit $2 for update of a skip locked)
                returning *
            ), kept as (
                insert into ledger_days (business_id, day, model, quality, images, cost_micros, unknown, unknown_micros)
                select g.business_id, (g.started_at at time zone 'UTC')::date, g.model, g.quality,
                       count(*) filter (where g.outcome = 'painted'), sum(g.cost_micros),
                       count(*) filter (where g.charged = 'unknown'),
                       coalesce(sum(coalesce(g.estimated_micros, j.estimated_micros))
                                filter (where g.charged = 'unknown'), 0)
                from gone g left join jobs j on j.id = g.job_id group by 1, 2, 3, 4
                on conflict (business_id, day, model, quality) do update set
                    images = ledger_days.images + excluded.images,
                    cost_micros = ledger_days.cost_micros + excluded.cost_micros,
                    unknown = ledger_days.unknown + excluded.unknown,
                    unknown_micros = ledger_days.unknown_micros + excluded.unknown_micros
            )
            select count(*)::int as gone from gone""",
        days, limit,
    )  # fmt: skip
    gone: int = rows[0]["gone"]
    return gone
