"""Which post shows which picture: said by the host, minded by delete and purge, safe when all come at once."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx2

from library_service.purge import purge
from shared.db import attachments, trash
from shared.db.pool import Connection, transaction
from shared.domain.ids import new_id
from tests import pictures
from tests.service import shelves
from tests.service.rooms import IMAGES, Room, until
from tests.service.test_library_trash import DAYS, lie_in_the_trash, listed
from tests.service.test_upload import problem


def post(image_id: object, post_id: str) -> str:
    return f"{IMAGES}/{image_id}/posts/{quote(post_id, safe='')}"


async def attach(room: Room, image_id: object, post_id: str = "one", **said: Any) -> httpx2.Response:
    return await room.client.put(post(image_id, post_id), json=said)


async def posts(room: Room, image_id: object) -> list[tuple[str, str | None]]:
    found = (await room.client.get(f"{IMAGES}/{image_id}/posts")).json()
    assert found["total"] == len(found["items"])
    return [(item["post_id"], item["platform"]) for item in found["items"]]


async def test_a_picture_knows_the_posts_that_show_it(uploads: Room, library: Room) -> None:
    data = pictures.jpeg()
    before = (await uploads.upload(data)).json()
    assert (before["used_in"], await posts(library, before["id"])) == (0, [])
    first = await attach(library, before["id"], "one", platform="instagram")
    assert (first.status_code, first.json()) == (200, before | {"used_in": 1})
    assert (await attach(library, before["id"], "two")).json()["used_in"] == 2
    assert await posts(library, before["id"]) == [("two", None), ("one", "instagram")]
    for platform in ("facebook", "facebook", None):
        assert (await attach(library, before["id"], "one", platform=platform)).json()["used_in"] == 2
        assert await posts(library, before["id"]) == [("two", None), ("one", platform)]
    page = (await library.client.get(IMAGES, params={"business_id": 1})).json()
    assert page["items"] == [(await library.client.get(f"{IMAGES}/{before['id']}")).json()]
    assert (await uploads.upload(data)).json() == page["items"][0] == before | {"used_in": 2}
    for _ in range(2):
        assert (await library.client.delete(post(before["id"], "one"))).json() == before | {"used_in": 1}
    assert await posts(library, before["id"]) == [("two", None)]


async def test_a_body_is_not_needed(library: Room) -> None:
    image = await shelves.add(library.db)
    assert (await library.client.put(post(image.id, "one"))).json()["used_in"] == 1
    assert await posts(library, image.id) == [("one", None)]


async def test_at_most_a_hundred_posts_are_named_and_all_are_counted(library: Room) -> None:
    image = await shelves.add(library.db)
    for n in range(103):
        await attach(library, image.id, f"{n}")
    found = (await library.client.get(f"{IMAGES}/{image.id}/posts")).json()
    assert [item["post_id"] for item in found["items"]] == [f"{n}" for n in range(102, 2, -1)]
    assert found["total"] == 103
    assert (await library.client.get(f"{IMAGES}/{image.id}")).json()["used_in"] == 103


async def test_a_post_is_named_in_the_hosts_own_words(library: Room) -> None:
    image = await shelves.add(library.db)
    names = [
        "1",
        "urn:li:share:7",
        "2026/11/fox",
        "a b",
        "?x=1#y",
        "%41",
        "...",
        "写真館",
        "\N{FALLEN LEAF}" * 200,
        "restore",
    ]
    for name in names:
        assert (await attach(library, image.id, name)).status_code == 200, name
    assert [name for name, _ in await posts(library, image.id)] == names[::-1]
    for left, name in reversed(list(enumerate(names))):
        assert (await library.client.delete(post(image.id, name))).json()["used_in"] == left


async def test_a_post_with_a_strange_name_is_refused(library: Room) -> None:
    image = await shelves.add(library.db)
    for name in ("x" * 201, "a\rb", "a\0b", "\t", "\x7f", "\u202e"):
        for method in ("PUT", "DELETE"):
            body = problem(await library.client.request(method, post(image.id, name)), 422, "invalid_request")
            assert body["errors"][0]["pointer"] == "path/post_id", name
    for raw in ("%ff", "%2e", "%2e.", "%2e%2e", "."):
        assert (await library.client.put(f"{IMAGES}/{image.id}/posts/{raw}")).status_code in (404, 405, 422), raw
    assert await posts(library, image.id) == []


WRONG: list[Any] = [{"platform": "tiktok"}, {"platform": 1}, {"post": "x"}, [], "instagram"]


async def test_a_wrong_body_is_refused(library: Room) -> None:
    image = await shelves.add(library.db)
    for body in WRONG:
        problem(await library.client.put(post(image.id, "one"), json=body), 422, "invalid_request")
    assert await posts(library, image.id) == []


async def test_what_the_platform_does_not_take_is_not_attached(library: Room) -> None:
    image = await shelves.add(library.db, width=1200, height=300)
    await attach(library, image.id, "one", platform="facebook")
    body = problem(await attach(library, image.id, "one", platform="instagram"), 422, "not_publishable")
    assert body["errors"][0]["pointer"] == "/platform"
    said = (await library.client.get(f"{IMAGES}/{image.id}")).json()["instagram"]
    assert body["warnings"] == said["warnings"] != []
    assert await posts(library, image.id) == [("one", "facebook")], "nothing was changed"
    assert (await attach(library, image.id, "two")).status_code == 200, "without a platform there is no rule"


async def test_what_is_in_the_trash_is_not_attached(library: Room) -> None:
    image = await shelves.add(library.db)
    await library.client.delete(f"{IMAGES}/{image.id}")
    problem(await attach(library, image.id), 409, "image_deleted")
    await library.client.post(f"{IMAGES}/{image.id}/restore")
    assert (await attach(library, image.id)).status_code == 200


async def test_what_a_post_shows_is_deleted_only_when_that_is_said(library: Room) -> None:
    image = await shelves.add(library.db)
    path = f"{IMAGES}/{image.id}"
    for n in range(12):
        await attach(library, image.id, f"{n}")
    body = problem(await library.client.delete(path, params={"even_if_used": False}), 409, "image_in_use")
    assert (body["used_in"], body["posts"]) == (12, [f"{n}" for n in range(11, 1, -1)])
    assert await listed(library) == [str(image.id)]
    deleted = await library.client.delete(path, params={"even_if_used": True})
    assert deleted.json()["deleted_at"]
    assert deleted.json()["purge_after"] is None, "a post shows it"
    assert (await library.client.delete(path)).json() == deleted.json(), "again is safe"
    problem(await attach(library, image.id, "0"), 409, "image_deleted")
    restored = (await library.client.post(f"{path}/restore")).json()
    assert (restored["used_in"], restored["deleted_at"]) == (12, None)
    for n in range(12):
        await library.client.delete(post(image.id, f"{n}"))
    assert (await library.client.delete(path)).json()["purge_after"]


async def test_of_many_those_that_a_post_shows_stay_unless_it_is_said(library: Room) -> None:
    used, free, gone = [await shelves.add(library.db) for _ in range(3)]
    await attach(library, used.id)
    await library.client.delete(f"{IMAGES}/{gone.id}")
    ids = [str(image.id) for image in (used, free, gone)]

    async def delete(**more: Any) -> list[tuple[str, bool]]:
        results = (await library.client.post(f"{IMAGES}/bulk-delete", json={"ids": ids} | more)).json()["results"]
        assert [one["id"] for one in results] == [one["image"]["id"] for one in results] == ids
        return [(one["status"], one["image"]["deleted_at"] is not None) for one in results]

    assert await delete() == [("in_use", False), ("deleted", True), ("deleted", True)]
    assert await listed(library) == ids[:1]
    assert await delete(even_if_used=True) == [("deleted", True)] * 3
    assert await delete() == [("deleted", True)] * 3, "again is safe"


async def test_many_are_brought_back_with_a_result_for_each(uploads: Room, library: Room) -> None:
    old = (await uploads.upload(pictures.png())).json()
    await library.client.delete(f"{IMAGES}/{old['id']}")
    new = (await uploads.upload(pictures.png())).json()
    trashed, late, other = [await shelves.add(library.db, business=business) for business in (1, 1, 2)]
    ids = [old["id"], new["id"], *(str(one) for one in (trashed.id, late.id, other.id, new_id(), trashed.id))]
    await library.client.post(f"{IMAGES}/bulk-delete", json={"ids": ids[2:]})
    await library.db.execute("update images set deleted_at = now() - interval '31 days' where id = $1", late.id)
    asked = {"ids": ids, "business_id": 1}
    results = (await library.client.post(f"{IMAGES}/bulk-restore", json=asked)).json()["results"]
    assert [(one["id"], one["status"]) for one in results] == list(
        zip(
            ids,
            ["conflict", "restored", "restored", "not_found", "not_found", "not_found", "restored"],
            strict=True,
        )
    )
    live = [one["image"] and one["image"]["deleted_at"] is None for one in results]
    assert live == [False, True, True, None, None, None, True]
    assert sorted(await listed(library)) == sorted([new["id"], str(trashed.id)])


async def test_a_wrong_list_to_bring_back_is_refused(library: Room) -> None:
    wrong: list[Any] = [{}, {"ids": []}, {"ids": ["x"]}, {"ids": [str(new_id())] * 101}, [], {"all": True}]
    for body in wrong:
        problem(await library.client.post(f"{IMAGES}/bulk-restore", json=body), 422, "invalid_request")


async def test_what_a_post_shows_is_never_destroyed(uploads: Room, library: Room) -> None:
    shown, plain = [(await uploads.upload(data)).json() for data in (pictures.png(), pictures.jpeg())]
    await attach(library, shown["id"])
    body = {"ids": [shown["id"], plain["id"]], "even_if_used": True}
    await library.client.post(f"{IMAGES}/bulk-delete", json=body)
    await lie_in_the_trash(library, 10 * DAYS)
    assert await purge(library.db, library.store, DAYS) == 1
    assert await uploads.stored() == {f"darkroom/1/{shown['id']}"}
    back = await library.client.post(f"{IMAGES}/{shown['id']}/restore")
    assert back.json() == shown | {"used_in": 1}, "it has all the time to be brought back"
    await library.client.delete(f"{IMAGES}/{shown['id']}?even_if_used=true")
    await lie_in_the_trash(library, 10 * DAYS)
    await library.client.delete(post(shown["id"], "one"))
    problem(await library.client.post(f"{IMAGES}/{shown['id']}/restore"), 404, "not_found")
    assert await purge(library.db, library.store, DAYS) == 1
    assert await library.count("images") == 0


@asynccontextmanager
async def held(
    room: Room, waiting: Awaitable[httpx2.Response]
) -> AsyncIterator[tuple[Connection, list[httpx2.Response]]]:
    """A transaction that ends when the request waits for it; then the request's answer."""
    answers: list[httpx2.Response] = []
    async with transaction(room.db) as connection:
        yield connection, answers
        asking = asyncio.ensure_future(waiting)
        await until(
            lambda: room.db.fetchval(
                "select true from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
            )
        )
    answers.append(await asking)


async def test_a_delete_that_waited_sees_the_post_that_was_attached_meanwhile(library: Room) -> None:
    image = await shelves.add(library.db)
    async with held(library, library.client.delete(f"{IMAGES}/{image.id}")) as (connection, answers):
        await attachments.attach(connection, image.id, "one", None)
    problem(answers[0], 409, "image_in_use")


async def test_a_bulk_delete_that_waited_sees_it_too(library: Room) -> None:
    image = await shelves.add(library.db)
    deleting = library.client.post(f"{IMAGES}/bulk-delete", json={"ids": [str(image.id)]})
    async with held(library, deleting) as (connection, answers):
        await attachments.attach(connection, image.id, "one", None)
    assert answers[0].json()["results"][0]["status"] == "in_use"


async def test_an_attaching_that_waited_sees_that_it_was_deleted(library: Room) -> None:
    image = await shelves.add(library.db)
    async with held(library, attach(library, image.id)) as (connection, answers):
        await trash.put(connection, image.id)
    problem(answers[0], 409, "image_deleted")


async def test_a_restore_that_waited_sees_that_nothing_pins_it_any_more(library: Room) -> None:
    image = await shelves.add(library.db)
    await attach(library, image.id)
    await library.client.delete(f"{IMAGES}/{image.id}?even_if_used=true")
    await lie_in_the_trash(library, 10 * DAYS)
    async with held(library, library.client.post(f"{IMAGES}/{image.id}/restore")) as (connection, answers):
        await attachments.detach(connection, image.id, "one")
    problem(answers[0], 404, "not_found")


async def test_of_an_attaching_and_a_delete_at_once_one_wins(library: Room) -> None:
    ids: list[UUID] = [(await shelves.add(library.db)).id for _ in range(30)]
    attaching = [attach(library, one) for one in ids]
    deleting = [library.client.delete(f"{IMAGES}/{one}") for one in ids]
    answers = await asyncio.gather(*(request for pair in zip(attaching, deleting, strict=True) for request in pair))
    codes = [answer.status_code for answer in answers]
    assert {tuple(sorted(codes[n : n + 2])) for n in range(0, len(codes), 2)} == {(200, 409)}
    both = "select count(*) from images join attachments on image_id = id where deleted_at is not null"
    assert await library.db.fetchval(both) == 0
