"""The least an accepted job can cost: one small row inserted and committed through asyncpg. Reads and writes JSON."""

import asyncio
import json
import sys
import time
from uuid import uuid4

import asyncpg
import uvloop

from bench.figures import quantile

_TABLE = "create table if not exists bench_rows (id uuid primary key, body text not null)"


async def main(database_url: str, connections: int, seconds: float) -> dict[str, float]:
    """`connections` writers, each with one connection, as fast as commits come."""
    latencies: list[float] = []

    async def write(connection: "asyncpg.Connection[asyncpg.Record]", until: float) -> None:
        while (began := time.perf_counter()) < until:
            await connection.execute("insert into bench_rows (id, body) values ($1, $2)", uuid4(), "x" * 300)
            latencies.append((time.perf_counter() - began) * 1000)

    lines = [await asyncpg.connect(database_url) for _ in range(connections)]
    await lines[0].execute(_TABLE)
    began = time.perf_counter()
    await asyncio.gather(*(write(line, began + seconds) for line in lines))
    took = time.perf_counter() - began
    for line in lines:
        await line.close()
    return {"per_second": len(latencies) / took, "p50_ms": quantile(latencies, 0.5)}


if __name__ == "__main__":
    print(json.dumps(uvloop.run(main(**json.load(sys.stdin)))))
