"""Asking for pictures: what is accepted is written down, what is wrong is refused before anything is queued."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest

from gateway.generation import routes, usage
from gateway.generation.job_cache import JobCache
from gateway.resources import GatewayResources
from shared.catalog import catalogue
from shared.db import jobs, ledger
from shared.db import pool as db
from shared.db.pool import Pool, transaction
from shared.db.tables import Charged, Outcome
from shared.http.app import make_app
from shared.http.middleware import Middleware
from shared.http.shares import database_places
from shared.notify.notifier import Notifier
from shared.settings import GatewaySettings
from tests.service.gate import unlocked

BASE = "/api/v1/images/generate"
FOX = {"prompt": "a red fox in fresh snow", "business_id": 1}


class Gateway:
    """The generation routes on real stores."""

    def __init__(self, pool: Pool, http: httpx2.AsyncClient) -> None:
        self.pool, self.http = pool, http

    async def generate(self, headers: dict[str, str] | None = None, **more: Any) -> httpx2.Response:
        return await self.http.post(BASE, json=FOX | more, headers=headers)

    async def queued(self) -> int:
        found: int = await self.pool.fetchval("select count(*) from jobs")
        return found


@asynccontextmanager
async def running(database: str, redis_url: str, **more: Any) -> AsyncIterator[Gateway]:
    settings = GatewaySettings(database_url=database, redis_url=redis_url, **more)
    pool, notifier = await db.connect(settings), Notifier.at(settings)
    resources = GatewayResources(
        settings, pool, database_places(settings), notifier, catalogue.load(), JobCache(pool, notifier, settings), pool
    )

    @asynccontextmanager
    async def built() -> AsyncIterator[GatewayResources]:
        yield resources

    app = make_app(
        title="t", description="t", resources=built, routers=[routes.router, usage.router], max_body=settings.max_json
    )
    async with app.router.lifespan_context(app):
        transport = httpx2.ASGITransport(Middleware(unlocked(app), settings, checks={}))
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as http:
            yield Gateway(pool, http)
    await notifier.close()
    await pool.close()


@pytest.fixture
async def gateway(database: str, redis_url: str) -> AsyncIterator[Gateway]:
    async with running(database, redis_url) as gateway:
        yield gateway


async def test_an_accepted_job_is_in_postgres_before_the_answer(gateway: Gateway) -> None:
    answer = await gateway.generate(size="1792x1024", quality="hd", alt_text="a fox")
    job = answer.json()
    assert answer.status_code == 202
    assert answer.headers["location"] == job["links"]["status"]
    assert answer.headers["retry-after"] == "1"
    assert (job["status"], job["stage"], job["queue"]["position"]) == ("queued", "waiting", 1)
    assert job["cost"] == {"estimated_usd": "0.0681", "actual_usd": None, "charged": None}
    row = await gateway.pool.fetchrow("select * from jobs")
    assert row
    assert (str(row["id"]), row["prompt"], row["alt_text"]) == (job["job_id"], FOX["prompt"], "a fox")


@pytest.mark.parametrize(("said", "kept"), [(" a fox ", "a fox"), ("", ""), ("  ", None), (None, None)])
async def test_an_alt_text_is_kept_as_the_library_keeps_it(
    gateway: Gateway, said: str | None, kept: str | None
) -> None:
    assert (await gateway.generate(alt_text=said)).status_code == 202
    assert await gateway.pool.fetchval("select alt_text from jobs") == kept


async def test_work_is_accepted_while_redis_is_down(database: str) -> None:
    async with running(database, "redis://127.0.0.1:9/0") as gateway:
        assert (await gateway.generate()).status_code == 202
        assert await gateway.queued() == 1


async def test_without_postgres_nothing_is_promised(redis_url: str) -> None:
    async with running("postgresql://nobody@127.0.0.1:9/none", redis_url) as gateway:
        answer = await gateway.generate()
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert answer.json()["retryable"] is True


BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"prompt": ""}, "/prompt", "too_short"),
    ({"prompt": "   "}, "/prompt", "too_short"),
    ({"prompt": "x" * 1001}, "/prompt", "too_long"),
    ({"prompt": "a\x00b"}, "/prompt", "invalid"),
    ({"prompt": "a\x1b[31mb"}, "/prompt", "invalid"),
    ({"prompt": "\u200b\u200d"}, "/prompt", "invalid"),
    ({"prompt": "a\u202eb"}, "/prompt", "invalid"),
    ({"alt_text": "a\x1bb"}, "/alt_text", "invalid"),
    ({"alt_text": "\u200b"}, "/alt_text", "invalid"),
    ({"prompt": 7}, "/prompt", "invalid"),
    ({"business_id": 0}, "/business_id", "too_small"),
    ({"business_id": 2**63}, "/business_id", "too_large"),
    ({"business_id": "one"}, "/business_id", "invalid"),
    ({"size": "1x1"}, "/size", "not_allowed"),
    ({"quality": "ultra"}, "/quality", "not_allowed"),
    ({"model": "dall-e-9"}, "/model", "not_allowed"),
    ({"model": "dall-e-3"}, "/model", "model_retired"),
    ({"max_cost_usd": "-1"}, "/max_cost_usd", "invalid"),
    ({"max_cost_usd": 0.05}, "/max_cost_usd", "invalid"),
    ({"max_cost_usd": "0.01"}, "/max_cost_usd", "too_small"),
    ({"deadline_seconds": 0}, "/deadline_seconds", "too_small"),
    ({"verbose": True}, "/verbose", "unknown_field"),
]


@pytest.mark.parametrize(("wrong", "pointer", "code"), BAD)
async def test_a_wrong_field_is_named_and_nothing_is_queued(
    gateway: Gateway, wrong: dict[str, Any], pointer: str, code: str
) -> None:
    answer = await gateway.generate(**wrong)
    problem = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert (problem["errors"][0]["pointer"], problem["errors"][0]["code"]) == (pointer, code)
    assert await gateway.queued() == 0


async def test_a_retired_model_names_its_replacement(gateway: Gateway) -> None:
    problem = (await gateway.generate(model="dall-e-3")).json()
    assert (problem["code"], problem["replacement"]) == ("model_retired", "gpt-image-2.5-flare")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "malformed_request"),
        (b"\xff\xfe", 400, "malformed_request"),
        (b'{"prompt": "\\ud800", "business_id": 1}', 422, "invalid_request"),
        (b"[]", 422, "invalid_request"),
        (b"null", 422, "invalid_request"),
        (b'{"prompt": "' + b"x" * 70_000 + b'", "business_id": 1}', 413, "body_too_large"),
        (b"[" * 60_000, 400, "malformed_request"),
    ],
)
async def test_a_body_that_is_none_gets_a_problem(gateway: Gateway, body: bytes, status: int, code: str) -> None:
    answer = await gateway.http.post(BASE, content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_fifty_at_once_with_one_key_are_one_job(gateway: Gateway) -> None:
    key = {"Idempotency-Key": "once"}
    answers = await asyncio.gather(*(gateway.generate(key) for _ in range(50)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["job_id"] for answer in answers}) == 1
    assert sum("idempotency-replayed" not in answer.headers for answer in answers) == 1
    assert await gateway.queued() == 1


async def test_a_reused_key_is_refused(gateway: Gateway) -> None:
    key = {"Idempotency-Key": "once"}
    await gateway.generate(key)
    answer = await gateway.generate(key, prompt="a blue fox")
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


async def test_cancel_before_start_is_free_and_can_be_repeated(gateway: Gateway) -> None:
    job = (await gateway.generate()).json()
    for _ in range(2):
        answer = await gateway.http.post(f"{BASE}/{job['job_id']}/cancel")
        assert (answer.status_code, answer.json()["status"]) == (200, "canceled")
        assert answer.json()["cost"]["charged"] is False


async def test_cancel_of_a_running_job_is_a_wish(gateway: Gateway) -> None:
    job = (await gateway.generate()).json()
    await jobs.claim(gateway.pool, 1, 30)
    answer = await gateway.http.post(f"{BASE}/{job['job_id']}/cancel")
    assert (answer.status_code, answer.json()["cancel_requested"]) == (202, True)


@pytest.mark.parametrize("name", ["nope", "00000000-0000-7000-8000-000000000000"])
async def test_an_unknown_job_cannot_be_canceled(gateway: Gateway, name: str) -> None:
    assert (await gateway.http.post(f"{BASE}/{name}/cancel")).status_code == 404


async def test_jobs_are_listed_newest_first_page_by_page(gateway: Gateway) -> None:
    made = [(await gateway.generate()).json()["job_id"] for _ in range(5)]
    await gateway.generate(business_id=2)
    query: dict[str, Any] = {"business_id": 1, "page_size": 2}
    first = (await gateway.http.get(f"{BASE}/jobs", params=query)).json()
    assert (first["total"], first["pages"], [job["job_id"] for job in first["items"]]) == (5, 3, made[:2:-1])
    second = (await gateway.http.get(f"{BASE}/jobs", params=query | {"cursor": first["next_cursor"]})).json()
    assert [job["job_id"] for job in second["items"]] == made[2:0:-1]
    numbered = (await gateway.http.get(f"{BASE}/jobs", params=query | {"page": 3})).json()
    assert ([job["job_id"] for job in numbered["items"]], numbered["next_cursor"]) == (made[:1], None)


@pytest.mark.parametrize("query", ["", "business_id=1&status=done", "business_id=1&x=1", "business_id=1&cursor=abc"])
async def test_a_wrong_query_is_refused(gateway: Gateway, query: str) -> None:
    assert (await gateway.http.get(f"{BASE}/jobs?{query}")).status_code == 422


async def test_the_three_sizes_and_two_qualities_are_offered(gateway: Gateway) -> None:
    answer = await gateway.http.get(f"{BASE}/sizes")
    offered = {model["model"]: model for model in answer.json()["models"]}[answer.json()["default_model"]]
    assert {"1024x1024", "1792x1024", "1024x1792"} <= {size["size"] for size in offered["sizes"]}
    assert set(offered["qualities"]) == {"standard", "hd"}
    again = await gateway.http.get(f"{BASE}/sizes", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


async def test_the_estimate_is_what_the_job_will_say(gateway: Gateway) -> None:
    wish: dict[str, Any] = {"size": "1024x1792", "quality": "hd"}
    estimate = (await gateway.http.post(f"{BASE}/estimate-cost", json=wish | {"count": 3})).json()
    job = (await gateway.generate(**wish)).json()
    assert estimate["unit_cost_usd"] == job["cost"]["estimated_usd"] == "0.0681"
    assert estimate["total_cost_usd"] == "0.2043"
    assert estimate["alternatives"]


async def test_the_estimate_refuses_what_the_job_would(gateway: Gateway) -> None:
    answer = await gateway.http.post(f"{BASE}/estimate-cost", json={"model": "dall-e-3"})
    assert (answer.status_code, answer.json()["code"]) == (422, "model_retired")


async def test_usage_is_the_sum_of_the_ledger_and_says_what_is_not_known(gateway: Gateway) -> None:
    for _ in range(3):
        await gateway.generate()
    await gateway.generate(business_id=2)
    claimed = await jobs.claim(gateway.pool, 4, 30)
    painted, unknown, *_ = [job for job in claimed if job.business_id == 1]
    first, second = await ledger.begin(gateway.pool, painted), await ledger.begin(gateway.pool, unknown)
    assert first
    assert second
    async with transaction(gateway.pool) as connection:
        await ledger.generated(connection, first, painted, ledger.Receipt("r", 1, 2, 52_730), b"picture")
        await jobs.mark_storing(connection, painted.id, painted.attempt)
    await ledger.settle(gateway.pool, second, unknown, Outcome.UNKNOWN, Charged.UNKNOWN, detail="timeout")
    bill = (await gateway.http.get("/api/v1/images/usage", params={"business_id": 1})).json()
    assert (bill["cost_usd"], bill["images"], bill["unknown"]) == ("0.05273", 1, 1)
    assert bill["unknown_usd"] == "0.0527"
    assert bill["reserved_usd"] == "0.1054", "the painted one is in the bill already"
    (row,) = bill["items"]
    assert (row["model"], row["quality"], row["images"]) == ("gpt-image-2.5-flare", "standard", 1)
    earlier = (await gateway.http.get("/api/v1/images/usage", params={"business_id": 1, "month": "2025-12"})).json()
    assert (earlier["cost_usd"], earlier["items"]) == ("0.00", [])


@pytest.mark.parametrize("month", ["2026-13", "2026-1", "last", "1999-01"])
async def test_a_wrong_month_is_refused(gateway: Gateway, month: str) -> None:
    answer = await gateway.http.get("/api/v1/images/usage", params={"business_id": 1, "month": month})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "query/month")
