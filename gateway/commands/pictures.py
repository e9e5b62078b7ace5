"""`./darkroom pictures`: what was paid for and did not get home. Lists, delivers, saves or discards it."""

import argparse
import asyncio
import time
from pathlib import Path
from uuid import UUID

from shared.db import images, jobs, late_images, ledger, unreadable_answers
from shared.db.pool import Pool, transaction
from shared.domain.money import usd

_LOOK_EVERY = 0.5
_WAIT = 60.0
"""Seconds a delivery is waited for: workers look for due pictures once in a sweep."""


_WHY = "their logs say why (late.refused, late.postponed)"


class NotDelivered(Exception):
    """What was asked cannot be done; the text says why."""


def add_to(areas: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The words of the command line."""
    ours = areas.add_parser("pictures", help="paid pictures that did not get home")
    verbs = ours.add_subparsers(required=True, metavar="VERB")
    verbs.add_parser("list", help="those that wait, and answers without a picture, with what was paid").set_defaults(
        act=_list
    )
    for name, act, words in (
        ("deliver", _deliver, "let the workers try the store once more"),
        ("save", _save, "write the vendor's bytes into a file"),
        ("discard", _discard, "delete the bytes, or the answer; what was paid stays on the bill"),
    ):
        verb = verbs.add_parser(name, help=words)
        verb.add_argument("job", type=UUID, help="the job's id")
        if act is _save:
            verb.add_argument("file", type=Path, help="a new file")
        verb.set_defaults(act=act)


async def _list(db: Pool, _: argparse.Namespace) -> str:
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


async def _deliver(db: Pool, asked: argparse.Namespace) -> str:
    await _ended(db, asked.job)
    if await ledger.staged(db, asked.job) is None:
        raise NotDelivered("its answer holds no picture that can be read. `save` writes it into a file")
    await late_images.look_soon(db, asked.job)
    deadline = time.monotonic() + _WAIT
    while time.monotonic() < deadline:
        await asyncio.sleep(_LOOK_EVERY)
        if image := (await images.by_jobs(db, [asked.job])).get(asked.job):
            return f"It is in the library: image {image['id']}."
        if not await late_images.is_due(db, asked.job):
            return f"The workers tried in vain: {_WHY}. `save` writes the bytes into a file."
    return f"Not yet. Either no worker runs, or the store does not take it: {_WHY}. They go on trying."


async def _save(db: Pool, asked: argparse.Namespace) -> str:
    data = await ledger.staged(db, asked.job) or await unreadable_answers.latest(db, asked.job)
    if data is None:
        raise NotDelivered("no picture of that job waits here")
    try:
        with asked.file.open("xb") as file:
            await asyncio.to_thread(file.write, data)
    except OSError as problem:
        raise NotDelivered(f"cannot write {asked.file}: {problem.strerror}") from None
    return f"{len(data):,} bytes written to {asked.file}. They wait here as before."


async def _discard(db: Pool, asked: argparse.Namespace) -> str:
    await _ended(db, asked.job)
    async with transaction(db) as connection:
        await jobs.lock(connection, asked.job)
        await ledger.unstage(connection, asked.job)
        await unreadable_answers.forget(connection, [asked.job])
    job = await jobs.get(db, asked.job)
    paid = "an unknown sum" if job.actual_micros is None else f"${usd(job.actual_micros)}"
    return f"Discarded. Business {job.business_id} was charged {paid} for this job, which stays on the bill."


async def _ended(db: Pool, job_id: UUID) -> None:
    """Raises NotFound where there is no such job, NotDelivered where it goes on or nothing of it waits."""
    job = await jobs.get(db, job_id)
    if await ledger.staged(db, job_id) is None and await unreadable_answers.latest(db, job_id) is None:
        raise NotDelivered("no picture of that job waits here")
    if not job.final:
        raise NotDelivered("its job goes on, and stores the picture as soon as the store takes it")
