"""Who may be called dead, and when: only after one lease of unbroken contact with a Postgres that takes writes."""

import asyncio
import time
from datetime import UTC, datetime

from generation_worker import recovery
from generation_worker.resources import WorkerResources
from shared.db.pool import transaction
from tests.servers import PostgresServer
from tests.worker.conftest import Starting, accept, claim, until
from tests.worker.trouble import READ_ONLY

LEASE = 3.0
SETTINGS = {"DARKROOM_LEASE_SECONDS": str(LEASE), "DARKROOM_RENEW_SECONDS": "1", "DARKROOM_SWEEP_SECONDS": "0.2"}


async def a_lost_job(resources: WorkerResources) -> None:
    """In one transaction: a worker that is at work must not see it waiting."""
    async with transaction(resources.db) as connection:
        await accept(resources, connection)
        await claim(resources, connection)
        await connection.execute("update jobs set lease_until = now() - interval '1 hour'")


async def test_a_sweeper_that_has_just_come_calls_nobody_dead(resources: WorkerResources, worker: Starting) -> None:
    await a_lost_job(resources)
    began = datetime.now(UTC)
    process = worker(**SETTINGS)
    await until("the job is taken over", lambda: process.events("job.recovered"))
    (recovered,) = process.events("job.recovered")
    assert (datetime.fromisoformat(recovered["timestamp"]) - began).total_seconds() > LEASE


async def test_a_postgres_that_was_read_only_gives_every_worker_a_lease_of_time(
    resources: WorkerResources, postgres_server: PostgresServer, ordinary_worker: Starting
) -> None:
    """A standby that was promoted has been up for months: its start time says nothing."""
    process = ordinary_worker(**SETTINGS)
    await asyncio.sleep(LEASE + 1)  # Now it would be allowed.
    READ_ONLY.begin(postgres_server, "tables")
    try:
        await until("the sweep has failed", lambda: process.events("sweep.failed"))
    finally:
        READ_ONLY.end(postgres_server, "tables")
    await a_lost_job(resources)
    await until("the job is taken over", lambda: process.events("job.recovered"))
    (recovered,) = process.events("job.recovered")
    failed = process.events("sweep.failed")[-1]
    between = datetime.fromisoformat(recovered["timestamp"]) - datetime.fromisoformat(failed["timestamp"])
    assert between.total_seconds() >= LEASE


def test_contact_is_broken_by_an_error_and_by_silence() -> None:
    contact = recovery.Contact(longest_gap=0.5)
    contact.made()
    time.sleep(0.05)
    contact.made()
    assert contact.seconds >= 0.05
    contact.broken()
    assert contact.seconds == 0
    contact.made()
    time.sleep(0.6)
    before = contact.seconds
    contact.made()
    assert contact.seconds < before, "nobody knows what was in between"


async def test_the_dead_are_found_even_by_looks_that_are_far_apart(
    resources: WorkerResources, worker: Starting
) -> None:
    """Looks further apart than a living lease lasts would never make a contact of one lease."""
    await a_lost_job(resources)
    process = worker(**SETTINGS | {"DARKROOM_SWEEP_SECONDS": "600"})
    await until("the job is taken over", lambda: process.events("job.recovered"))
