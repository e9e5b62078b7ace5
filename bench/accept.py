"""Accepting a job through the gateway, beside a bare ASGI 202 of the same size and a bare insert with its commit.

No worker runs meanwhile: what is measured ends with the answer. Both sides answer from the same Postgres.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

from bench import load, machine
from bench.figures import Row, beside, in_turns
from bench.goals import GOALS
from bench.site import GENERATE, JSON, Site, generate_body


@dataclass(frozen=True, slots=True)
class _Round:
    per_second: float
    p50: float
    cpu_ms: float = 0.0
    """Of the server, for one request."""


def measure(site: Site, *, rounds: int = 3, seconds: float = 1.5, connections: int = 16) -> list[Row]:
    """All requests belong to one business, whose jobs are created one after the other; or each to its own."""
    port = site.gateway.port
    one = _order(port, generate_body("bench accept"), connections, seconds)
    many = _order(port, generate_body("bench accept", f"9{load.MARK.decode()}"), connections, seconds)
    size = load.run(_order(port, generate_body("bench accept"), 1, 0.2)).only(202).body_bytes
    with site.bare(size) as bare:
        sides: dict[str, Callable[[], _Round]] = {
            "one": lambda: _ours(site, one),
            "many": lambda: _ours(site, many),
            "bare": lambda: _asked(_order(bare.port, generate_body("bench accept"), connections, seconds), bare.pid),
            "insert": lambda: _inserted(site.database_url, connections, seconds),
        }
        found = in_turns(rounds, sides)
    site.sql("drop table bench_rows")
    site.forget_jobs()
    speed = {side: [each.per_second for each in done] for side, done in found.items()}
    p50 = {side: [each.p50 for each in done] for side, done in found.items()}
    cpu = {side: [each.cpu_ms for each in done] for side, done in found.items()}
    raw, insert, at = "bare ASGI 202", "bare insert+commit", f"{connections} connections"
    return [
        beside("accept, a business each", "/s", speed["many"], raw, speed["bare"], goal=GOALS["accept"], note=at),
        beside("  CPU of a request", "ms", cpu["many"], raw, cpu["bare"]),
        beside("  beside Postgres alone", "/s", speed["many"], insert, speed["insert"]),
        beside("  p50", "ms", p50["many"], insert, p50["insert"]),
        beside("accept, one business", "/s", speed["one"], insert, speed["insert"], note="created one by one"),
        beside("  p50", "ms", p50["one"], insert, p50["insert"]),
    ]


def _order(port: int, body: str, connections: int, seconds: float) -> load.Order:
    return load.Order(
        port=port, paths=[GENERATE], method="POST", headers=JSON, body=body, connections=connections, seconds=seconds
    )


def _ours(site: Site, order: load.Order) -> _Round:
    """From an empty table each time: rows of an earlier round would make the next one's dearer."""
    done = _asked(order, site.gateway.pid)
    site.forget_jobs()
    return done


def _asked(order: load.Order, pid: int) -> _Round:
    before = machine.cpu_seconds(pid)
    result = load.run(order).only(202)
    spent = machine.cpu_seconds(pid) - before
    return _Round(result.per_second, result.p50_ms, spent / result.answers * 1000)


def _inserted(database_url: str, connections: int, seconds: float) -> _Round:
    order = {"database_url": database_url, "connections": connections, "seconds": seconds}
    command = [sys.executable, "-m", "bench.bare_insert"]
    done = subprocess.run(command, input=json.dumps(order), capture_output=True, text=True, check=True)
    result = json.loads(done.stdout)
    return _Round(result["per_second"], result["p50_ms"])
