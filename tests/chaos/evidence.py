"""Everything that is known after a run, read once: our rows, the vendors' ledger and shelf, Redis. `checks` judges."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
from arq.constants import default_queue_name

from deploy.sandbox.stores.file_store import FileStore, Record
from tests.chaos.clients import Accepted, Clients
from tests.chaos.house import House
from tests.servers import run_apart

Row = dict[str, Any]


@dataclass(frozen=True)
class Evidence:
    """What the checks look at."""

    accepted: list[Accepted]
    jobs: dict[str, Row]
    """By id."""
    attempts: list[Row]
    images: list[Row]
    spilled: set[str]
    """Ids of the jobs whose bytes still wait in Postgres."""
    calls: list[Row]
    """The vendor's own ledger: every call that reached it."""
    pictures: list[Record]
    """What the store keeps."""
    endless_keys: list[str]
    """Keys in Redis that never expire, without arq's queue."""
    keys: int
    """All keys in Redis."""

    @property
    def paintings(self) -> list[Row]:
        """The calls that made a picture."""
        return [call for call in self.calls if call["painted"]]

    @property
    def attempt_of(self) -> dict[str, Row]:
        """By the id that the vendor was told."""
        return {str(attempt["id"]): attempt for attempt in self.attempts}

    def of_job(self, job_id: str) -> list[Row]:
        """A job's vendor calls, in order."""
        return [attempt for attempt in self.attempts if str(attempt["job_id"]) == job_id]


def gather(house: House, clients: Clients) -> Evidence:
    """Reads it all; nothing may run wild any more."""
    jobs, attempts, images, spills = run_apart(_rows(house.postgres.url()))
    with house.redis() as redis:
        keys = [key.decode() for key in redis.scan_iter()]
        endless = [key for key in keys if key != default_queue_name and redis.pttl(key) == -1]
    return Evidence(
        accepted=list(clients.accepted),
        jobs={str(job["id"]): job for job in jobs},
        attempts=attempts,
        images=images,
        spilled={str(spill["job_id"]) for spill in spills},
        calls=house.sandbox.ledger("openai.generate"),
        pictures=list(FileStore(house.sandbox.data_dir / "pictures").records()),
        endless_keys=endless,
        keys=len(keys),
    )


def open_jobs(house: House, ids: Iterable[str]) -> set[str]:
    """Which of them have not ended."""

    async def ask() -> set[str]:
        connection = await asyncpg.connect(house.postgres.url())
        try:
            rows = await connection.fetch(
                "select id from jobs where id = any($1::uuid[]) and finished_at is null", [UUID(one) for one in ids]
            )
            return {str(row["id"]) for row in rows}
        finally:
            await connection.close()

    return run_apart(ask())


def keep(evidence: Evidence, file: Path) -> None:
    """For the person who looks for the cause."""
    named = {
        "jobs": evidence.jobs,
        "attempts": evidence.attempts,
        "images": evidence.images,
        "spilled": sorted(evidence.spilled),
        "calls": evidence.calls,
    }
    file.write_text(json.dumps(named, default=str, indent=1))


async def _rows(url: str) -> list[list[Row]]:
    connection = await asyncpg.connect(url)
    try:
        return [
            [dict(row) for row in await connection.fetch(question)]
            for question in (
                "select * from jobs order by created_at",
                "select * from attempts order by started_at",
                "select * from images",
                "select job_id from spills",
            )
        ]
    finally:
        await connection.close()
