"""Of a picture there is one copy of each preset and mode, whoever asks and however often, and it is made once."""

import asyncio
from typing import Any

import httpx2

from shared.domain.ids import new_id
from shared.storage.store import storage_key
from tests import pictures
from tests.sandbox_server import SandboxServer
from tests.service import shelves
from tests.service.gate import eventually
from tests.service.rooms import IMAGES, Room, library_room
from tests.service.test_upload import problem

SLOW = {"do": "slow", "seconds": 4}
"""Until the test lets it go on."""


async def derive(room: Room, image_id: object, preset: str = "instagram_4x5", mode: str = "crop") -> httpx2.Response:
    return await room.client.post(f"{IMAGES}/{image_id}/derivatives", json={"preset": preset, "mode": mode})


async def painted(room: Room, business: int = 1) -> Any:
    """The id of an AI picture whose bytes are in the store."""
    image = await shelves.painted(room.db, "a fox", business)
    stored = await room.store.put(storage_key(business, new_id()), pictures.png(600, 500))
    await room.db.execute("update images set url = $1 where id = $2", stored.url, image.id)
    return image.id


def asked(room: Room) -> int:
    """How often the store was asked to make a copy."""
    return len(room.sandbox.ledger("cloudinary.delivery"))


async def test_a_copy_that_is_there_is_found_without_asking_the_store(library: Room) -> None:
    parent = await painted(library)
    first = await derive(library, parent)
    before = asked(library)
    again = await derive(library, parent)
    assert (first.status_code, again.status_code, again.headers["x-deduplicated"]) == (201, 200, "true")
    assert again.json() == first.json()
    assert asked(library) == before
    other = await derive(library, parent, mode="pad")
    assert (other.status_code, other.json()["id"] == first.json()["id"]) == (201, False)


async def test_many_who_ask_at_once_get_one_copy(library: Room) -> None:
    parent = await painted(library)
    library.sandbox.script("cloudinary.delivery", SLOW)
    asking = asyncio.gather(*(derive(library, parent) for _ in range(6)))
    await eventually("the store is asked", lambda: asked(library))
    library.sandbox.release()
    answers = await asking
    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [201]
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert asked(library) == len(library.sandbox.ledger("cloudinary.upload")) - 1 == 1
    assert await library.count("images") == 2


async def test_two_processes_that_meet_make_one_copy_of_an_ai_picture(
    library: Room, database: str, sandbox: SandboxServer
) -> None:
    parent = await painted(library)
    sandbox.script("cloudinary.upload", always=SLOW)
    async with library_room(database, sandbox) as other:
        asking = asyncio.gather(derive(library, parent), derive(other, parent))
        await eventually("they meet", lambda: len(sandbox.ledger("cloudinary.upload")) == 3)
        sandbox.release()
        answers = await asking
    assert sorted(answer.status_code for answer in answers) == [200, 201]
    [copy] = {answer.json()["id"] for answer in answers}
    assert await library.count("images") == 2
    assert storage_key(1, copy) in await library.stored()
    assert len(await library.stored()) == 2, "the bytes of the one that came second are gone"
    assert await library.db.fetchval("select count(*) from uploads where image_id is null") == 0


async def test_who_asks_with_the_first_gets_its_refusal(library: Room) -> None:
    parent = await painted(library)
    library.sandbox.script("cloudinary.delivery", {"do": "500", "seconds": 0.5})
    answers = await asyncio.gather(*(derive(library, parent) for _ in range(3)))
    for answer in answers:
        problem(answer, 503, "storage_unavailable")
    assert (await derive(library, parent)).status_code == 201


async def test_a_copy_of_an_earlier_version_is_known_from_then_on(library: Room) -> None:
    parent = await painted(library)
    copy = (await derive(library, parent)).json()
    await library.db.execute("update images set derived_as = null")
    before = asked(library)
    for asked_more in (1, 1):
        again = await derive(library, parent)
        assert (again.status_code, again.json()["id"]) == (200, copy["id"])
        assert asked(library) == before + asked_more


async def test_a_copy_in_the_trash_is_made_again_and_does_not_come_back_beside_the_new_one(library: Room) -> None:
    parent = await painted(library)
    old = (await derive(library, parent)).json()["id"]
    await library.client.delete(f"{IMAGES}/{old}")
    new = await derive(library, parent)
    assert (new.status_code, new.json()["id"] == old) == (201, False)
    told = problem(await library.client.post(f"{IMAGES}/{old}/restore"), 409, "conflict")
    assert told["image_id"] == new.json()["id"]


async def test_one_business_waits_for_its_own_copies_and_another_does_not(
    database: str, sandbox: SandboxServer
) -> None:
    async with library_room(database, sandbox, copies=2, share=0.5, copies_queue=4) as room:
        one, two = await painted(room), await painted(room, business=2)
        sandbox.script("cloudinary.delivery", SLOW)
        first = asyncio.create_task(derive(room, one))
        await eventually("it is being made", lambda: asked(room))
        second = asyncio.create_task(derive(room, one, mode="pad"))
        third = asyncio.create_task(derive(room, one, "instagram_1x1"))
        refused, _ = await asyncio.wait({second, third}, return_when=asyncio.FIRST_COMPLETED)
        [answer] = [task.result() for task in refused]
        assert answer.headers["retry-after"]
        problem(answer, 429, "rate_limited")
        assert (await derive(room, two)).status_code == 201
        assert not first.done()
        sandbox.release()
        assert sorted([(await task).status_code for task in (first, second, third)]) == [201, 201, 429]
