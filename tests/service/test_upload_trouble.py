"""Whatever dies or leaves during an upload: no row without a picture, and after the sweep no picture without a row."""

import asyncio
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import pytest
from starlette.types import Message

from shared.db import uploads as intents
from shared.domain.ids import new_id
from shared.storage.store import StoreDown, storage_key
from shared.storage.store_failures import NOT_DESTROYED
from tests import pictures
from tests.sandbox_server import SandboxServer
from tests.service.rooms import IMAGES, Room, until, upload_room
from tests.service.test_upload import ROUTE, multipart, problem
from tests.stack import Process
from upload_service.sweep import sweep


async def age(room: Room, seconds: float) -> None:
    """As if every upload under way had begun earlier."""
    await room.db.execute("update uploads set begun_at = begun_at - make_interval(secs => $1)", seconds)


async def everything_is_gone(room: Room) -> None:
    assert await room.count("images") == await room.count("uploads") == 0
    assert await room.stored() == set()


@pytest.mark.parametrize(
    "fault", ["500", "503", "429", "auth", "quota", "drop_before", "drop_after", "not_json", "hang"]
)
async def test_when_the_store_fails_nothing_is_kept(database: str, sandbox: SandboxServer, fault: str) -> None:
    async with upload_room(database, sandbox, store_timeout=0.7) as room:
        sandbox.script("cloudinary.upload", fault)
        answer = await room.upload(pictures.png())
        body = problem(answer, 503, "storage_unavailable")
        assert body["retryable"] is True
        assert int(answer.headers["retry-after"]) >= 1
        assert await room.count("images") == 0
        await age(room, intents.STALE_AFTER + 1)
        assert await sweep(room.db, room.store) == 1
        await everything_is_gone(room)


async def test_a_picture_that_only_the_store_refuses_is_a_problem_of_the_picture(
    database: str, sandbox: SandboxServer
) -> None:
    async with upload_room(database, sandbox, max_pixels=40_000_000) as room:
        body = problem(await room.upload(pictures.flat_png(6000, 5000)), 422, "invalid_image")
        assert "Megapixels" in body["detail"]
        assert await room.count("images") == 0


async def test_a_service_killed_after_storing_leaves_nothing_behind_the_sweep(
    database: str, sandbox: SandboxServer, uploads: Room, tmp_path: Path
) -> None:
    program = Process(
        "upload_service",
        {"DATABASE_URL": database, "REDIS_URL": "redis://unused", "DARKROOM_SANDBOX_URL": sandbox.url},
        logs=tmp_path,
    )
    with program as service:
        async with (
            httpx2.AsyncClient(base_url=service.url) as client,
            uploads.db.acquire() as other,
            other.transaction(),
        ):
            await other.execute("lock table images in share mode")  # it gets as far as the row, and no further
            sending = asyncio.create_task(client.post(ROUTE, files={"file": ("x.png", pictures.png())}))
            await until(uploads.stored)
            service.kill9()
            with pytest.raises(httpx2.TransportError):
                await sending
    assert len(await uploads.stored()) == 1
    assert await uploads.count("images") == 0
    assert await sweep(uploads.db, uploads.store) == 0, "it might still be under way"
    await age(uploads, intents.STALE_AFTER + 1)
    assert await sweep(uploads.db, uploads.store) == 1
    await everything_is_gone(uploads)


async def test_the_sweep_leaves_alone_what_has_its_row(uploads: Room) -> None:
    image = (await uploads.upload(pictures.png(), headers={"Idempotency-Key": "k"})).json()
    await age(uploads, intents.STALE_AFTER + 1)
    assert await sweep(uploads.db, uploads.store) == 0
    assert await uploads.stored() == {f"darkroom/1/{image['id']}"}
    assert await uploads.count("uploads") == 1, "the key is remembered"
    await age(uploads, intents.KEPT)
    await sweep(uploads.db, uploads.store)
    assert await uploads.count("uploads") == 0


async def test_the_sweep_waits_for_a_store_that_is_down(library: Room) -> None:
    """In the library's room: an upload service sweeps by itself in this very moment."""
    dead = new_id()
    await intents.begin(library.db, dead, 1, "k", "hash")
    await library.store.put(storage_key(1, dead), pictures.png())
    await age(library, intents.STALE_AFTER + 1)
    library.sandbox.script("cloudinary.destroy", "500")
    assert await sweep(library.db, library.store) == 0
    assert await library.count("uploads") == 1
    assert (await intents.begin(library.db, new_id(), 1, "k", "other")).image_id is None, "its key is free again"
    assert await sweep(library.db, library.store) == 0, "it is left alone for a while"
    await library.db.execute("update uploads set sweep_at = now()")
    assert await sweep(library.db, library.store) == 1
    assert await library.stored() == set()
    assert await library.count("uploads") == 1


async def test_the_sweep_passes_over_what_the_store_does_not_destroy(library: Room) -> None:
    """In the library's room: an upload service sweeps by itself in this very moment."""
    dead = [new_id() for _ in range(6)]
    for upload_id in dead:
        await intents.begin(library.db, upload_id, 1, None, None)
    await age(library, intents.STALE_AFTER + 1)
    library.sandbox.script("cloudinary.destroy", "500", "ok", "500")
    assert await sweep(library.db, library.store, at_once=1) == 4
    assert await library.count("uploads") == 2
    assert NOT_DESTROYED.labels("upload")._value.get() == 2
    library.sandbox.script("cloudinary.destroy", "500", "500", "500")
    for _ in dead:
        await intents.begin(library.db, new_id(), 1, None, None)
    await age(library, intents.STALE_AFTER + 1)
    library.sandbox.script("cloudinary.ping", "500")
    with pytest.raises(StoreDown):
        await sweep(library.db, library.store)
    assert await library.count("uploads") == 8, "three in a row and no ping: it is the store that is ill"
    assert await library.db.fetchval("select count(*) from uploads where sweep_failures > 0") == 2


async def test_an_upload_that_took_too_long_does_not_become_a_row(uploads: Room) -> None:
    uploads.sandbox.script("cloudinary.upload", {"do": "slow", "seconds": 0.5})
    sending = asyncio.create_task(uploads.upload(pictures.png()))
    await until(lambda: uploads.count("uploads"))
    await age(uploads, intents.STALE_AFTER + 1)
    problem(await sending, 503, "unavailable")
    assert await uploads.count("images") == 0
    assert await sweep(uploads.db, uploads.store) == 1
    await everything_is_gone(uploads)


async def test_a_retry_with_the_same_key_is_not_swept_from_under_itself(uploads: Room) -> None:
    async with uploads.db.acquire() as one, one.transaction():  # the service's own first round must not see it between
        begun = await intents.begin(one, new_id(), 1, "k", "hash")
        await one.execute("update uploads set begun_at = begun_at - make_interval(secs => $1)", intents.STALE_AFTER + 1)
        again = await intents.begin(one, new_id(), 1, "k", "hash")
    assert again.id == begun.id
    assert await sweep(uploads.db, uploads.store) == 0
    assert await uploads.count("uploads") == 1, "nor did the service's own round take it"


class Wire:
    """The application's side of a connection whose client leaves."""

    def __init__(self, *messages: Message) -> None:
        self._messages = list(messages)
        self.status: int | None = None

    async def receive(self) -> Message:
        return self._messages.pop(0) if self._messages else {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.status = message.get("status", self.status)


async def left(room: Room, *messages: Message) -> int | None:
    wire = Wire(*messages)
    scope: dict[str, Any] = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "path": f"{IMAGES}/upload",
        "raw_path": b"", "root_path": "", "scheme": "http", "query_string": b"business_id=1", "client": ("c", 1),
        "server": ("s", 1), "headers": [(b"content-type", b"multipart/form-data; boundary=B")],
    }  # fmt: skip
    await room.app(scope, wire.receive, wire.send)
    return wire.status


async def test_a_client_that_leaves_leaves_nothing(uploads: Room) -> None:
    whole = multipart(pictures.png())
    half: Message = {"type": "http.request", "body": whole[:2000], "more_body": True}
    everything: Message = {"type": "http.request", "body": whole, "more_body": False}
    for messages in ([], [half], [everything]):
        status = await left(uploads, *messages)
        assert status is None or 400 <= status < 500
    await everything_is_gone(uploads)
    assert uploads.sandbox.ledger("cloudinary.upload") == []


async def test_pictures_that_the_store_takes_long_for_hold_up_no_other_business(
    database: str, sandbox: SandboxServer
) -> None:
    async with upload_room(database, sandbox, store_threads=3, store_timeout=60) as room:
        sandbox.script("cloudinary.upload", match="darkroom/1/", always={"do": "slow", "seconds": 50})
        held = [asyncio.create_task(room.upload(pictures.png(64 + n, 48), business=1)) for n in range(6)]

        async def share_is_taken() -> bool:
            return await room.count("uploads where business_id = 1") == 2

        await until(share_is_taken)
        for n in range(3):
            assert (await room.upload(pictures.png(32 + n, 48), business=2)).status_code == 201
        assert await room.count("images where business_id = 1") == 0
        assert await share_is_taken(), "whoever waits has begun nothing"
        sandbox.script("cloudinary.upload", always="ok")
        sandbox.release()
        assert [answer.status_code for answer in await asyncio.gather(*held)] == [201] * 6


async def test_without_postgres_it_says_so(sandbox: SandboxServer) -> None:
    async with upload_room("postgresql://nobody@127.0.0.1:1/none", sandbox) as room:
        assert problem(await room.upload(pictures.png()), 503, "unavailable")["retryable"] is True
        answer = await room.client.get("/readyz")
        assert (answer.status_code, answer.json()["missing"]) == (503, ["postgres"])
    assert sandbox.ledger("cloudinary.upload") == []


async def test_rows_and_pictures_agree_after_chaos(database: str, sandbox: SandboxServer) -> None:
    async with upload_room(database, sandbox) as room:
        sandbox.script("cloudinary.upload", mix=[{"do": "500", "p": 0.2}, {"do": "drop_after", "p": 0.3}], seed=4)
        answers = await asyncio.gather(
            *(room.upload(pictures.png(64 + n // 2, 48), business=1 + n % 2) for n in range(24))
        )
        assert {answer.status_code for answer in answers} >= {201, 503}
        sandbox.script("cloudinary.upload", always="ok")
        await age(room, intents.STALE_AFTER + 1)
        await sweep(room.db, room.store)
        rows = {row["public_id"] for row in await room.db.fetch("select public_id from images")}
        assert rows == await room.stored()
        assert {UUID(answer.json()["id"]) for answer in answers if answer.status_code in (200, 201)} == {
            row["id"] for row in await room.db.fetch("select id from images")
        }


async def test_a_full_folder_for_temporary_files_is_no_database_that_does_not_answer(
    database: str, sandbox: SandboxServer, tmp_path: Path
) -> None:
    environment = {"DATABASE_URL": database, "REDIS_URL": "redis://unused", "DARKROOM_SANDBOX_URL": sandbox.url}
    # A limit on the size of any file stands for the full disk: it needs no root. 200 blocks are 100 or 200 KiB.
    command = ("sh", "-c", f"ulimit -f 200 && exec {sys.executable} -m upload_service")
    with Process("upload_service", environment, logs=tmp_path, command=command) as service:
        async with httpx2.AsyncClient(base_url=service.url, timeout=20) as client:
            for size in (300_000, 3_000_000):  # found when all has come, and while it comes
                answer = await client.post(ROUTE, files={"file": ("x.png", bytes(size))})
                body = problem(answer, 503, "unavailable")
                assert body["retryable"] is True
                assert "database" not in body["detail"]
                assert "space" in body["detail"]
                assert int(answer.headers["retry-after"]) >= 1
            small = {"file": ("x.png", pictures.png(20, 20))}
            assert (await client.post(ROUTE, files=small)).status_code == 201
    assert len(service.events("machine.full")) == 2
    assert service.events("postgres.away") == service.events("request.crashed") == []
