"""The library's routes: one picture, its thumbnail, its words; and what a wrong request gets."""

import asyncio
import json
from typing import Any

import pytest

from shared.db import images
from tests import pictures
from tests.sandbox_server import SandboxServer
from tests.service import shelves
from tests.service.rooms import IMAGES, Room, fetch, library_room, until
from tests.service.test_upload import problem

UNKNOWN = "01a20430-72f2-772e-830a-936de1305a46"
BY_ID = [
    "GET", "DELETE", "PATCH", "POST restore", "GET thumbnail", "GET derivatives", "POST derivatives",
    "GET posts", "PUT posts/one", "DELETE posts/one",
]  # fmt: skip
BODIES = {"PATCH": {"alt_text": "x"}, "POST derivatives": {"preset": "instagram_1x1"}, "PUT posts/one": {}}


async def test_a_picture_of_a_job_says_how_it_was_made(library: Room) -> None:
    image = await shelves.painted(library.db, "a red fox")
    found = (await library.client.get(f"{IMAGES}/{image.id}")).json()
    assert found["source"] == "ai_generated"
    assert found["generation"] == {
        "job_id": str(image.job_id), "prompt": "a red fox", "model": "gpt-image-2.5-flare", "size": "1024x1024",
        "quality": "standard", "cost_usd": "0.0527",
    }  # fmt: skip
    uploaded = await shelves.add(library.db)
    assert (await library.client.get(f"{IMAGES}/{uploaded.id}")).json()["generation"] is None


@pytest.mark.parametrize("method", BY_ID)
async def test_what_is_not_there_is_404(library: Room, method: str) -> None:
    verb, _, rest = method.partition(" ")
    body = BODIES.get(method)
    for image_id in (UNKNOWN, "not-an-id", "%00", "1", "%F0%9F%98%80", "x" * 300):
        answer = await library.client.request(verb, f"{IMAGES}/{image_id}" + (f"/{rest}" if rest else ""), json=body)
        problem(answer, 404, "not_found")


@pytest.mark.parametrize("method", BY_ID)
async def test_somebody_elses_picture_is_404(library: Room, method: str) -> None:
    image = await shelves.add(library.db, business=1)
    verb, _, rest = method.partition(" ")
    body = BODIES.get(method)
    path = f"{IMAGES}/{image.id}" + (f"/{rest}" if rest else "")
    problem(await library.client.request(verb, path, params={"business_id": 2}, json=body), 404, "not_found")
    own = (await library.client.get(f"{IMAGES}/{image.id}", params={"business_id": 1})).json()
    assert (own["alt_text"], own["deleted_at"], own["used_in"]) == (None, None, 0)


async def test_a_thumbnail_is_exactly_what_it_says(uploads: Room, library: Room) -> None:
    for data in (pictures.camera_jpeg(6, 900, 600), pictures.png(200, 90, mode="RGBA"), pictures.jpeg(1500, 700)):
        image = (await uploads.upload(data)).json()
        queries: list[dict[str, Any]] = [
            {},
            {"fit": "contain"},
            {"width": 1080, "height": 160},
            {"width": 640, "fit": "contain"},
        ]
        for query in queries:
            made = (await library.client.get(f"{IMAGES}/{image['id']}/thumbnail", params=query)).json()
            fetched = fetch(made["url"])
            assert pictures.opened(fetched.content).size == (made["width"], made["height"])
            assert made["width"] <= image["width"]
            assert made["height"] <= image["height"]
        assert fetch(image["thumbnail_url"]).status_code == 200


async def test_a_thumbnail_can_be_gone_to(library: Room) -> None:
    image = await shelves.add(library.db)
    path = f"{IMAGES}/{image.id}/thumbnail"
    answer = await library.client.get(path, params={"redirect": "true"})
    assert answer.status_code == 302
    assert answer.headers["location"] == (await library.client.get(path)).json()["url"]


OTHER_SIZES: list[str] = [
    "width=100",
    "height=0",
    "width=x",
    "fit=stretch",
    "redirect=perhaps",
    "size=320",
    "width=320.5",
]


async def test_only_the_listed_sizes_are_made(library: Room) -> None:
    for query in OTHER_SIZES:
        image = await shelves.add(library.db)
        problem(await library.client.get(f"{IMAGES}/{image.id}/thumbnail?{query}"), 422, "invalid_request")


async def test_words_are_changed_and_found(library: Room) -> None:
    image = await shelves.painted(library.db, "a lighthouse")
    path = f"{IMAGES}/{image.id}"
    changed = (await library.client.patch(path, json={"filename": " Leuchtturm.png ", "alt_text": "At dusk"})).json()
    assert (changed["filename"], changed["alt_text"]) == ("Leuchtturm.png", "At dusk")
    for said, kept in ((None, None), ("", ""), ("  ", None), (" A cat ", "A cat"), ("", ""), (None, None)):
        assert (await library.client.patch(path, json={"alt_text": said})).json()["alt_text"] == kept, said
    assert (await library.client.patch(path, json={})).json()["filename"] == "Leuchtturm.png"
    for word, count in (("leuchtturm", 1), ("LIGHTHOUSE", 1), ("dusk", 0), ("painted", 0)):
        page = await library.client.get(IMAGES, params={"business_id": 1, "search": word})
        assert page.json()["total"] == count, word


WRONG_WORDS: list[Any] = [
    {"filename": ""}, {"filename": "  "}, {"filename": None}, {"filename": "x" * 256}, {"filename": "a\0b"},
    {"alt_text": "x" * 1001}, {"alt_text": 5}, {"width": 1}, [], "x", {"filename": "\ud800"}, {"\ud800": 1},
]  # fmt: skip


async def test_wrong_words_are_refused(library: Room) -> None:
    for body in WRONG_WORDS:
        image = await shelves.add(library.db)
        answer = await library.client.patch(
            f"{IMAGES}/{image.id}", content=json.dumps(body), headers={"Content-Type": "application/json"}
        )
        assert answer.status_code in (400, 422), answer.text
        assert answer.headers["content-type"] == "application/problem+json"


async def test_a_version_that_was_named_is_the_one_that_is_changed(library: Room) -> None:
    image = await shelves.add(library.db)
    path = f"{IMAGES}/{image.id}"
    first = (await library.client.get(path)).headers["etag"]
    answer = await library.client.patch(path, json={"alt_text": "one"}, headers={"If-Match": f'"other", {first}'})
    second = answer.headers["etag"]
    assert (answer.status_code, second == first) == (200, False)
    late = await library.client.patch(path, json={"alt_text": "two"}, headers={"If-Match": first})
    problem(late, 412, "precondition_failed")
    for tag in ("*", second):
        fine = await library.client.patch(path, json={"alt_text": "one"}, headers={"If-Match": tag})
        assert (fine.status_code, fine.headers["etag"]) == (200, second)


CHANGES = [
    "DELETE", "DELETE ?purge=true", "DELETE ?even_if_used=true", "POST /restore", "PUT /posts/one", "DELETE /posts/one",
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("tag", ['"another"', "", "W/", '"a", "b"'])
async def test_a_version_that_is_not_there_any_more_is_not_changed(library: Room, change: str, tag: str) -> None:
    method, _, rest = change.partition(" ")
    image = await shelves.add(library.db)
    path = f"{IMAGES}/{image.id}"
    if "restore" in rest:
        await library.client.delete(path)
    before = await library.client.get(path)
    late = await library.client.request(method, path + rest, headers={"If-Match": tag})
    problem(late, 412, "precondition_failed")
    after = await library.client.get(path)
    assert (after.json(), after.headers["etag"]) == (before.json(), before.headers["etag"])


@pytest.mark.parametrize("change", CHANGES)
async def test_the_version_that_is_there_is_changed(uploads: Room, library: Room, change: str) -> None:
    method, _, rest = change.partition(" ")
    image = (await uploads.upload(pictures.jpeg())).json()
    path = f"{IMAGES}/{image['id']}"
    if "restore" in rest:
        await library.client.delete(path)
    tag = (await library.client.get(path)).headers["etag"]
    done = await library.client.request(method, path + rest, headers={"If-Match": tag})
    assert done.status_code == 200, done.text


@pytest.mark.parametrize("form", ["gif", "", "avif"])
async def test_a_row_of_another_version_is_shown(library: Room, form: str) -> None:
    image = await shelves.add(library.db, format=form)
    for path in (f"{IMAGES}/{image.id}", f"{IMAGES}?business_id=1"):
        assert (await library.client.get(path)).status_code == 200
    found = (await library.client.get(f"{IMAGES}/{image.id}")).json()
    assert (found["format"], found["instagram"]["publishable_as_is"]) == (form, False)
    assert (await library.client.delete(f"{IMAGES}/{image.id}")).status_code == 200


async def test_of_two_changes_with_the_same_version_one_wins(library: Room) -> None:
    image = await shelves.add(library.db)
    path = f"{IMAGES}/{image.id}"
    tag = {"If-Match": (await library.client.get(path)).headers["etag"]}
    async with library.db.acquire() as other, other.transaction():
        await images.lock(other, image.id)  # until as many are there as may be
        patches = [library.client.patch(path, json={"alt_text": f"{n}"}, headers=tag) for n in range(6)]  # two at once
        changing = asyncio.gather(*patches)
        waiting = """select count(*) = 2 from pg_stat_activity
            where wait_event_type = 'Lock' and datname = current_database()"""
        await until(lambda: library.db.fetchval(waiting))
    answers = await changing
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 5


async def test_a_picture_that_did_not_change_is_not_sent_again(library: Room) -> None:
    image = await shelves.add(library.db)
    path = f"{IMAGES}/{image.id}"
    tag = (await library.client.get(path)).headers["etag"]
    for said in (tag, f"W/{tag}", f'"other", W/{tag}', "*"):
        assert (await library.client.get(path, headers={"If-None-Match": said})).status_code == 304
    again = await library.client.get(path, headers={"If-None-Match": tag})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)


async def test_the_document_knows_every_route(library: Room) -> None:
    paths = (await library.client.get("/openapi.json")).json()["paths"]
    one = IMAGES + "/{image_id}"
    assert set(paths) == {
        IMAGES,
        f"{IMAGES}/bulk-delete",
        f"{IMAGES}/bulk-restore",
        one,
        *(f"{one}/{x}" for x in ("restore", "thumbnail", "derivatives", "posts", "posts/{post_id}")),
    }
    assert set(paths[one]) == {"get", "patch", "delete"}


async def test_a_body_that_is_too_large_is_refused(library: Room) -> None:
    problem(await library.client.post(f"{IMAGES}/bulk-delete", content=b" " * 70_000), 413, "body_too_large")


async def test_without_postgres_it_says_so(sandbox: SandboxServer) -> None:
    async with library_room("postgresql://nobody@127.0.0.1:1/none", sandbox) as room:
        problem(await room.client.get(IMAGES, params={"business_id": 1}), 503, "unavailable")
        problem(await room.client.patch(f"{IMAGES}/{UNKNOWN}", json={}), 503, "unavailable")
