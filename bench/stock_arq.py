"""arq as it comes: its own worker and client with default settings, as the peer of our doorbell and crew.

`python -m bench.stock_arq REDIS_URL FILE MAX_JOBS` is the worker; each job writes its number and the time it started.
"""

import asyncio
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from arq.connections import RedisSettings, create_pool
from arq.worker import Worker, func

DEFAULT_MAX_JOBS = 10


async def started(ctx: dict[Any, Any], number: int, seconds: float) -> None:
    """Says when it began, then takes `seconds` as a vendor call would."""
    ctx["file"].write(f"{number} {time.time()}\n")
    await asyncio.sleep(seconds)


def starts(file: Path) -> dict[int, float]:
    """When each job began."""
    pairs = (line.split() for line in file.read_text().splitlines())
    return {int(number): float(at) for number, at in pairs}


async def enqueue(
    redis_url: str, numbers: Sequence[int], every: tuple[float, float], seconds: float = 0.0
) -> list[float]:
    """Enqueues these jobs at that pace; the wall clock before each."""
    pool = await create_pool(RedisSettings.from_dsn(redis_url))
    sent, due = [], time.monotonic()
    for number in numbers:
        await asyncio.sleep(due - time.monotonic())
        sent.append(time.time())
        await pool.enqueue_job("started", number, seconds)
        due += random.uniform(*every)
    await pool.aclose()
    return sent


def main(redis_url: str, file: str, max_jobs: int) -> None:
    with Path(file).open("a", buffering=1) as lines:
        worker = Worker(
            functions=[func(started)],
            redis_settings=RedisSettings.from_dsn(redis_url),
            max_jobs=max_jobs,
            ctx={"file": lines},
        )
        print("ready", flush=True)
        worker.run()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
