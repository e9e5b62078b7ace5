"""Delete without fear: trash, restore, bulk, purge; and copies that stand on their own."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

import httpx2
import pytest

from library_service.purge import MARGIN, purge
from shared.db import images, trash
from shared.db.pool import transaction
from shared.domain.ids import new_id
from shared.storage.store import StoreDown, storage_key
from tests import pictures
from tests.sandbox_server import SandboxServer
from tests.service import shelves
from tests.service.rooms import IMAGES, Room, fetch, library_room
from tests.service.test_upload import problem

DAYS = 30


@pytest.fixture
async def library(database: str, sandbox: SandboxServer) -> AsyncIterator[Room]:
    """The library service, to whose own rounds nothing that a test puts into the trash is old."""
    async with library_room(database, sandbox, purge_after=3650) as room:
        yield room


async def lie_in_the_trash(room: Room, days: float) -> None:
    """As if everything in the trash had been there for that long."""
    await room.db.execute(
        "update images set deleted_at = now() - make_interval(secs => $1) where deleted_at is not null", days * 86_400
    )


async def listed(room: Room, *, trashed: bool = False) -> list[str]:
    answer = await room.client.get(IMAGES, params={"business_id": 1, "trashed": trashed})
    return [item["id"] for item in answer.json()["items"]]


async def test_a_deleted_picture_is_in_the_trash_until_it_is_brought_back(uploads: Room, library: Room) -> None:
    before = (await uploads.upload(pictures.png())).json()
    path = f"{IMAGES}/{before['id']}"
    deleted = (await library.client.delete(path)).json()
    assert deleted["deleted_at"] < deleted["purge_after"]
    assert (await library.client.delete(path)).json() == deleted, "again is the same"
    assert (await library.client.get(path)).json() == deleted, "it still answers"
    assert (await listed(library), await listed(library, trashed=True)) == ([], [before["id"]])
    for _ in range(2):
        assert (await library.client.post(f"{path}/restore")).json() == before
    assert (await listed(library), await listed(library, trashed=True)) == ([before["id"]], [])
    assert fetch(before["url"]).status_code == 200


async def test_the_trash_shows_what_was_deleted_last_first(library: Room) -> None:
    made = [await shelves.add(library.db) for _ in range(4)]
    order = [made[2], made[0], made[3], made[1]]
    for image in order:
        await library.client.delete(f"{IMAGES}/{image.id}")
    expected = [str(image.id) for image in reversed(order)]
    assert await listed(library, trashed=True) == expected
    query = {"business_id": 1, "trashed": True, "page_size": 3}
    first = (await library.client.get(IMAGES, params=query)).json()
    rest = (await library.client.get(IMAGES, params=query | {"cursor": first["next_cursor"]})).json()
    assert [item["id"] for item in first["items"] + rest["items"]] == expected


async def test_bringing_back_what_was_uploaded_again_names_the_live_one(uploads: Room, library: Room) -> None:
    old = (await uploads.upload(pictures.png())).json()
    await library.client.delete(f"{IMAGES}/{old['id']}")
    new = (await uploads.upload(pictures.png())).json()
    body = problem(await library.client.post(f"{IMAGES}/{old['id']}/restore"), 409, "conflict")
    assert body["image_id"] == new["id"]


async def test_many_are_deleted_with_a_result_for_each(library: Room) -> None:
    mine, other = await shelves.add(library.db), await shelves.add(library.db, business=2)
    ids = [str(mine.id), str(other.id), str(new_id()), str(mine.id)]
    body = {"ids": ids, "business_id": 1}
    results = (await library.client.post(f"{IMAGES}/bulk-delete", json=body)).json()["results"]
    assert [(one["id"], one["status"]) for one in results] == list(
        zip(ids, ["deleted", "not_found", "not_found", "deleted"], strict=True)
    )
    assert results[0]["image"]["deleted_at"]
    assert results[1]["image"] is None
    assert (await images.get(library.db, other.id))["deleted_at"] is None


async def test_many_deletions_that_overlap_do_not_lock_each_other(library: Room) -> None:
    ids = [str((await shelves.add(library.db)).id) for _ in range(30)]
    orders: Sequence[list[str]] = [ids, ids[::-1], ids[15:] + ids[:15]] * 4
    answers = await asyncio.gather(
        *(library.client.post(f"{IMAGES}/bulk-delete", json={"ids": order}) for order in orders)
    )
    assert {answer.status_code for answer in answers} == {200}
    assert len(await listed(library)) == 0


WRONG_LISTS: list[Any] = [
    {},
    {"ids": []},
    {"ids": ["x"]},
    {"ids": [str(new_id())] * 101},
    {"ids": None},
    {"ids": [1]},
    [],
    {"all": True},
]


async def test_a_wrong_list_is_refused(library: Room) -> None:
    for body in WRONG_LISTS:
        problem(await library.client.post(f"{IMAGES}/bulk-delete", json=body), 422, "invalid_request")


async def test_what_lay_there_long_enough_is_destroyed_and_the_rest_is_not(uploads: Room, library: Room) -> None:
    live, due = (await uploads.upload(pictures.png())).json(), (await uploads.upload(pictures.jpeg())).json()
    young = (await uploads.upload(pictures.webp())).json()
    await library.client.delete(f"{IMAGES}/{due['id']}")
    assert await purge(library.db, library.store, DAYS) == 0
    await lie_in_the_trash(library, DAYS + 1)
    await library.client.delete(f"{IMAGES}/{young['id']}")
    assert await purge(library.db, library.store, DAYS) == 1
    assert await purge(library.db, library.store, DAYS) == 0, "twice is harmless"
    problem(await library.client.get(f"{IMAGES}/{due['id']}"), 404, "not_found")
    assert await uploads.stored() == {f"darkroom/1/{one['id']}" for one in (live, young)}
    (call,) = library.sandbox.ledger("cloudinary.destroy")
    assert call["public_id"] == f"darkroom/1/{due['id']}"


async def test_what_may_be_destroyed_can_no_longer_be_brought_back(database: str, sandbox: SandboxServer) -> None:
    async with library_room(database, sandbox, purge_after=DAYS) as library:
        image = await shelves.add(library.db)
        await library.client.delete(f"{IMAGES}/{image.id}")
        await lie_in_the_trash(library, DAYS + MARGIN / 2 / 86_400)
        assert await purge(library.db, library.store, DAYS) == 0, "a margin lies between the two"
        problem(await library.client.post(f"{IMAGES}/{image.id}/restore"), 404, "not_found")


async def test_a_purge_that_was_killed_is_finished_by_the_next(library: Room) -> None:
    image = await shelves.add(library.db)
    await library.client.delete(f"{IMAGES}/{image.id}")
    await lie_in_the_trash(library, DAYS + 1)
    await library.store.remove(image.public_id)  # it got this far
    assert await purge(library.db, library.store, DAYS) == 1
    assert await library.count("images") == 0


async def test_a_store_that_is_down_stops_the_purge_and_loses_nothing(library: Room) -> None:
    ids = [(await shelves.add(library.db)).id for _ in range(6)]
    async with transaction(library.db) as connection:
        await trash.put_many(connection, ids)
    await lie_in_the_trash(library, DAYS + 1)
    library.sandbox.script("cloudinary.destroy", "ok", "500", "500", "500")
    library.sandbox.script("cloudinary.ping", "500")
    with pytest.raises(StoreDown):
        await purge(library.db, library.store, DAYS)
    assert await library.count("images") == 5
    assert await purge(library.db, library.store, DAYS) == 5, "none of them is held to be sick"


async def test_more_than_one_round_of_pictures_is_purged(library: Room) -> None:
    ids = [(await shelves.add(library.db)).id for _ in range(130)]
    async with transaction(library.db) as connection:
        await trash.put_many(connection, ids)
    await lie_in_the_trash(library, DAYS + 1)
    assert await purge(library.db, library.store, DAYS) == 130


async def test_the_running_service_purges_by_itself(database: str, sandbox: SandboxServer, uploads: Room) -> None:
    await uploads.upload(pictures.png())
    await uploads.db.execute("update images set deleted_at = now() - interval '1 hour'")
    async with library_room(database, sandbox, purge_after=0) as room, asyncio.timeout(20):
        while await room.count("images"):
            await asyncio.sleep(0.01)
    assert await uploads.stored() == set()


async def derive(room: Room, image_id: str, preset: str = "instagram_4x5", mode: str = "crop") -> httpx2.Response:
    return await room.client.post(f"{IMAGES}/{image_id}/derivatives", json={"preset": preset, "mode": mode})


@pytest.mark.parametrize("preset", ["instagram_4x5", "instagram_1x1", "instagram_191x100"])
@pytest.mark.parametrize("mode", ["crop", "pad"])
async def test_a_copy_is_a_picture_of_its_own(uploads: Room, library: Room, preset: str, mode: str) -> None:
    parent = (await uploads.upload(pictures.camera_jpeg(6, 1000, 500), "Ferien.jpg", alt_text="A beach")).json()
    answer = await derive(library, parent["id"], preset, mode)
    copy = answer.json()
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"http://room{IMAGES}/{copy['id']}"
    assert (copy["parent_id"], copy["alt_text"], copy["source"]) == (parent["id"], "A beach", "uploaded")
    assert copy["filename"] == f"Ferien-{preset}.jpg"
    assert copy["instagram"]["publishable_as_is"] is True
    data = fetch(copy["url"]).content
    assert len(data) == copy["bytes"]
    assert pictures.opened(data).size == (copy["width"], copy["height"])
    again = await derive(library, parent["id"], preset, mode)
    assert (again.status_code, again.headers["x-deduplicated"], again.json()["id"]) == (200, "true", copy["id"])
    assert await library.db.fetchval("select count(*) from uploads where image_id is null") == 0


async def test_a_copy_of_a_painted_picture_is_made_once(library: Room) -> None:
    parent = await shelves.painted(library.db, "a fox")
    stored = await library.store.put(storage_key(1, new_id()), pictures.png())
    await library.db.execute("update images set url = $1", stored.url)
    first, again = await derive(library, str(parent.id)), await derive(library, str(parent.id))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["source"] == "ai_generated"
    assert first.json()["generation"] is None


async def test_a_copy_outlives_its_parent(uploads: Room, library: Room) -> None:
    parent = (await uploads.upload(pictures.jpeg())).json()
    copy = (await derive(library, parent["id"])).json()
    await library.client.delete(f"{IMAGES}/{parent['id']}")
    await lie_in_the_trash(library, DAYS + 1)
    assert await purge(library.db, library.store, DAYS) == 1
    assert fetch(copy["url"]).status_code == 200
    assert (await library.client.get(f"{IMAGES}/{copy['id']}")).json()["parent_id"] == parent["id"]


async def test_the_copies_of_a_picture_are_listed(library: Room) -> None:
    parent, other = await shelves.add(library.db), await shelves.add(library.db)
    copies = [str((await shelves.add(library.db, parent_id=parent.id)).id) for _ in range(3)]
    await shelves.add(library.db, parent_id=other.id)

    async def named(image_id: object) -> list[str]:
        items = (await library.client.get(f"{IMAGES}/{image_id}/derivatives")).json()["items"]
        assert {item["parent_id"] for item in items} <= {str(image_id)}
        return [item["id"] for item in items]

    assert await named(parent.id) == copies[::-1]
    assert await named(copies[0]) == []
    for gone in (copies[1], parent.id):
        await library.client.delete(f"{IMAGES}/{gone}")
    assert await named(parent.id) == [copies[2], copies[0]], "also of one in the trash"
    for _ in range(100):
        await shelves.add(library.db, parent_id=other.id)
    assert len(await named(other.id)) == 100


async def test_of_what_is_in_the_trash_no_copy_is_made(library: Room) -> None:
    image = await shelves.add(library.db)
    await library.client.delete(f"{IMAGES}/{image.id}")
    problem(await derive(library, str(image.id)), 409, "conflict")


NOT_OFFERED: list[Any] = [
    {},
    {"preset": "tiktok"},
    {"preset": "instagram_1x1", "mode": "stretch"},
    {"preset": 5},
    {"preset": "instagram_1x1", "x": 1},
]


async def test_a_copy_that_is_not_offered_is_refused(library: Room) -> None:
    for body in NOT_OFFERED:
        image = await shelves.add(library.db)
        answer = await library.client.post(f"{IMAGES}/{image.id}/derivatives", json=body)
        problem(answer, 422, "invalid_request")


@pytest.mark.parametrize(
    ("target", "fault"),
    [("cloudinary.delivery", "500"), ("cloudinary.delivery", "drop_before"), ("cloudinary.delivery", "broken_bytes"),
     ("cloudinary.upload", "500"), ("cloudinary.upload", "drop_after")],
)  # fmt: skip
async def test_a_copy_that_fails_leaves_nothing(uploads: Room, library: Room, target: str, fault: str) -> None:
    parent = (await uploads.upload(pictures.jpeg())).json()
    library.sandbox.script(target, fault)
    problem(await derive(library, parent["id"]), 503, "storage_unavailable")
    assert await library.count("images") == 1
    begun: list[UUID] = [row["id"] for row in await library.db.fetch("select id from uploads where image_id is null")]
    orphans = await uploads.stored() - {f"darkroom/1/{parent['id']}"}
    assert orphans <= {storage_key(1, upload_id) for upload_id in begun}, "the sweep knows of all that is left"
