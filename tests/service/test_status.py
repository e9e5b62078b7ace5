"""The polls: right, cheap, and held until something changes; with Redis and without it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import asyncpg
import httpx2
import pytest
from prometheus_client import REGISTRY

from gateway.generation.job_cache import JobCache
from gateway.generation.status import PREFIX, StatusLane
from generation_worker import picture
from shared.db import images, job_views, jobs, late_images, new_jobs
from shared.db import pool as db
from shared.db.new_jobs import NewJob
from shared.db.pool import Pool
from shared.db.tables import JobError, JobRow
from shared.domain.caller import ANYONE
from shared.domain.ids import new_id
from shared.http.middleware import Middleware
from shared.http.shares import share_key
from shared.notify.notifier import CHANGES, Notifier
from shared.settings import GatewaySettings
from shared.storage.store import Stored
from tests.service.gate import unlocked

NOBODY = "01a20474-0000-7000-8000-000000000000"


class CountingPool:
    """The real pool, and how often it was read."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.reads = 0

    async def fetch(self, *arguments: Any) -> list[asyncpg.Record]:
        self.reads += 1
        return await self._pool.fetch(*arguments)


class Running:
    """The lane on real stores."""

    def __init__(
        self, pool: Pool, counting: CountingPool, watch: JobCache, notifier: Notifier, http: httpx2.AsyncClient
    ):
        self.pool, self.counting, self.watch, self.notifier, self.http = pool, counting, watch, notifier, http

    async def accept(self, business_id: int = 1) -> JobRow:
        new_job = NewJob(
            id=new_id(), business_id=business_id, prompt="a fox", model="m", size="1024x1024", quality="standard",
            alt_text=None, estimated_micros=1, request_id="r", body_hash="h",
        )  # fmt: skip
        job, _ = await new_jobs.create(self.pool, new_job)
        return job

    async def claim(self) -> JobRow:
        (job,) = await jobs.claim(self.pool, 1, 30)
        await self.notifier.publish(job)
        return job

    async def fail(self, job: JobRow) -> JobRow:
        failed = await jobs.fail(self.pool, job.id, job.attempt, JobError.CONTENT_POLICY, "no")
        assert failed
        await self.notifier.publish(failed)
        return failed

    async def get(self, job: JobRow, **headers: str) -> httpx2.Response:
        return await self.http.get(f"{PREFIX}{job.id}", headers={k.replace("_", "-"): v for k, v in headers.items()})


@asynccontextmanager
async def running(database: str, redis_url: str, **more: Any) -> AsyncIterator[Running]:
    settings = GatewaySettings(database_url=database, redis_url=redis_url, **more)
    pool, notifier = await db.connect(settings), Notifier.at(settings)
    counting = CountingPool(pool)
    watch = JobCache(counting, notifier, settings)  # type: ignore[arg-type]
    listening = asyncio.create_task(watch.run())
    shell = Middleware(unlocked(StatusLane(watch)), settings, checks={})
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(shell), base_url="http://localhost") as http:
        yield Running(pool, counting, watch, notifier, http)
    listening.cancel()
    await notifier.close()
    await pool.close()


@pytest.fixture
async def lane(database: str, redis_url: str) -> AsyncIterator[Running]:
    async with running(database, redis_url) as lane:
        async with asyncio.timeout(5):
            while not lane.watch._told:
                await asyncio.sleep(0.01)
        yield lane


async def test_a_waiting_job_tells_its_place_and_when_to_ask_again(lane: Running) -> None:
    first, second = await lane.accept(), await lane.accept()
    answer = await lane.get(second)
    assert (answer.status_code, answer.json()["queue"]["position"]) == (200, 2)
    assert int(answer.headers["retry-after"]) >= 1
    assert (await lane.get(first)).json()["queue"]["position"] == 1


async def test_the_same_state_is_304_and_a_change_is_not(lane: Running) -> None:
    await lane.accept()
    job = await lane.claim()
    etag = (await lane.get(job)).headers["etag"]
    unchanged = await lane.get(job, If_None_Match=etag)
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    await lane.fail(job)
    async with asyncio.timeout(5):  # The news takes a moment to travel.
        while (changed := await lane.get(job, If_None_Match=etag)).status_code == 304:
            await asyncio.sleep(0.01)
    assert (changed.status_code, changed.json()["status"]) == (200, "failed")
    assert "retry-after" not in changed.headers


async def test_a_picture_that_came_after_the_end_is_told_beside_the_end(lane: Running) -> None:
    await lane.accept()
    failed = await lane.fail(await lane.claim())
    before = await lane.get(failed)
    assert (before.json()["image"], before.json()["late_image"]) == (None, None)
    async with db.transaction(lane.pool) as connection:
        assert await late_images.lock(connection, failed.id)
        stored = Stored("darkroom/1/late", "http://store/sandbox/image/upload/v1/darkroom/1/late.jpg", "jpeg", 9, 8, 8)
        changed = await late_images.join(connection, picture.library_row(failed, stored, "ab"))
    await lane.notifier.publish(changed)
    async with asyncio.timeout(5):
        while (after := await lane.get(failed, If_None_Match=before.headers["etag"])).status_code == 304:
            await asyncio.sleep(0.01)
    now = after.json()
    assert (now["status"], now["error"]["code"], now["image"]) == ("failed", "content_policy", None)
    assert now["late_image"]["generation"]["job_id"] == str(failed.id)
    standings, _ = await job_views.page(lane.pool, 1, None, limit=5)
    assert [str(one.late_image["id"]) for one in standings if one.late_image] == [now["late_image"]["id"]]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (NOBODY, 404),
        ("not-an-id", 404),
        (f"{NOBODY}/", 404),
        (f"{NOBODY}/other", 404),
        (f"{NOBODY}?verbose=1", 422),
    ],
)
async def test_bad_questions_get_the_problem_body(lane: Running, path: str, status: int) -> None:
    answer = await lane.http.get(PREFIX + path)
    assert (answer.status_code, answer.json()["status"]) == (status, status)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


async def test_a_status_can_only_be_read(lane: Running) -> None:
    answer = await lane.http.post(PREFIX + str(new_id()))
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS")


async def test_pollers_of_one_job_share_one_read(lane: Running) -> None:
    await lane.accept()
    job = await lane.claim()
    await asyncio.gather(*(lane.get(job) for _ in range(200)))
    await asyncio.gather(*(lane.get(job) for _ in range(200)))
    assert lane.counting.reads == 1


async def test_pollers_of_many_jobs_share_one_read(lane: Running) -> None:
    waiting = [await lane.accept(business) for business in range(1, 101)]
    answers = await asyncio.gather(*(lane.get(job) for job in waiting))
    assert {answer.status_code for answer in answers} == {200}
    assert lane.counting.reads <= 2


@pytest.mark.parametrize("said", ["wait=20", 'respond-async, WAIT = "20"'])
async def test_a_held_poll_answers_when_the_job_changes(lane: Running, said: str) -> None:
    await lane.accept()
    job = await lane.claim()
    held = asyncio.create_task(lane.get(job, Prefer=said))
    async with asyncio.timeout(5):
        while not lane.watch._waiters:
            await asyncio.sleep(0.01)
        await lane.fail(job)
        answer = await held
    assert answer.json()["status"] == "failed"
    assert answer.headers["preference-applied"] == "wait=20"


async def test_the_time_that_a_poll_is_held_is_not_counted_as_slowness(lane: Running) -> None:
    """Or the alert on slow answers would tell of clients that do as the README says."""

    def counted(name: str) -> float:
        route = "/api/v1/images/generate/status/{job_id}"
        samples = (sample for metric in REGISTRY.collect() for sample in metric.samples if sample.name == name)
        return sum(sample.value for sample in samples if sample.labels["route"] == route)

    await lane.accept()
    job = await lane.claim()
    requests, seconds = counted("darkroom_requests_total"), counted("darkroom_request_seconds_count")
    await lane.get(job, Prefer="wait=1")
    assert counted("darkroom_request_seconds_count") == seconds
    await lane.get(job)
    assert counted("darkroom_request_seconds_count") == seconds + 1
    assert counted("darkroom_requests_total") == requests + 2


async def test_who_is_behind_is_not_held(lane: Running) -> None:
    await lane.accept()
    job = await lane.claim()
    async with asyncio.timeout(5):
        answer = await lane.get(job, Prefer="wait=20", If_None_Match='W/"1.-"')
    assert (answer.status_code, answer.json()["status"]) == (200, "running")
    assert "preference-applied" not in answer.headers


async def test_a_held_poll_answers_in_the_end_without_a_change(lane: Running) -> None:
    await lane.accept()
    job = await lane.claim()
    async with asyncio.timeout(5):
        assert (await lane.get(job, Prefer="wait=1")).json()["status"] == "running"


async def test_the_stream_of_an_ended_job_is_one_event(lane: Running) -> None:
    await lane.accept()
    job = await lane.fail(await lane.claim())
    answer = await lane.http.get(f"{PREFIX}{job.id}/events")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.text.startswith(f"id: {job.revision}\nevent: job\ndata: {{")


async def test_head_of_a_stream_is_told_of_a_stream(lane: Running) -> None:
    job = await lane.accept()
    answer = await lane.http.head(f"{PREFIX}{job.id}/events")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    assert "etag" not in answer.headers


async def test_a_resumed_stream_does_not_repeat_what_was_seen(lane: Running) -> None:
    await lane.accept()
    job = await lane.fail(await lane.claim())
    seen = {"Last-Event-ID": str(job.revision)}
    assert (await lane.http.get(f"{PREFIX}{job.id}/events", headers=seen)).text == ""


async def test_a_stream_tells_each_change_until_the_end(lane: Running) -> None:
    job = await lane.accept()
    stream = asyncio.create_task(lane.http.get(f"{PREFIX}{job.id}/events"))

    async def waited_for() -> None:
        while not lane.watch._waiters:
            await asyncio.sleep(0.01)

    async with asyncio.timeout(10):
        await waited_for()
        await lane.fail(await lane.claim())
        text = (await stream).text
    assert '"status":"queued"' in text
    assert '"status":"failed"' in text.rpartition("data: ")[2]


async def test_without_redis_a_poll_is_right_and_a_held_one_sees_the_change(database: str) -> None:
    async with running(database, "redis://127.0.0.1:9/0") as lane:
        await lane.accept()
        job = await lane.claim()
        assert (await lane.get(job)).json()["status"] == "running"
        held = asyncio.create_task(lane.get(job, Prefer="wait=20"))
        async with asyncio.timeout(10):
            while not lane.watch._waiters:
                await asyncio.sleep(0.01)
            await lane.fail(job)
            assert (await held).json()["status"] == "failed"
        assert (await lane.get(job)).json()["status"] == "failed"


async def test_too_many_watchers_are_sent_away(database: str, redis_url: str) -> None:
    async with running(database, redis_url, max_watchers=8) as lane, AsyncExitStack() as held:
        for business in range(2, 6):
            other = await lane.accept(business)
            for _ in range(2):
                held.enter_context(lane.watch.waiting(share_key(ANYONE, other.business_id)))
        job = await lane.accept()
        answer = await lane.http.get(f"{PREFIX}{job.id}/events")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        async with asyncio.timeout(5):
            assert (await lane.get(job, Prefer="wait=20")).status_code == 200


async def test_watchers_of_one_business_leave_places_for_others(database: str, redis_url: str) -> None:
    async with running(database, redis_url, max_watchers=8) as lane, AsyncExitStack() as stack:
        mine, theirs = await lane.accept(1), await lane.accept(2)
        stream = asyncio.create_task(lane.http.get(f"{PREFIX}{mine.id}/events"))
        stack.callback(stream.cancel)
        held = asyncio.create_task(lane.get(mine, Prefer="wait=30"))
        stack.callback(held.cancel)
        async with asyncio.timeout(10):
            while len(lane.watch._waiters.get(mine.id, ())) < 2:
                await asyncio.sleep(0.01)
            refused = await lane.http.get(f"{PREFIX}{mine.id}/events")
            assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
            assert (refused.headers["retry-after"], "More than 2 watchers" in refused.json()["detail"]) == ("5", True)
            at_once = await lane.get(mine, Prefer="wait=30")
            assert (at_once.status_code, "preference-applied" in at_once.headers) == (200, False)
            others = [asyncio.create_task(lane.http.get(f"{PREFIX}{theirs.id}/events"))]
            others.append(asyncio.create_task(lane.get(theirs, Prefer="wait=30")))
            while len(lane.watch._waiters.get(theirs.id, ())) < 2:
                await asyncio.sleep(0.01)
            for job in (await lane.claim(), await lane.claim()):
                await lane.fail(job)
            assert [one.status_code for one in await asyncio.gather(stream, held, *others)] == [200] * 4
        assert not lane.watch.refusal(share_key(ANYONE, 1)), "who left gave the place back"


async def test_a_position_never_rises(lane: Running) -> None:
    waiting = [await lane.accept() for _ in range(8)]
    last: dict[Any, int] = {}
    for round_ in range(8):
        standings = await job_views.get_many(lane.pool, [job.id for job in waiting])
        for job_id, job_view in standings.items():
            if job_view.position is not None:
                assert job_view.position <= last.get(job_id, 99)
                last[job_id] = job_view.position
        taken = await lane.claim()
        if round_ % 2:  # Half of them come back, as a busy vendor would send them.
            await jobs.snooze(lane.pool, taken.id, taken.attempt, JobError.PROVIDER_RATE_LIMITED, "", delay=60)
        await lane.accept(2)
        await lane.accept()


async def test_the_estimate_comes_from_recent_runs_of_the_same_kind(lane: Running) -> None:
    for seconds in (38, 40, 42):
        job = await lane.accept(7)
        await jobs.claim(lane.pool, 1, 30)
        await jobs.finish(lane.pool, job.id, 1, new_id())
        await lane.pool.execute(
            "update jobs set started_at = finished_at - make_interval(secs => $2) where id = $1", job.id, seconds
        )
    first, second = await lane.accept(), await lane.accept()
    assert (await lane.get(first)).json()["eta_seconds"] == 40
    assert (await lane.get(second)).json()["eta_seconds"] == 80, "nothing else runs, so they come one after the other"
    await lane.claim()
    lane.watch.forget(first.id)
    running = (await lane.get(first)).json()
    assert (running["queue"], running["status"]) == (None, "running")
    assert 35 <= running["eta_seconds"] <= 40


@pytest.mark.parametrize("message", [b"{}", b"[]", b"no json", b'{"id": "x"}', b'{"id": 7}', b"null", b"\xff"])
async def test_a_message_of_another_version_is_passed_over(lane: Running, message: bytes) -> None:
    await lane.accept()
    job = await lane.claim()
    assert (await lane.get(job)).json()["status"] == "running"
    await lane.notifier.redis.publish(CHANGES, message)
    held = asyncio.create_task(lane.get(job, Prefer="wait=30"))
    async with asyncio.timeout(20):
        while not lane.watch._waiters:
            await asyncio.sleep(0.01)
        await lane.fail(job)
        assert (await held).json()["status"] == "failed", "it went on listening"


@pytest.mark.parametrize("form", ["jpeg", "tiff", ""])
async def test_a_picture_of_another_version_is_shown_and_strands_nobody(lane: Running, form: str) -> None:
    await lane.accept()
    odd = await lane.claim()
    await jobs.finish(lane.pool, odd.id, odd.attempt, new_id())
    row = picture.library_row(odd, Stored("darkroom/1/odd", "https://elsewhere/odd.jpg", form, 9, 8, 8), "ab")
    async with db.transaction(lane.pool) as connection:
        await images.add(connection, row)
        await connection.execute("update jobs set image_id = $2 where id = $1", odd.id, row.id)
    other = await lane.accept()
    async with asyncio.timeout(60):
        shown, also = await asyncio.gather(lane.get(odd), lane.get(other))
    assert (also.status_code, also.json()["status"]) == (200, "queued")
    assert shown.status_code == 200
    assert shown.json()["image"]["thumbnail_url"] == "https://elsewhere/odd.jpg"
    assert shown.json()["image"]["format"] == form
