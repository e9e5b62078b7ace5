"""From the client's POST to the vendor's being called, on an idle stack, beside stock arq's enqueue to start.

The vendor refuses each picture at once, so that neither painting nor storing takes the processor from what is measured.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import redis

from bench import load, stock_arq
from bench.figures import Row, beside, in_turns, quantile
from bench.goals import GOALS
from bench.site import GENERATE, JSON, Site, generate_body, run
from tests.servers import until
from tests.stack import Process

_SUBJECT = "bench pick-up"
_CLOCK_SECONDS = 0.001
"""The sandbox writes whole milliseconds, rounded down; we count the next one."""


def measure(site: Site, *, rounds: int = 4, requests: int = 55, every: tuple[float, float] = (0.05, 0.09)) -> list[Row]:
    """One worker of ours with default settings, one stock worker with default settings; they take turns."""
    worker = site.worker()
    try:
        site.stack.sandbox.script("openai.generate", match=_SUBJECT, always={"do": "moderation"})
        with stock_worker(site) as file:
            ours, theirs = _Ours(site, requests, every), _Stock(site, file, requests, every)
            for warm in (ours, theirs):
                warm.round(min(requests, 10))
            found = in_turns(rounds, {"ours": ours.round, "stock": theirs.round})
    finally:
        worker.stop()
        site.stack.sandbox.unscript("openai.generate")
        site.forget_jobs()
    everything = {side: [ms for each in lists for ms in each] for side, lists in found.items()}
    count = f"{len(everything['ours'])} requests, 1 worker each"
    halves = {side: [quantile(each, 0.5) for each in lists] for side, lists in found.items()}
    tails = {side: [quantile(each, 0.99)] for side, each in everything.items()}
    stock = "stock arq 0.28"
    return [
        beside("pick-up p50", "ms", halves["ours"], stock, halves["stock"], goal=GOALS["pick-up p50"], note=count),
        beside("pick-up p99", "ms", tails["ours"], stock, tails["stock"], goal=GOALS["pick-up p99"]),
    ]


@contextmanager
def stock_worker(site: Site, max_jobs: int = stock_arq.DEFAULT_MAX_JOBS) -> Iterator["StockWorker"]:
    """A worker of arq's own, and the file in which its jobs say when they began."""
    file = site.folder / f"stock-{max_jobs}"
    command = (sys.executable, "-m", "bench.stock_arq", site.peer_redis_url, str(file), str(max_jobs))
    process = Process("stock", {}, logs=site.folder, name=file.name, command=command, ready_line="ready")
    process.start()
    try:
        yield StockWorker(process, file)
    finally:
        process.kill9()
        with redis.Redis.from_url(site.peer_redis_url) as client:
            client.flushdb()


class StockWorker:
    """The peer."""

    def __init__(self, process: Process, file: Path) -> None:
        self.process = process
        self._file = file

    def began(self, numbers: range) -> dict[int, float]:
        """When each of these jobs began; waits for the last."""
        until("stock arq begins its jobs", lambda: self._starts().keys() >= set(numbers))
        return self._starts()

    def _starts(self) -> dict[int, float]:
        return stock_arq.starts(self._file)


def vendor_called(site: Site, prompts: set[str], after: int = 0) -> dict[str, float]:
    """When the vendor was called for each of these prompts; waits for the last."""
    seen: dict[str, float] = {}

    def all_there() -> bool:
        for call in site.stack.sandbox.ledger("openai.generate", after=after):
            seen.setdefault(call["prompt"], datetime.fromisoformat(call["at"]).timestamp() + _CLOCK_SECONDS)
        return seen.keys() >= prompts

    until("the vendor is called for every job", all_there)
    return seen


class _Ours:
    def __init__(self, site: Site, requests: int, every: tuple[float, float]) -> None:
        self._site, self._requests, self._every = site, requests, every
        self._next = 0

    def round(self, requests: int = 0) -> list[float]:
        """Milliseconds from sending the request to the call of the vendor."""
        first, count = self._next, requests or self._requests
        self._next += count
        result = load.run(
            load.Order(
                port=self._site.gateway.port,
                paths=[GENERATE],
                method="POST",
                headers=JSON,
                body=generate_body(f"{_SUBJECT} {load.MARK.decode()}"),
                first=first,
                requests=count,
                every=self._every,
            )
        ).only(202)
        sent = {f"{_SUBJECT} {first + n:08d}": at for n, at in enumerate(result.sent)}
        called = vendor_called(self._site, set(sent))
        return [(called[prompt] - at) * 1000 for prompt, at in sent.items()]


class _Stock:
    def __init__(self, site: Site, worker: StockWorker, requests: int, every: tuple[float, float]) -> None:
        self._site, self._worker, self._requests, self._every = site, worker, requests, every
        self._next = 0

    def round(self, requests: int = 0) -> list[float]:
        """Milliseconds from before the enqueueing to the job's first line."""
        count = requests or self._requests
        numbers = range(self._next, self._next + count)
        self._next += count
        sent = run(stock_arq.enqueue(self._site.peer_redis_url, numbers, self._every))
        began = self._worker.began(numbers)
        return [(began[number] - at) * 1000 for number, at in zip(numbers, sent, strict=True)]
