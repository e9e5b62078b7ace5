"""`darkroom pictures`: what was paid for and did not get home. Lists, delivers, saves or discards it."""

import asyncio
import time
from pathlib import Path
from typing import Annotated
from uuid import UUID

from cyclopts import App, Parameter

from gateway.commands.parameters import Database, Refused
from shared.db import images, jobs, late_images, ledger, unreadable_answers
from shared.db.pool import Pool, transaction
from shared.domain.money import usd

app = App("pictures", help="Paid pictures that did not get home.")

JobId = Annotated[UUID, Parameter(help="The job's id.")]
NewFile = Annotated[Path, Parameter(help="A new file.")]

_LOOK_EVERY = 0.5
_WAIT = 60.0
"""Seconds a delivery is waited for: workers look for due pictures once in a sweep."""

_WHY = "their logs say why (late.refused, late.snoozed)"


@app.command(name="list")
async def list_pictures(*, db: Database) -> str:
    """Those that wait, and answers without a picture, with what was paid."""
    kept, answers = await ledger.kept(db), await unreadable_answers.kept(db)
    if not kept and not answers:
        return "None: every picture that was paid for got home."
    full = len(kept) == ledger.MOST_KEPT or len(answers) == unreadable_answers.MOST_KEPT
    more = ["(and newer ones: these are the oldest)"] if full else []
    lines = [
        f"{one.job_id}  business {one.business_id}  painted {one.painted_at:%Y-%m-%d %H:%M} UTC  "
        f"{one.bytes:,} bytes  ${usd(one.cost_micros)}  {_state(one)}"
        for one in kept
    ]
    lines += [
        f"{one.job_id}  business {one.business_id}  answered {one.received_at:%Y-%m-%d %H:%M} UTC  "
        f"{one.bytes:,} bytes  {_paid(one)}  no picture that can be read: {one.reason}"
        for one in answers
    ]
    return "\n".join(lines + more)


def _paid(one: unreadable_answers.KeptAnswer) -> str:
    if one.cost_micros is None or one.charged != "true":
        return "perhaps paid" if one.charged == "unknown" else "not paid"
    return f"${usd(one.cost_micros)}"


def _state(one: ledger.StagedPicture) -> str:
    if not one.ended:
        return "its job goes on: it waits for the store"
    return f"its job ended: {one.error or 'canceled'}"


@app.command
async def deliver(job: JobId, /, *, db: Database) -> str:
    """Let the workers try the store once more."""
    await _ended(db, job)
    if await ledger.staged(db, job) is None:
        raise Refused("its answer holds no picture that can be read. `save` writes it into a file")
    await late_images.look_soon(db, job)
    deadline = time.monotonic() + _WAIT
    while time.monotonic() < deadline:
        await asyncio.sleep(_LOOK_EVERY)
        if image := (await images.by_jobs(db, [job])).get(job):
            return f"It is in the library: image {image['id']}."
        if not await late_images.is_due(db, job):
            return f"The workers tried in vain: {_WHY}. `save` writes the bytes into a file."
    return f"Not yet. Either no worker runs, or the store does not take it: {_WHY}. They go on trying."


@app.command
async def save(job: JobId, file: NewFile, /, *, db: Database) -> str:
    """Write the vendor's bytes into a file."""
    data = await ledger.staged(db, job) or await unreadable_answers.latest(db, job)
    if data is None:
        raise Refused("no picture of that job waits here")
    try:
        with file.open("xb") as new:
            await asyncio.to_thread(new.write, data)
    except OSError as problem:
        raise Refused(f"cannot write {file}: {problem.strerror}") from None
    return f"{len(data):,} bytes written to {file}. They wait here as before."


@app.command
async def discard(job: JobId, /, *, db: Database) -> str:
    """Delete the bytes, or the answer; what was paid stays on the bill."""
    await _ended(db, job)
    async with transaction(db) as connection:
        await jobs.lock(connection, job)
        await ledger.unstage(connection, job)
        await unreadable_answers.forget(connection, [job])
    bill = await jobs.get(db, job)
    paid = "an unknown sum" if bill.actual_micros is None else f"${usd(bill.actual_micros)}"
    return f"Discarded. Business {bill.business_id} was charged {paid} for this job, which stays on the bill."


async def _ended(db: Pool, job_id: UUID) -> None:
    """Raises NotFound where there is no such job, Refused where it goes on or nothing of it waits."""
    job = await jobs.get(db, job_id)
    if await ledger.staged(db, job_id) is None and await unreadable_answers.latest(db, job_id) is None:
        raise Refused("no picture of that job waits here")
    if not job.final:
        raise Refused("its job goes on, and stores the picture as soon as the store takes it")
