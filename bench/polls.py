"""Asking how a running job stands, through the gateway with its request id, metrics and access line on, beside a bare
ASGI hello of the same size under the same server settings.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from bench import load, machine
from bench.figures import Row, beside, in_turns
from bench.goals import GOALS
from bench.site import BUSINESS, Site
from tests.stack import Process

_STATUS = "/api/v1/images/generate/status/"
RUNNING = """
    insert into jobs (id, business_id, prompt, model, size, quality, estimated_micros, request_id, body_hash,
                      status, stage, attempt, created_at, started_at, lease_until)
    select gen_random_uuid(), $1, 'bench poll', 'gpt-image-2.5-flare', '1024x1024', 'standard', 9000, 'bench', '',
           'running', 'generating', 1, now(), now(), now() + interval '1 hour'
    from generate_series(1, $2) returning id"""
_TRANSACTIONS = "select xact_commit + xact_rollback as n from pg_stat_database where datname = current_database()"
_STATISTICS_SECONDS = 1.5
"""Postgres's processes hand in what they counted at most once a second."""
_PACED_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class _Round:
    per_second: float
    p50: float
    p99: float
    cpu_us: float
    """Of the server, for one request."""
    cpu_share: float


def measure(
    site: Site, *, rounds: int = 4, seconds: float = 1.2, connections: int = 64, clients: int = 1000, paced: float = 6.0
) -> list[Row]:
    """As fast as it goes for one job, with and without `If-None-Match`; then `clients` jobs once a second each."""
    ids: list[UUID] = [row["id"] for row in site.sql(RUNNING, BUSINESS, clients)]
    paths = [f"{_STATUS}{job_id}" for job_id in ids]
    try:
        size = load.run(load.Order(port=site.gateway.port, paths=paths[:1], requests=1)).only(200).body_bytes
        with site.bare(size) as bare:
            return [
                *_flat_out(site, bare, paths[0], rounds, seconds, connections),
                *_paced(site, bare, paths, paced),
            ]
    finally:
        site.forget_jobs()


def _flat_out(site: Site, bare: Process, path: str, rounds: int, seconds: float, connections: int) -> list[Row]:
    def asked(server: Process, *, known: bool = False) -> _Round:
        headers = {"if-none-match": "*"} if known else {}
        order = load.Order(port=server.port, paths=[path], headers=headers, connections=connections, seconds=seconds)
        return _measured(server, order, 304 if known else 200)

    found = in_turns(
        rounds,
        {
            "ours": lambda: asked(site.gateway),
            "unchanged": lambda: asked(site.gateway, known=True),
            "bare": lambda: asked(bare),
        },
    )
    speed = {side: [each.per_second for each in done] for side, done in found.items()}
    cpu = {side: [each.cpu_us for each in done] for side, done in found.items()}
    raw, at = "bare ASGI hello", f"{connections} connections"
    return [
        beside("status poll", "/s", speed["ours"], raw, speed["bare"], goal=GOALS["poll"], note=at),
        beside("  CPU of a poll", "µs", cpu["ours"], raw, cpu["bare"], goal=GOALS["poll CPU"]),
        beside("status poll, 304", "/s", speed["unchanged"], raw, speed["bare"], goal=GOALS["poll"], note=at),
        beside("  CPU of a poll", "µs", cpu["unchanged"], raw, cpu["bare"], goal=GOALS["poll CPU"]),
    ]


def _paced(site: Site, bare: Process, paths: list[str], seconds: float) -> list[Row]:
    order = {"paths": paths, "connections": len(paths), "seconds": seconds, "every": (1.0, 1.0)}
    transactions: list[float] = []

    def ours() -> _Round:
        before = _transactions(site)
        found = _measured(site.gateway, load.Order(port=site.gateway.port, **order), 200)  # type: ignore[arg-type]
        transactions.append((_transactions(site) - before) / (found.per_second * seconds) * 1000)
        return found

    found = in_turns(
        _PACED_ROUNDS,
        {
            "ours": ours,
            "bare": lambda: _measured(bare, load.Order(port=bare.port, **order), 200),  # type: ignore[arg-type]
        },
    )
    raw, note = "bare ASGI hello", f"{len(paths)} clients, each its own job, once a second"

    def row(what: str, unit: str, figure: Callable[[_Round], float], **more: Any) -> Row:
        mine, theirs = ([figure(each) for each in found[side]] for side in ("ours", "bare"))
        return beside(what, unit, mine, raw, theirs, **more)

    return [
        row("paced polls p50", "ms", lambda each: each.p50, note=note),
        row("  p99", "ms", lambda each: each.p99, goal=GOALS["paced p99"]),
        row("  CPU of a core", "%", lambda each: each.cpu_share * 100),
        Row(
            what="  Postgres transactions",
            ours=statistics.median(transactions),
            goal=GOALS["poll transactions"],
            note="for 1000 polls of running jobs",
        ),
    ]


def _measured(server: Process, order: load.Order, status: int) -> _Round:
    cpu = machine.cpu_seconds(server.pid)
    result = load.run(order).only(status)
    spent = machine.cpu_seconds(server.pid) - cpu
    return _Round(
        per_second=result.per_second,
        p50=result.p50_ms,
        p99=result.p99_ms,
        cpu_us=spent / result.answers * 1_000_000,
        cpu_share=spent / result.seconds,
    )


def _transactions(site: Site) -> int:
    time.sleep(_STATISTICS_SECONDS)
    return int(site.sql(_TRANSACTIONS)[0]["n"])
