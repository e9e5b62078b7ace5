"""The same picture, or the same request, more than once: one picture, however they meet."""

import asyncio
from typing import Any

import httpx2
import pytest

from shared.db import trash
from tests import pictures
from tests.service.rooms import IMAGES, Room
from tests.service.test_upload import problem

KEY = "Idempotency-Key"


async def send(room: Room, data: bytes, key: str, business: int = 1, **more: Any) -> httpx2.Response:
    return await room.upload(data, "x.png", business, headers={KEY: key}, **more)


async def test_the_same_bytes_again_are_the_same_picture(uploads: Room) -> None:
    data = pictures.png()
    first, again = await uploads.upload(data, "first.png"), await uploads.upload(data, "first.png")
    assert (again.status_code, again.headers["x-deduplicated"]) == (200, "true")
    assert again.json() == first.json()
    assert len(await uploads.stored()) == 1


SECOND: list[tuple[str, dict[str, Any], list[str] | None]] = [
    ("first.png", {}, None),
    ("second.png", {}, ["filename"]),
    ("first.png", {"alt_text": "A fox"}, None),
    (" first\u200e.png", {"alt_text": " A fox "}, None),
    ("", {"alt_text": "A wolf"}, ["alt_text"]),
    ("first.png", {"filename": "second.png", "alt_text": "A wolf"}, ["filename", "alt_text"]),
]


@pytest.mark.parametrize("key", [None, "k"])
async def test_the_same_bytes_with_other_words_are_told_which_were_not_taken(uploads: Room, key: str | None) -> None:
    data = pictures.png()
    first = (await uploads.upload(data, "first.png", alt_text="A fox")).json()
    for number, (name, words, not_taken) in enumerate(SECOND):
        headers = {KEY: f"{key}{number}"} if key else None
        for _ in range(2):
            again = (await uploads.upload(data, name, headers=headers, **words)).json()
            assert again.pop("not_taken", None) == not_taken
            assert again == first, "it keeps its own"
    bare = pictures.png(seed=2)
    await uploads.upload(bare, "bare.png")
    again = (await uploads.upload(bare, "bare.png", alt_text="A fox")).json()
    assert (again["alt_text"], again["not_taken"]) == (None, ["alt_text"])


async def test_a_replayed_upload_is_told_nothing_of_what_was_changed_since(uploads: Room, library: Room) -> None:
    data = pictures.png()
    first = (await send(uploads, data, "k")).json()
    await library.client.patch(f"{IMAGES}/{first['id']}", json={"filename": "y.png"})
    again = (await send(uploads, data, "k")).json()
    assert (again["filename"], "not_taken" in again) == ("y.png", False)


async def test_another_business_gets_a_picture_of_its_own(uploads: Room) -> None:
    data = pictures.png()
    one, two = await uploads.upload(data, business=1), await uploads.upload(data, business=2)
    assert (one.status_code, two.status_code) == (201, 201)
    assert len(await uploads.stored()) == 2


async def test_what_is_in_the_trash_does_not_count(uploads: Room, library: Room) -> None:
    data = pictures.png()
    first = (await uploads.upload(data)).json()
    await library.client.delete(f"{IMAGES}/{first['id']}")
    again = await uploads.upload(data)
    assert (again.status_code, again.json()["id"] == first["id"]) == (201, False)


async def test_the_same_bytes_at_the_same_moment_are_one_picture(uploads: Room) -> None:
    data = pictures.png()
    uploads.sandbox.script("cloudinary.upload", always={"do": "slow", "seconds": 0.3})
    answers = await asyncio.gather(*(uploads.upload(data, f"{n}.png") for n in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [201]
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(uploads.sandbox.ledger("cloudinary.upload")) == 6, "they really met"
    assert await uploads.count("images") == 1
    assert await uploads.stored() == {f"darkroom/1/{answers[0].json()['id']}"}
    assert await uploads.db.fetchval("select count(*) from uploads where image_id is null") == 0


async def test_the_same_key_gets_the_first_answer(uploads: Room) -> None:
    data = pictures.png()
    first, again = await send(uploads, data, "k"), await send(uploads, data, "k")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert again.json() == first.json()
    assert again.headers["location"] == first.headers["location"]


async def test_the_same_key_for_something_else_is_refused(uploads: Room) -> None:
    assert (await send(uploads, pictures.png(), "k")).status_code == 201
    for other in (
        await send(uploads, pictures.png(seed=2), "k"),
        await send(uploads, pictures.png(), "k", alt_text="else"),
    ):
        problem(other, 422, "idempotency_key_reused")
    assert (await send(uploads, pictures.png(), "k", business=2)).status_code == 201, "another business, another scope"
    assert await uploads.count("images") == 2


async def test_the_same_key_at_the_same_moment_is_one_picture(uploads: Room) -> None:
    uploads.sandbox.script("cloudinary.upload", always={"do": "slow", "seconds": 0.2})
    answers = await asyncio.gather(*(send(uploads, pictures.png(), "k") for _ in range(5)))
    assert {answer.status_code for answer in answers} <= {200, 201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert await uploads.stored() == {f"darkroom/1/{answers[0].json()['id']}"}


async def test_a_key_remembers_that_the_bytes_were_there_already(uploads: Room) -> None:
    data = pictures.png()
    first = await uploads.upload(data)
    for replayed in (None, "true"):
        answer = await send(uploads, data, "k")
        assert (answer.status_code, answer.headers["x-deduplicated"]) == (200, "true")
        assert answer.headers.get("idempotency-replayed") == replayed
        assert answer.json()["id"] == first.json()["id"]


async def test_a_refused_picture_does_not_use_up_the_key(uploads: Room) -> None:
    problem(await send(uploads, pictures.gif(), "k"), 415, "unsupported_media_type")
    assert (await send(uploads, pictures.png(), "k")).status_code == 201


async def test_a_key_can_be_tried_again_after_the_store_was_down(uploads: Room) -> None:
    uploads.sandbox.script("cloudinary.upload", "500")
    problem(await send(uploads, pictures.png(), "k"), 503, "storage_unavailable")
    answer = await send(uploads, pictures.png(), "k")
    assert answer.status_code == 201
    assert await uploads.stored() == {f"darkroom/1/{answer.json()['id']}"}


async def test_a_key_whose_picture_was_destroyed_says_so(uploads: Room) -> None:
    first = (await send(uploads, pictures.png(), "k")).json()
    await uploads.db.execute("update images set deleted_at = now()")
    await trash.destroyed(uploads.db, first["id"])
    problem(await send(uploads, pictures.png(), "k"), 409, "conflict")


@pytest.mark.parametrize("key", ["", "x" * 201])
async def test_a_key_has_a_length(uploads: Room, key: str) -> None:
    body = problem(await send(uploads, pictures.png(), key), 422, "invalid_request")
    assert body["errors"][0]["pointer"].lower() == "header/idempotency-key"
