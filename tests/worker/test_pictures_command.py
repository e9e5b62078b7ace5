"""`./darkroom pictures`: what was paid for and did not get home is seen, delivered, saved or discarded."""

import asyncio
from pathlib import Path

from generation_worker import late
from generation_worker.resources import WorkerResources
from shared.db import images, jobs, ledger
from shared.db.tables import JobError, JobRow
from shared.domain.ids import new_id
from tests.sandbox_server import SandboxServer
from tests.terminal import darkroom
from tests.worker.conftest import Working, claim


async def operate(resources: WorkerResources, *words: str, status: int = 0) -> str:
    environment = {"DATABASE_URL": resources.settings.database_url.get_secret_value()}
    done = await asyncio.to_thread(darkroom, ("pictures", *words), environment)
    assert done.returncode == status, done.stderr
    return done.stderr if status else done.stdout


async def left_over(resources: WorkerResources, worked: Working, sandbox: SandboxServer) -> JobRow:
    """A job that its workers died over, with its picture in Postgres, which no look is due for any more."""
    sandbox.script("cloudinary.upload", {"do": "500"})
    await worked()
    job = await claim(resources)
    ended = await jobs.fail(resources.db, job.id, job.attempt, JobError.WORKER_LOST, "died")
    assert ended
    await resources.db.execute("delete from late_looks")
    return ended


async def test_what_is_left_over_is_listed_with_what_was_paid_and_delivered(
    resources: WorkerResources, worked: Working, sandbox: SandboxServer
) -> None:
    assert await operate(resources, "list") == "None: every picture that was paid for got home.\n"
    job = await left_over(resources, worked, sandbox)
    listed = await operate(resources, "list")
    assert str(job.id) in listed
    assert "$0.05" in listed
    assert "its job ended: worker_lost" in listed
    delivering = asyncio.create_task(operate(resources, "deliver", str(job.id)))
    while not delivering.done():
        await late.look(resources)
        await asyncio.sleep(0.05)
    image = (await images.by_jobs(resources.db, [job.id]))[job.id]
    assert delivering.result().endswith(f"It is in the library: image {image['id']}.\n")
    assert await operate(resources, "list") == "None: every picture that was paid for got home.\n"
    assert len(sandbox.ledger("openai.generate")) == 1


async def test_what_the_store_does_not_take_is_saved_or_discarded_and_stays_on_the_bill(
    resources: WorkerResources, worked: Working, sandbox: SandboxServer, tmp_path: Path
) -> None:
    job = await left_over(resources, worked, sandbox)
    data = await ledger.staged(resources.db, job.id)
    assert data
    file = tmp_path / "picture"
    await operate(resources, "save", str(job.id), str(file))
    assert file.read_bytes() == data
    assert "File exists" in await operate(resources, "save", str(job.id), str(file), status=1)
    said = await operate(resources, "discard", str(job.id))
    assert said.startswith("Discarded. Business 1 was charged $0.05")
    assert await ledger.staged(resources.db, job.id) is None
    assert await resources.db.fetchval("select sum(cost_micros) from attempts") == job.actual_micros
    for verb in ("deliver", "discard"):
        assert await operate(resources, verb, str(job.id), status=1) == "darkroom: no picture of that job waits here\n"


async def test_an_answer_without_a_picture_is_listed_saved_and_discarded(
    resources: WorkerResources, worked: Working, sandbox: SandboxServer, tmp_path: Path
) -> None:
    sandbox.script("openai.generate", {"do": "not_json"})
    job = await worked()
    listed = await operate(resources, "list")
    assert str(job.id) in listed
    assert "perhaps paid  no picture that can be read: The vendor's answer holds no picture: no JSON" in listed
    assert "`save` writes it" in await operate(resources, "deliver", str(job.id), status=1)
    file = tmp_path / "answer"
    await operate(resources, "save", str(job.id), str(file))
    assert file.read_bytes() == await resources.db.fetchval("select data from unread_answers")
    said = await operate(resources, "discard", str(job.id))
    assert said.startswith("Discarded. Business 1 was charged an unknown sum")
    assert await operate(resources, "list") == "None: every picture that was paid for got home.\n"
    assert await resources.db.fetchval("select count(*) from attempts where charged = 'unknown'") == 1


async def test_a_job_that_goes_on_brings_its_picture_home_itself(
    resources: WorkerResources, worked: Working, sandbox: SandboxServer
) -> None:
    sandbox.script("cloudinary.upload", {"do": "500"})
    waiting = await worked()
    assert "its job goes on" in await operate(resources, "list")
    assert "goes on" in await operate(resources, "discard", str(waiting.id), status=1)
    assert await ledger.staged(resources.db, waiting.id)
    assert "no such job" in await operate(resources, "deliver", str(new_id()), status=1)
