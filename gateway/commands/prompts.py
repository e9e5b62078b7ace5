"""`./darkroom prompts erase`: an operator erases the prompts of a business wherever they are."""

import argparse
from collections.abc import Callable

from shared.db import retention, unreadable_answers
from shared.db.pool import Pool, transaction
from shared.db.retention import Erased

_AT_ONCE = 200
"""Jobs in one transaction: it holds their locks for milliseconds."""

_LEFT = """Not in our hands: what the vendor keeps of requests, this database's backups, and what clients have read.
The picture store was never told a prompt."""


class Unfinished(Exception):
    """What could be erased is, and the text says what could not."""


def add_to(areas: "argparse._SubParsersAction[argparse.ArgumentParser]", business: Callable[[str], int]) -> None:
    """The words of the command line."""
    verbs = areas.add_parser("prompts", help="what pictures were asked for with").add_subparsers(
        required=True, metavar="VERB"
    )
    erase = verbs.add_parser(
        "erase", help="those of a business, wherever they are; its pictures stay, and stay AI-made"
    )
    erase.add_argument("--business", type=business, required=True, metavar="ID")
    erase.set_defaults(act=_erase)


async def _erase(db: Pool, asked: argparse.Namespace) -> str:
    """Can be stopped and begun again at any time: each batch is done or not."""
    erased, last = Erased(), None
    while True:
        async with transaction(db) as connection:
            batch, last = await retention.erase_prompts_of(connection, asked.business, _AT_ONCE, last)
        erased += batch
        if last is None:
            break
    while True:
        async with transaction(db) as connection:
            batch = await retention.erase_lost_names(connection, _AT_ONCE, business_id=asked.business)
        erased += batch
        if batch.pictures < _AT_ONCE:
            break
    async with transaction(db) as connection:
        erased += Erased(answers=await unreadable_answers.forget_lost(connection, business_id=asked.business))
    said = (
        f"Erased: the prompts of {erased.jobs:,} jobs, what told of them in {erased.pictures:,} pictures, "
        f"and {erased.answers:,} answers of vendors without a readable picture.\n{_LEFT}"
    )
    if going_on := await retention.open_jobs(db, asked.business):
        raise Unfinished(f"{said}\n{going_on:,} jobs have not ended and need theirs: run this again when they have.")
    return said
