"""A million jobs: what is asked of them often, beside a bare asyncpg client that sends the same statements; and how
long one batch takes of what goes when its time is over.
"""

import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from bench import job_rows as rows
from bench.figures import Row, beside, missing, quantile
from bench.goals import GOALS, Goal
from bench.site import Site, run
from shared.db import job_views, jobs, ledger, retention, trash
from shared.db import pool as db
from shared.db.tables import JobStatus
from shared.settings import LibrarySettings

_PEER = "bare asyncpg"
_SHOWN = 21
"""A page of 20 and the one that says that another follows."""
_DEEP = datetime.now(UTC) - timedelta(days=150), UUID(int=0)
_BATCH = 200
_Ask = Callable[[db.Db], Awaitable[Any]]


def _page(status: JobStatus | None, **more: Any) -> _Ask:
    return lambda on: job_views.page(on, rows.FIRST, status, limit=_SHOWN, **more)


_QUESTIONS: Mapping[str, _Ask] = {
    "readyz: what stands still": jobs.standstill,
    "page, all": _page(None),
    **{f"page, {status}": _page(status) for status in JobStatus},
    "page, deep by cursor": _page(None, before=_DEEP),
    "sweep: deadlines": jobs.expire,
    "sweep: silent jobs": jobs.mark_woken,
    "sweep: abandoned calls": ledger.abandoned,
    "gauge of unknown calls": ledger.all_unknown,
    "what is to be purged": lambda on: trash.due(on, 30, 60, 100, None),
}
_BATCHES: Mapping[str, Callable[[db.Connection], Awaitable[Any]]] = {
    "prompts": lambda on: retention.erase_old_prompts(on, 60, _BATCH),
    "jobs": lambda on: retention.forget_jobs(on, 100, _BATCH),
    "calls": lambda on: retention.fold_calls(on, 150, _BATCH),
}


def measure(site: Site, *, times: int = 60, count: int = 1_000_000) -> list[Row]:
    """Builds the jobs first and takes them away again."""
    began = time.monotonic()
    rows.build(site, count)
    built = time.monotonic() - began
    try:
        found = run(_measured(site, times))
    finally:
        rows.forget(site)
    return [Row(what="jobs: a million", ours=count, note=f"built in {built:.0f} s; {times} times each"), *found]


async def _measured(site: Site, times: int) -> list[Row]:
    settings = LibrarySettings.model_validate({"database_url": site.database_url, "redis_url": site.redis_url})
    bare = await asyncpg.connect(site.database_url)
    lines: list[Row] = []
    async with await db.connect(settings) as pool:
        for what, ask in _QUESTIONS.items():
            lines += await _asked(pool, bare, what, ask, times)
        before = await _sums(pool)
        for what, batch in _BATCHES.items():
            lines.append(await _held(pool, what, batch, times))
        if await _sums(pool) != before:
            lines.append(missing("jobs: sums", "what went has changed a sum of money"))
    await bare.close()
    return lines


async def _asked(
    pool: db.Pool, bare: "asyncpg.Connection[asyncpg.Record]", what: str, ask: _Ask, times: int
) -> list[Row]:
    """p50 and p95, taking turns."""
    statements: list[tuple[str, tuple[object, ...]]] = []
    async with pool.acquire() as connection:
        await ask(connection)  # A connection asks once what some types are.
        with connection.query_logger(lambda said: statements.append((said.query, said.args))):
            await ask(connection)

    async def send() -> None:
        for statement, values in statements:
            await bare.fetch(statement, *values)

    sides: dict[str, Callable[[], Awaitable[object]]] = {"ours": lambda: ask(pool), "bare": send}
    spent: dict[str, list[float]] = {side: [] for side in sides}
    for number in range(times + 6):
        for side, act in sides.items():
            began = time.perf_counter()
            await act()
            if number >= 6:  # The first ones prepare their statements, and plan them for these very values.
                spent[side].append((time.perf_counter() - began) * 1000)
    note = f"{len(statements)} statement{'s' * (len(statements) != 1)}"

    judged = what.startswith("page")  # Of what takes a fraction of a millisecond a busy machine makes any ratio.

    def line(name: str, share: float, goal: Goal, note: str = "") -> Row:
        ours, theirs = [quantile(spent["ours"], share)], [quantile(spent["bare"], share)]
        return beside(name, "ms", ours, _PEER, theirs, goal=goal if judged else None, note=note)

    return [
        line(f"jobs {what}, p95", 0.95, GOALS["job queries p95"], note),
        line("  p50", 0.5, GOALS["job queries p50"]),
    ]


async def _held(pool: db.Pool, what: str, batch: Callable[[db.Connection], Awaitable[Any]], times: int) -> Row:
    """How long the transaction of one batch takes."""
    spent = []
    for _ in range(times):
        began = time.perf_counter()
        async with db.transaction(pool) as connection:
            await batch(connection)
        spent.append((time.perf_counter() - began) * 1000)
    note = f"of {_BATCH}; the slowest {max(spent):.0f} ms"
    return Row(what=f"jobs, batch of {what} that goes, p50", ours=quantile(spent, 0.5), unit="ms", note=note)


async def _sums(pool: db.Pool) -> list[ledger.DailySpend]:
    now = datetime.now(UTC)
    return await ledger.spend(pool, rows.FIRST, now - timedelta(days=400), now)
