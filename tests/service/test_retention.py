"""What goes when its time is over, or is erased: then it is nowhere in the database, and the money is as it was."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from library_service.retention import keep_to
from shared.db import budgets, images, jobs, ledger, new_jobs, retention, trash, unreadable_answers
from shared.db.new_jobs import NewJob
from shared.db.pool import Db, Pool, transaction
from shared.db.tables import Charged, ImageRow, ImageSource, JobError, Outcome
from shared.domain.ids import new_id
from shared.domain.prompts import filename
from shared.settings import LibrarySettings
from shared.storage.store import storage_key
from tests import pictures
from tests.sandbox_server import SandboxServer
from tests.service import shelves
from tests.service.rooms import IMAGES, Room, library_room, until
from tests.service.test_library_trash import derive
from tests.service.test_upload import problem
from tests.terminal import darkroom

SECRET = "the secret merger of Alpha and Beta"
PRICE, COST = 52_700, 52_735


async def job(db: Pool, prompt: str = SECRET, business: int = 1, **more: Any) -> UUID:
    """A job that a worker holds."""
    values: dict[str, Any] = {
        "id": new_id(), "business_id": business, "prompt": prompt, "model": "gpt-image-2.5-flare",
        "size": "1024x1024", "quality": "standard", "alt_text": prompt, "estimated_micros": PRICE, "request_id": "r",
        "body_hash": "h",
    }  # fmt: skip
    made, _ = await new_jobs.create(db, NewJob(**values | more))
    await jobs.claim(db, 1, 60)
    return made.id


async def made(room: Room, prompt: str = SECRET, business: int = 1, **more: Any) -> ImageRow:
    """A picture that was painted for a job, in the library and in the store."""
    job_id = await job(room.db, prompt, business)
    held = await jobs.get(room.db, job_id)
    attempt_id = await ledger.begin(room.db, held)
    assert attempt_id
    stored = await room.store.put(storage_key(business, job_id), pictures.png())
    image = ImageRow(
        id=new_id(), business_id=business, source=ImageSource.AI_GENERATED, filename=filename(prompt, "png"),
        public_id=stored.storage_key, url=stored.url, format="png", bytes=stored.bytes, width=stored.width,
        height=stored.height, sha256=job_id.hex, alt_text=held.alt_text, job_id=job_id, created_at=datetime.now(UTC),
    )  # fmt: skip
    async with transaction(room.db) as connection:
        await ledger.generated(connection, attempt_id, held, ledger.Receipt("r", 1, 2, COST), None)
        kept = await images.add(connection, image.model_copy(update=more))
        assert await jobs.finish(connection, job_id, held.attempt, kept.id)
    return kept


async def unknown(db: Pool, business: int = 1) -> UUID:
    """A job that ended without anybody knowing whether it was charged, with an answer that quotes the prompt."""
    job_id = await job(db, business=business)
    held = await jobs.get(db, job_id)
    attempt_id = await ledger.begin(db, held)
    assert attempt_id
    await unreadable_answers.keep(db, attempt_id, held, "no picture", SECRET.encode())
    await ledger.settle(db, attempt_id, held, Outcome.UNKNOWN, Charged.UNKNOWN, detail="timeout")
    await jobs.fail(db, job_id, held.attempt, JobError.OUTCOME_UNKNOWN, f"Your prompt '{SECRET}' took too long")
    await db.execute("delete from late_looks")
    return job_id


async def age(db: Db, days: float) -> None:
    """As if all that happened had happened earlier."""
    for table, columns in (
        ("jobs", ("created_at", "started_at", "finished_at")),
        ("attempts", ("started_at", "ended_at")),
        ("images", ("created_at",)),
        ("unread_answers", ("received_at",)),
    ):
        moved = ", ".join(f"{column} = {column} - make_interval(secs => $1)" for column in columns)
        await db.execute(f"update {table} set {moved}", days * 86_400)


async def told(db: Db, words: str = SECRET, but: str = "false") -> list[str]:
    """The tables, with a row each, in which the words still are, in any case and also as bytes or digests."""
    found = []
    for row in await db.fetch(
        "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"
    ):
        for line in await db.fetch(f"select t::text as said from {row['relname']} t where not ({but})"):
            said = line["said"].lower()
            if any(part.lower() in said for part in (words, words.encode().hex(), words.replace(" ", "_"))):
                found.append(f"{row['relname']}: {said[:200]}")
    return found


async def erase(room: Room, business: int = 1, status: int = 0) -> str:
    """The operator's command."""
    url = await room.db.fetchval("select current_database()")
    settings = LibrarySettings.model_validate({"database_url": DATABASE[0], "redis_url": "redis://unused"})
    assert settings.database_url.get_secret_value().endswith(url)
    words = ("prompts", "erase", "--business", str(business))
    done = await asyncio.to_thread(darkroom, words, {"DATABASE_URL": DATABASE[0]})
    assert done.returncode == status, done.stderr
    return done.stderr if status else done.stdout


DATABASE: list[str] = [""]


@pytest.fixture(autouse=True)
def _address(database: str) -> None:
    DATABASE[0] = database


def settings(**more: int) -> LibrarySettings:
    return LibrarySettings(database_url=DATABASE[0], redis_url="redis://unused", **more)  # type: ignore[arg-type]


async def months(db: Pool) -> list[Any]:
    """What is said of the money of three months, for two businesses."""
    now = datetime.now(UTC)
    days = [now, now - timedelta(days=31), now - timedelta(days=62)]
    bill = [await ledger.spend(db, business, now - timedelta(days=400), now + timedelta(1)) for business in (1, 2)]
    return [*bill, *[await budgets.month_of(db, business, day) for business in (1, 2) for day in days]]


# Erased by command


async def test_after_the_command_a_prompt_is_nowhere_and_its_picture_is_still_ai_made(library: Room) -> None:
    plain = await made(library)
    renamed = await made(library, filename="Campaign.png", alt_text="Two people shake hands")
    purged = await made(library)
    copy = (await derive(library, str(plain.id))).json()
    second = await shelves.add(
        library.db, source=ImageSource.AI_GENERATED, parent_id=purged.id, filename=f"{SECRET}-instagram_1x1.jpg"
    )
    lost = await shelves.add(
        library.db, source=ImageSource.AI_GENERATED, parent_id=new_id(), filename=f"{SECRET}.jpg", alt_text=SECRET
    )
    async with transaction(library.db) as connection:
        await trash.purge(connection, purged.id)
    await trash.destroyed(library.db, purged.id)
    await unknown(library.db)
    canceled = await job(library.db)
    await jobs.cancel(library.db, canceled, None)
    await jobs.canceled(library.db, canceled, 1)
    other = await made(library, business=2)
    assert len(await told(library.db)) > 10
    before, found = await months(library.db), await library.client.get(IMAGES, params={"business_id": 1})
    said = await erase(library)
    assert said.startswith("Erased: the prompts of 5 jobs, what told of them in 5 pictures, and 1 answers of vendors")
    assert "what the vendor keeps of requests, this database's backups" in said
    assert await told(library.db, but="to_jsonb(t) ->> 'business_id' = '2'") == []
    assert (await images.get(library.db, other.id))["prompt"] == SECRET, "another's stays"
    assert await months(library.db) == before
    now = (await library.client.get(IMAGES, params={"business_id": 1})).json()["items"]
    assert [item["id"] for item in now] == [item["id"] for item in found.json()["items"]]
    assert {item["source"] for item in now} == {"ai_generated"}
    names = {UUID(item["id"]): (item["filename"], item["alt_text"]) for item in now}
    assert names == {
        plain.id: ("picture.png", None),
        renamed.id: ("Campaign.png", "Two people shake hands"),
        UUID(copy["id"]): ("picture-instagram_4x5.jpg", None),
        second.id: ("picture-instagram_1x1.jpg", None),
        lost.id: ("picture.jpg", None),
    }
    (generation,) = [item["generation"] for item in now if item["id"] == str(plain.id)]
    assert (generation["prompt"], generation["cost_usd"]) == ("", "0.052735")
    for word, count in (("merger", 0), ("campaign", 1), ("shake", 1)):
        page = await library.client.get(IMAGES, params={"business_id": 1, "search": word})
        assert page.json()["total"] == count
    assert "0 jobs" in await erase(library), "again is safe"


async def test_a_job_that_goes_on_keeps_its_prompt_and_the_command_says_so(library: Room) -> None:
    await made(library)
    going_on = await job(library.db)
    said = await erase(library, status=1)
    assert "prompts of 1 jobs" in said
    assert "1 jobs have not ended and need theirs: run this again when they have." in said
    assert (await jobs.get(library.db, going_on)).prompt == SECRET
    await jobs.fail(library.db, going_on, 1, JobError.CONTENT_POLICY, "no")
    await erase(library)
    assert await told(library.db) == []


async def test_the_command_goes_on_where_it_was_stopped(library: Room) -> None:
    for _ in range(7):
        await made(library)
    async with transaction(library.db) as connection:
        some, last = await retention.erase_prompts_of(connection, 1, 3, None)
    assert (some.jobs, last is None) == (3, False)
    assert "prompts of 4 jobs" in await erase(library)
    assert await told(library.db) == []


async def test_a_key_of_an_erased_job_orders_nothing_again(library: Room) -> None:
    job_id = await job(library.db, idempotency_key="k")
    await jobs.fail(library.db, job_id, 1, JobError.CONTENT_POLICY, "no")
    await erase(library)
    assert await library.db.fetchval("select body_hash from jobs") == "", "short prompts could be guessed by it"
    with pytest.raises(Exception, match="send a new key"):
        await job(library.db, idempotency_key="k")


async def test_a_change_of_that_moment_does_not_bring_the_prompt_back(library: Room) -> None:
    image = await made(library)
    async with transaction(library.db) as changing:
        row = await images.lock(changing, image.id)
        erasing = asyncio.create_task(erase(library))
        waiting = (
            "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
        )
        await until(lambda: library.db.fetchval(waiting))
        await images.describe(changing, row, "My own.png", None)
    await erasing
    assert await told(library.db) == []
    assert (await images.get(library.db, image.id))["filename"] == "My own.png"


async def test_a_copy_that_is_made_in_that_moment_does_not_keep_the_name(database: str, sandbox: SandboxServer) -> None:
    async with library_room(database, sandbox, store_timeout=60) as library:
        parent = await made(library)
        library.sandbox.script("cloudinary.delivery", {"do": "slow", "seconds": 60})
        deriving = asyncio.create_task(derive(library, str(parent.id)))

        async def fetching() -> bool:
            return bool(library.sandbox.ledger("cloudinary.delivery"))

        await until(fetching)
        await erase(library)
        library.sandbox.release()
        copy = (await deriving).json()
        assert (copy["filename"], copy["alt_text"], copy["source"]) == (
            "picture-instagram_4x5.jpg",
            None,
            "ai_generated",
        )
        assert await told(library.db) == []


# By age


async def test_without_settings_nothing_goes(library: Room) -> None:
    await made(library)
    await unknown(library.db)
    await age(library.db, 30_000)
    before = await everything(library.db)
    await keep_to(library.db, settings())
    assert await everything(library.db) == before


async def everything(db: Pool) -> list[str]:
    tables = ("jobs", "attempts", "images", "unread_answers", "ledger_days")
    return [row["said"] for table in tables for row in await db.fetch(f"select t::text as said from {table} t")]


async def test_prompts_that_are_old_enough_go_and_younger_ones_stay(library: Room) -> None:
    old = [await made(library) for _ in range(5)]
    await unknown(library.db)
    await age(library.db, 31)
    young = await made(library, "another secret of the week")
    open_job = await job(library.db)
    await library.db.execute("update jobs set created_at = now() - interval '40 days' where id = $1", open_job)
    await keep_to(library.db, settings(keep_prompts=30), at_once=2)
    assert (await jobs.get(library.db, open_job)).prompt == SECRET
    await library.db.execute("delete from jobs where id = $1", open_job)
    assert await told(library.db) == []
    assert (await images.get(library.db, young.id))["prompt"] == "another secret of the week"
    row = await images.get(library.db, old[0].id)
    assert (row["prompt"], row["source"], row["model"]) == ("", "ai_generated", "gpt-image-2.5-flare")
    assert await library.count("jobs") == 7, "only their prompts went"


async def test_old_jobs_go_with_their_prompts_and_the_bill_stays(library: Room) -> None:
    image = await made(library)
    unclear = await unknown(library.db)
    await age(library.db, 100)
    late = await unknown(library.db)
    await age(library.db, 100)
    await library.db.execute("insert into late_looks values ($1, now())", late)
    before = await months_of_last_year(library.db)
    await keep_to(library.db, settings(keep_jobs=90), at_once=1)
    left = [row["id"] for row in await library.db.fetch("select id from jobs")]
    assert left == [late], "its picture may still come"
    assert await told(library.db) == []
    assert await months_of_last_year(library.db) == before
    assert await library.count("attempts") == 3
    shown = (await library.client.get(f"{IMAGES}/{image.id}")).json()
    assert (shown["source"], shown["generation"]) == ("ai_generated", None)
    assert await library.db.fetchval("select estimated_micros from attempts where job_id = $1", unclear) == PRICE


async def months_of_last_year(db: Pool) -> list[Any]:
    now = datetime.now(UTC)
    return [
        *(await ledger.spend(db, 1, now - timedelta(days=400), now)),
        *[await budgets.month_of(db, 1, now - timedelta(days=30 * n)) for n in range(12)],
    ]


async def test_the_rows_of_old_calls_go_and_every_sum_stays(library: Room) -> None:
    for business in (1, 1, 2):
        await made(library, business=business)
        await unknown(library.db, business)
        await age(library.db, 20)
    waiting = await job(library.db)  # It waits for an operator for months, and its first call may have been paid.
    held = await jobs.get(library.db, waiting)
    attempt_id = await ledger.begin(library.db, held)
    assert attempt_id
    await ledger.settle(library.db, attempt_id, held, Outcome.UNKNOWN, Charged.UNKNOWN, detail="timeout")
    await age(library.db, 10)
    before = await months(library.db)
    await keep_to(library.db, settings(keep_ledger=45), at_once=1)
    assert [await library.count(table) for table in ("attempts", "ledger_days")] == [3, 2]
    assert await months(library.db) == before
    for _ in range(2):
        await keep_to(library.db, settings(keep_ledger=7), at_once=2)
        assert await months(library.db) == before
    assert await library.db.fetchval("select array_agg(job_id) from attempts") == [waiting]
    assert await ledger.unknowns(library.db, waiting) == 1
    await jobs.fail(library.db, waiting, held.attempt, JobError.OUTCOME_UNKNOWN, "timeout")
    await age(library.db, 2)
    await library.db.execute("delete from late_looks")
    ended = await months(library.db)
    await keep_to(library.db, settings(keep_ledger=7, keep_jobs=1), at_once=2)
    assert await library.count("attempts") == 0
    assert await months(library.db) == ended


async def test_two_services_that_keep_to_it_at_once_do_it_once(library: Room) -> None:
    for business in (1, 2) * 6:
        await made(library, business=business)
    await age(library.db, 40)
    before = await months(library.db)
    asked = settings(keep_prompts=7, keep_jobs=14, keep_ledger=21)
    await asyncio.gather(*(keep_to(library.db, asked, at_once=1) for _ in range(4)))
    assert [await library.count(table) for table in ("jobs", "attempts")] == [0, 0]
    assert await told(library.db) == []
    assert await months(library.db) == before
    problem(await library.client.get(f"{IMAGES}/{new_id()}"), 404, "not_found")
