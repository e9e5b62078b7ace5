"""Destroyed for good: now, with `purge`, and by rounds that a sick object neither stops nor slows."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import pytest

from library_service.purge import purge
from shared.db import trash
from shared.db.pool import transaction
from shared.domain.ids import new_id
from shared.storage.store_failures import NOT_DESTROYED
from tests import pictures
from tests.sandbox_server import SandboxServer
from tests.service import shelves
from tests.service.rooms import IMAGES, Room, fetch, library_room, until
from tests.service.test_library_trash import DAYS, lie_in_the_trash
from tests.service.test_upload import problem
from tests.stack import Process


@pytest.fixture
async def library(database: str, sandbox: SandboxServer) -> AsyncIterator[Room]:
    """The library service, to whose own rounds nothing that a test puts into the trash is old."""
    async with library_room(database, sandbox, purge_after=3650) as room:
        yield room


async def purge_now(room: Room, image_id: object, **query: Any) -> httpx2.Response:
    return await room.client.delete(f"{IMAGES}/{image_id}", params={"purge": True, **query})


async def due(room: Room, count: int) -> Sequence[UUID]:
    """So many pictures whose time in the trash is over, in the order in which they are destroyed."""
    ids = [(await shelves.add(room.db)).id for _ in range(count)]
    async with transaction(room.db) as connection:
        await trash.put_many(connection, ids)
    await lie_in_the_trash(room, DAYS + 1)
    return sorted(ids)


async def wait_is_over(room: Room) -> None:
    await room.db.execute("update images set purge_at = now() where purge_at is not null")


# Now


async def test_a_purged_picture_is_gone_everywhere_before_the_answer(uploads: Room, library: Room) -> None:
    before = (await uploads.upload(pictures.png())).json()
    addresses = (before["url"], before["thumbnail_url"])
    assert [fetch(address).status_code for address in addresses] == [200, 200], "caches have them now"
    answer = await purge_now(library, before["id"])
    assert answer.status_code == 200
    gone = answer.json()
    assert gone["deleted_at"]
    assert gone["purge_after"] == gone["deleted_at"]
    assert [fetch(address).status_code for address in addresses] == [404, 404]
    assert (await library.count("images"), await uploads.stored()) == (0, set())
    for again in (purge_now(library, before["id"]), library.client.post(f"{IMAGES}/{before['id']}/restore")):
        problem(await again, 404, "not_found")
    assert (await uploads.upload(pictures.png())).status_code == 201, "the same bytes are a new picture"


async def test_what_lies_in_the_trash_is_purged_too(uploads: Room, library: Room) -> None:
    before = (await uploads.upload(pictures.png())).json()
    await library.client.delete(f"{IMAGES}/{before['id']}")
    assert (await purge_now(library, before["id"])).status_code == 200
    assert await uploads.stored() == set()


@pytest.mark.parametrize("trashed", [False, True])
async def test_what_a_post_shows_is_purged_only_when_that_is_said(
    uploads: Room, library: Room, *, trashed: bool
) -> None:
    image_id = (await uploads.upload(pictures.png())).json()["id"]
    await library.client.put(f"{IMAGES}/{image_id}/posts/p1")
    if trashed:
        await library.client.delete(f"{IMAGES}/{image_id}", params={"even_if_used": True})
    refused = problem(await purge_now(library, image_id), 409, "image_in_use")
    assert (refused["posts"], refused["used_in"]) == (["p1"], 1)
    assert len(await uploads.stored()) == 1
    assert (await purge_now(library, image_id, even_if_used=True)).status_code == 200
    assert (await uploads.stored(), await library.count("attachments")) == (set(), 0)


async def test_anothers_picture_is_not_purged(library: Room) -> None:
    image = await shelves.add(library.db, business=2)
    problem(await purge_now(library, image.id, business_id=1), 404, "not_found")
    problem(await purge_now(library, new_id()), 404, "not_found")
    problem(await purge_now(library, "x"), 404, "not_found")
    problem(await library.client.delete(f"{IMAGES}/{image.id}", params={"purge": "yes"}), 422, "invalid_request")
    assert await library.count("images") == 1


@pytest.mark.parametrize("fault", ["500", "drop_after", "429", "auth"])
async def test_what_the_store_did_not_confirm_is_out_of_reach_and_destroyed_by_the_next_round(
    uploads: Room, library: Room, fault: str
) -> None:
    image_id = (await uploads.upload(pictures.png())).json()["id"]
    library.sandbox.script("cloudinary.destroy", fault)
    answer = await purge_now(library, image_id)
    assert (answer.status_code, answer.json()["id"]) == (202, image_id)
    problem(await library.client.post(f"{IMAGES}/{image_id}/restore"), 404, "not_found")
    problem(await library.client.put(f"{IMAGES}/{image_id}/posts/p"), 409, "image_deleted")
    await purge(library.db, library.store, DAYS)
    assert (await library.count("images"), await uploads.stored()) == (0, set())


async def test_a_purge_that_is_repeated_while_the_store_is_away_ends_in_404(uploads: Room, library: Room) -> None:
    image_id = (await uploads.upload(pictures.png())).json()["id"]
    library.sandbox.script("cloudinary.destroy", "500", "500")
    assert [(await purge_now(library, image_id)).status_code for _ in range(4)] == [202, 202, 200, 404]


async def test_a_service_killed_between_the_store_and_the_row_leaves_no_half_purge(
    database: str, sandbox: SandboxServer, uploads: Room, tmp_path: Path
) -> None:
    image_id = (await uploads.upload(pictures.png())).json()["id"]
    environment = {"DATABASE_URL": database, "REDIS_URL": "redis://unused", "DARKROOM_SANDBOX_URL": sandbox.url}

    async def destroyed() -> bool:
        return not await uploads.stored()

    sandbox.script("cloudinary.destroy", {"do": "hang", "worked": True})
    with Process("library_service", environment, logs=tmp_path) as service:
        async with httpx2.AsyncClient(base_url=service.url) as client:
            asking = asyncio.create_task(client.delete(f"{IMAGES}/{image_id}", params={"purge": True}))
            await until(destroyed)
            service.kill9()
            with pytest.raises(httpx2.TransportError):
                await asking
    assert await uploads.count("images") == 1
    async with library_room(database, sandbox) as room:  # Its first round is at once.
        await until(lambda: _empty(room))


async def _empty(room: Room) -> bool:
    return await room.count("images") == 0


async def test_who_destroys_many_keeps_the_store_from_nobody(uploads: Room, library: Room) -> None:
    theirs = (await uploads.upload(pictures.jpeg(1200, 900), business=2)).json()["id"]
    ids = [(await shelves.add(library.db)).id for _ in range(20)]
    library.sandbox.script("cloudinary.destroy", *[{"do": "slow", "seconds": 2.0}] * 20)
    purges = [asyncio.create_task(purge_now(library, each, business_id=1)) for each in ids]
    await until(lambda: _one_begun(library))
    copy = await library.client.post(
        f"{IMAGES}/{theirs}/derivatives", params={"business_id": 2}, json={"preset": "instagram_4x5", "mode": "crop"}
    )
    assert copy.status_code == 201
    assert sum(each.done() for each in purges) < 8, "before, all the store's threads were theirs until the last"
    for each in purges:
        each.cancel()
    await asyncio.gather(*purges, return_exceptions=True)


async def _one_begun(room: Room) -> bool:
    return await room.count("images where purge_at is not null") > 0


async def test_many_at_once_purge_one_picture_once(uploads: Room, library: Room) -> None:
    image_id = (await uploads.upload(pictures.png())).json()["id"]
    answers = await asyncio.gather(*(purge_now(library, image_id) for _ in range(8)))
    assert {answer.status_code for answer in answers} <= {200, 404}
    assert (await library.count("images"), await uploads.stored()) == (0, set())


# By rounds


async def test_one_that_the_store_does_not_destroy_is_left_alone_longer_each_time(library: Room) -> None:
    sick = (await due(library, 4))[1]
    library.sandbox.script("cloudinary.destroy", always={"do": "500"}, match=str(sick))
    assert await purge(library.db, library.store, DAYS) == 3
    pauses = []
    for _ in range(12):
        assert await purge(library.db, library.store, DAYS) == 0, "it is not asked for before its time"
        pauses.append(
            await library.db.fetchval(
                "select extract(epoch from purge_at - now())::int from images where id = $1", sick
            )
        )
        await wait_is_over(library)
        await purge(library.db, library.store, DAYS)
    assert pauses[:3] == pytest.approx([300, 600, 1200], abs=30)
    assert pauses[-1] == pytest.approx(86_400, abs=30)
    assert len([call for call in library.sandbox.ledger("cloudinary.destroy") if str(sick) in call["public_id"]]) == 13
    assert NOT_DESTROYED.labels("picture")._value.get() == 1
    library.sandbox.unscript("cloudinary.destroy")
    await wait_is_over(library)
    assert await purge(library.db, library.store, DAYS) == 1
    assert NOT_DESTROYED.labels("picture")._value.get() == 0


@pytest.mark.parametrize("fault", ["500", "drop_before", "not_json"])
async def test_many_sick_ones_in_a_row_do_not_end_the_round(library: Room, fault: str) -> None:
    ids = await due(library, 9)
    library.sandbox.script("cloudinary.destroy", *["ok"] * 2, *[fault] * 5, *["ok"] * 2)
    assert await purge(library.db, library.store, DAYS) == 4
    left = {row["id"] for row in await library.db.fetch("select id from images")}
    assert left == set(ids[2:7])
    assert NOT_DESTROYED.labels("picture")._value.get() == 5
