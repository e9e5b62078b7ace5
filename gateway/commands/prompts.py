"""`darkroom prompts erase`: an operator erases the prompts of a business wherever they are."""

from cyclopts import App

from gateway.commands.parameters import Business, Database, Refused
from shared.db import retention, unreadable_answers
from shared.db.pool import transaction
from shared.db.retention import Erased

app = App("prompts", help="What pictures were asked for with.")

_AT_ONCE = 200
"""Jobs in one transaction: it holds their locks for milliseconds."""

_LEFT = """Not in our hands: what the vendor keeps of requests, this database's backups, and what clients have read.
The picture store was never told a prompt."""


@app.command
async def erase(*, business: Business, db: Database) -> str:
    """Those of a business, wherever they are; its pictures stay, and stay AI-made."""
    # Can be stopped and begun again at any time: each batch is done or not.
    erased, last = Erased(), None
    while True:
        async with transaction(db) as connection:
            batch, last = await retention.erase_prompts_of(connection, business, _AT_ONCE, last)
        erased += batch
        if last is None:
            break
    while True:
        async with transaction(db) as connection:
            batch = await retention.erase_lost_names(connection, _AT_ONCE, business_id=business)
        erased += batch
        if batch.pictures < _AT_ONCE:
            break
    async with transaction(db) as connection:
        erased += Erased(answers=await unreadable_answers.forget_lost(connection, business_id=business))
    said = (
        f"Erased: the prompts of {erased.jobs:,} jobs, what told of them in {erased.pictures:,} pictures, "
        f"and {erased.answers:,} answers of vendors without a readable picture.\n{_LEFT}"
    )
    if going_on := await retention.open_jobs(db, business):
        raise Refused(f"{said}\n{going_on:,} jobs have not ended and need theirs: run this again when they have.")
    return said
