"""One worker that holds hundreds of running generations: its memory, its processor time, its leases, and how soon one
more job starts; beside stock arq holding as many jobs that only sleep. The vendor takes long and then refuses.
"""

import asyncio
import time
from dataclasses import dataclass

import asyncpg

from bench import load, machine, stock_arq
from bench.figures import Row, beside, quantile
from bench.goals import GOALS
from bench.pickup import StockWorker, stock_worker, vendor_called
from bench.site import BUSINESS, GENERATE, JSON, Site, generate_body, run
from shared.settings import WorkerSettings

_SUBJECT = "bench hold"
_MORE = 10
"""Further jobs that are started meanwhile."""
_LEFT = "select extract(epoch from min(lease_until) - now())::float8 from jobs where status = 'running'"


@dataclass(frozen=True, slots=True)
class _Held:
    start_seconds: float
    """From the first request until the last job was started."""
    memory_mib: float
    cpu_share: float
    more_ms: list[float]
    """From asking for one more job to its start."""


def measure(site: Site, *, jobs: int = 500, seconds: float = 12.0, vendor_seconds: float = 40.0) -> list[Row]:
    """`seconds` is how long it is watched once it holds them all."""
    theirs = _stock(site, jobs, seconds / 2)
    ours, least_lease = _ours(site, jobs, seconds, vendor_seconds)
    lease, renew = (WorkerSettings.model_fields[name].default for name in ("lease", "renew_every"))
    stock, note = "stock arq, sleeping", f"{jobs} held by one process"
    return [
        beside(
            "held jobs: memory",
            "MiB",
            [ours.memory_mib],
            stock,
            [theirs.memory_mib],
            goal=GOALS["held memory"],
            note=note,
        ),
        beside("  CPU of a core", "%", [ours.cpu_share * 100], stock, [theirs.cpu_share * 100], goal=GOALS["held CPU"]),
        beside("  all started after", "s", [ours.start_seconds], stock, [theirs.start_seconds]),
        beside("  one more starts, p50", "ms", [quantile(ours.more_ms, 0.5)], stock, [quantile(theirs.more_ms, 0.5)]),
        Row(
            what="  least lease left",
            ours=least_lease,
            unit="s",
            goal=GOALS["held lease"],
            note=f"lease {lease:g} s, renewed every {renew:g} s",
        ),
    ]


def _ours(site: Site, jobs: int, seconds: float, vendor_seconds: float) -> tuple[_Held, float]:
    worker = site.worker(DARKROOM_WORKER_SLOTS=str(jobs + 100), DARKROOM_IMAGES_PER_MINUTE="60000")
    site.stack.sandbox.script("openai.generate", match=_SUBJECT, always={"do": "moderation", "seconds": vendor_seconds})
    try:
        began = time.monotonic()
        _accepted(site, first=0, count=jobs, connections=8)
        vendor_called(site, {_prompt(n) for n in range(jobs)})
        took = time.monotonic() - began
        held = run(_count(site))
        assert held == jobs, f"only {held} of {jobs} run at the same time: too slow a machine for this figure"
        cpu, watched = machine.cpu_seconds(worker.pid), time.monotonic()
        least = run(_least_lease(site.database_url, seconds))
        share = (machine.cpu_seconds(worker.pid) - cpu) / (time.monotonic() - watched)
        memory = machine.memory_mib(worker.pid)
        sent = _accepted(site, first=jobs, count=_MORE, connections=1, every=(0.1, 0.2)).sent
        called = vendor_called(site, {_prompt(jobs + n) for n in range(_MORE)})
        more = [(called[_prompt(jobs + n)] - at) * 1000 for n, at in enumerate(sent)]
    finally:
        worker.kill9()  # It would wait for the vendor.
        site.stack.sandbox.unscript("openai.generate")
        site.forget_jobs()
    return _Held(took, memory, share, more), least


def _accepted(site: Site, *, first: int, count: int, connections: int, every: tuple[float, ...] = ()) -> load.Result:
    return load.run(
        load.Order(
            port=site.gateway.port,
            paths=[GENERATE],
            method="POST",
            headers=JSON,
            body=generate_body(_prompt(None)),
            first=first,
            requests=count,
            connections=connections,
            every=every,
        )
    ).only(202)


def _prompt(number: int | None) -> str:
    return f"{_SUBJECT} {load.MARK.decode() if number is None else format(number, '08d')}"


async def _count(site: Site) -> int:
    connection = await asyncpg.connect(site.database_url)
    try:
        running = "select count(*) from jobs where status = 'running' and business_id = $1"
        return int(await connection.fetchval(running, BUSINESS))
    finally:
        await connection.close()


async def _least_lease(database_url: str, seconds: float) -> float:
    """The least that any lease had left, looked at five times a second."""
    connection = await asyncpg.connect(database_url)
    try:
        until_then, least = time.monotonic() + seconds, float("inf")
        while time.monotonic() < until_then:
            least = min(least, await connection.fetchval(_LEFT))
            await asyncio.sleep(0.2)
        return least
    finally:
        await connection.close()


def _stock(site: Site, jobs: int, seconds: float) -> _Held:
    with stock_worker(site, max_jobs=jobs + 100) as worker:
        began = time.monotonic()
        run(stock_arq.enqueue(site.peer_redis_url, range(jobs), (0.0, 0.0), seconds=3600))
        worker.began(range(jobs))
        took = time.monotonic() - began
        cpu, watched = machine.cpu_seconds(worker.process.pid), time.monotonic()
        time.sleep(seconds)
        share = (machine.cpu_seconds(worker.process.pid) - cpu) / (time.monotonic() - watched)
        return _Held(took, machine.memory_mib(worker.process.pid), share, _stock_more(site, worker, jobs))


def _stock_more(site: Site, worker: StockWorker, jobs: int) -> list[float]:
    numbers = range(jobs, jobs + _MORE)
    sent = run(stock_arq.enqueue(site.peer_redis_url, numbers, (0.1, 0.2), seconds=3600))
    began = worker.began(numbers)
    return [(began[number] - at) * 1000 for number, at in zip(numbers, sent, strict=True)]
