"""Budgets: forty at once accept exactly what fits, and each end of a job gives back what it did not cost."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest

from shared.db import jobs, ledger
from shared.db.budgets import set_limit
from shared.db.pool import transaction
from shared.db.tables import Charged, JobError, JobRow, Outcome
from shared.domain.ids import new_id
from tests.service.spending import (
    PRICE,
    TRUE_COST,
    USAGE,
    budget,
    called,
    limited,
    painted,
    refusal,
    started,
    stored,
    sums,
    timed_out,
)
from tests.service.test_generation import BASE, Gateway, running


@pytest.fixture
async def gateway(database: str, redis_url: str) -> AsyncIterator[Gateway]:
    async with running(database, redis_url) as gateway:
        yield gateway


# Accepting


async def test_of_forty_at_once_at_two_gateways_exactly_eighteen_are_accepted(database: str, redis_url: str) -> None:
    async with AsyncExitStack() as stack:
        gateways = [await stack.enter_async_context(running(database, redis_url)) for _ in range(2)]
        await set_limit(gateways[0].pool, 1, 18 * PRICE + PRICE - 1)
        answers = await asyncio.gather(*(gateways[number % 2].generate() for number in range(40)))
        assert sorted(answer.status_code for answer in answers) == [202] * 18 + [402] * 22
        assert await gateways[0].queued() == 18
        answer = await gateways[1].http.get(USAGE, params={"business_id": 1})
    assert answer.json()["budget"]["reserved_usd"] == "0.9486"
    assert answer.json()["budget"]["left_usd"] == "0.052699"


async def test_without_a_budget_nothing_is_limited(gateway: Gateway) -> None:
    await set_limit(gateway.pool, 2, 0)
    assert {answer.status_code for answer in await asyncio.gather(*(gateway.generate() for _ in range(20)))} == {202}
    assert (await gateway.http.get(USAGE, params={"business_id": 1})).json()["budget"] is None


async def test_a_line_that_is_full_takes_no_more_but_repeats_what_it_took(database: str, redis_url: str) -> None:
    async with running(database, redis_url, max_waiting_jobs=2) as gateway:
        first = await gateway.generate({"Idempotency-Key": "k"})
        assert (await gateway.generate()).status_code == 202
        refused = await gateway.generate()
        assert (refused.status_code, refused.json()["code"], refused.json()["charged"]) == (429, "rate_limited", False)
        assert refused.headers["retry-after"] == "10"
        assert await gateway.queued() == 2
        again = await gateway.generate({"Idempotency-Key": "k"})
        assert (again.status_code, again.json()["job_id"]) == (202, first.json()["job_id"])
        assert (await gateway.generate(business_id=2)).status_code == 202, "another business has a line of its own"
        await jobs.claim(gateway.pool, 1, 30)
        assert (await gateway.generate()).status_code == 202


async def test_one_business_does_not_spend_the_budget_of_another(gateway: Gateway) -> None:
    await limited(gateway)
    await set_limit(gateway.pool, 2, PRICE)
    for _ in range(2):
        assert (await gateway.generate()).status_code == 202
    assert (await gateway.generate()).status_code == 402
    assert (await gateway.generate(business_id=2)).status_code == 202
    assert (await gateway.generate(business_id=2)).status_code == 402
    assert (await gateway.generate(business_id=3)).status_code == 202


async def test_who_waits_for_a_turn_of_its_business_holds_no_connection(database: str, redis_url: str) -> None:
    async with running(database, redis_url, database_pool=4) as gateway:
        await limited(gateway)
        holder = await asyncpg.connect(database)
        async with holder.transaction():
            await holder.execute("select pg_advisory_xact_lock(hashtextextended('budgets', 1))")
            crowd = [asyncio.create_task(gateway.generate()) for _ in range(12)]
            for _ in range(10):
                async with asyncio.timeout(5):
                    assert (await gateway.generate(business_id=2)).status_code == 202
            assert not any(one.done() for one in crowd)
        await holder.close()
        assert sorted([answer.status_code for answer in await asyncio.gather(*crowd)]) == [202] * 2 + [402] * 10


async def test_a_refusal_names_every_sum_and_when_to_come_again(gateway: Gateway) -> None:
    await limited(gateway)
    await gateway.generate()
    answer = await gateway.generate(quality="hd", size="1792x1024")
    problem = refusal(answer)
    assert problem["estimated_usd"] == "0.0681"
    resets_at = datetime.fromisoformat(problem["budget"].pop("resets_at"))
    assert problem["budget"] == sums(reserved="0.0527", left="0.0527")
    assert "$0.0681" in problem["detail"]
    assert "$0.0527" in problem["detail"]
    now = datetime.now(UTC)
    assert (resets_at.day, resets_at.hour, resets_at.utcoffset()) == (1, 0, timedelta(0))
    assert now < resets_at <= now + timedelta(days=31)
    assert 1 <= int(answer.headers["retry-after"]) <= 31 * 86_400
    assert await gateway.queued() == 1
    assert (await gateway.generate()).status_code == 202, "what was refused reserved nothing"


async def test_a_repetition_of_what_was_accepted_is_never_refused(gateway: Gateway) -> None:
    await limited(gateway, 1)
    key = {"Idempotency-Key": "once"}
    first = await gateway.generate(key)
    for _ in range(3):
        again = await gateway.generate(key)
        assert (again.status_code, again.headers["idempotency-replayed"]) == (202, "true")
        assert again.json()["job_id"] == first.json()["job_id"]
    other = await gateway.generate(key, prompt="a hare")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    refusal(await gateway.generate({"Idempotency-Key": "twice"}))
    await jobs.cancel(gateway.pool, UUID(first.json()["job_id"]), [1])
    assert (await gateway.generate({"Idempotency-Key": "twice"})).status_code == 202, "a refused key is not used up"


async def test_forty_repetitions_at_once_reserve_one_picture(gateway: Gateway) -> None:
    await limited(gateway, 1)
    answers = await asyncio.gather(*(gateway.generate({"Idempotency-Key": "once"}) for _ in range(40)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["job_id"] for answer in answers}) == 1


async def test_a_budget_of_nothing_accepts_nothing(gateway: Gateway) -> None:
    await set_limit(gateway.pool, 1, 0)
    assert refusal(await gateway.generate())["budget"]["left_usd"] == "0.00"


async def test_the_default_applies_to_whoever_has_no_budget_of_its_own(database: str, redis_url: str) -> None:
    async with running(database, redis_url, monthly_budget="0.0527") as gateway:
        await limited(gateway)
        assert [(await gateway.generate()).status_code for _ in range(3)] == [202, 202, 402]
        assert [(await gateway.generate(business_id=2)).status_code for _ in range(2)] == [202, 402]


# Each end of a job


async def _not_stored(gateway: Gateway, job: JobRow) -> None:
    await painted(gateway, job)
    assert await jobs.fail(gateway.pool, job.id, job.attempt, JobError.STORAGE_UNAVAILABLE, "away")


async def _refused(gateway: Gateway, job: JobRow) -> None:
    attempt_id = await called(gateway, job)
    await ledger.settle(gateway.pool, attempt_id, job, Outcome.REFUSED, Charged.FALSE, detail="moderation_blocked")
    assert await jobs.fail(gateway.pool, job.id, job.attempt, JobError.CONTENT_POLICY, "refused")


async def _canceled_before_it_ran(gateway: Gateway, job: JobRow) -> None:
    assert await jobs.release(gateway.pool, job.id, job.attempt)
    assert (await gateway.http.post(f"{BASE}/{job.id}/cancel")).status_code == 200


async def _canceled_while_it_ran(gateway: Gateway, job: JobRow) -> None:
    await called(gateway, job)
    await jobs.cancel(gateway.pool, job.id, [1])
    assert await ledger.interrupt(gateway.pool, job.id, job.attempt, detail="canceled")
    assert await jobs.canceled(gateway.pool, job.id, job.attempt)


async def _deadline_passed(gateway: Gateway, job: JobRow) -> None:
    await gateway.pool.execute(
        """update jobs set status = 'queued', lease_until = null, started_at = null, deadline_at = now()
        where id = $1""",
        job.id,
    )
    assert [ended.id for ended in await jobs.expire(gateway.pool)] == [job.id]


async def _lost(gateway: Gateway, job: JobRow) -> None:
    await gateway.pool.execute("update jobs set lease_until = now() - interval '1 s' where id = $1", job.id)
    (ended,) = await jobs.recover(gateway.pool, 1)
    assert ended.final


async def _lost_before_it_called(gateway: Gateway, job: JobRow) -> None:
    await _lost(gateway, job)


async def _lost_while_it_called(gateway: Gateway, job: JobRow) -> None:
    await called(gateway, job)
    await _lost(gateway, job)


async def _ended_with_a_call_still_open(gateway: Gateway, job: JobRow) -> None:
    await called(gateway, job)
    assert await jobs.fail(gateway.pool, job.id, job.attempt, JobError.OUTCOME_UNKNOWN, "who knows")


SPENT = sums(spent="0.052735", left="0.052665")
RELEASED = sums(left="0.1054")
UNKNOWN = sums(unknown="0.0527", left="0.0527")


@pytest.mark.parametrize(
    ("end", "after"),
    [
        (stored, SPENT),
        (_not_stored, SPENT),
        (_refused, RELEASED),
        (_canceled_before_it_ran, RELEASED),
        (_deadline_passed, RELEASED),
        (_lost_before_it_called, RELEASED),
        (_canceled_while_it_ran, UNKNOWN),
        (_lost_while_it_called, UNKNOWN),
        (_ended_with_a_call_still_open, UNKNOWN),
        (timed_out, UNKNOWN),
    ],
)
async def test_the_end_of_a_job_settles_what_it_reserved(
    gateway: Gateway, end: Callable[[Gateway, JobRow], Awaitable[None]], after: dict[str, str]
) -> None:
    await limited(gateway)
    job = await started(gateway)
    assert await budget(gateway) == sums(reserved="0.0527", left="0.0527")
    await end(gateway, job)
    assert await budget(gateway) == after
    fitting = 2 if after is RELEASED else 1 if after is UNKNOWN else 0
    assert [(await gateway.generate()).status_code for _ in range(3)] == [202] * fitting + [402] * (3 - fitting)


async def test_a_picture_that_waits_for_the_store_is_counted_once(gateway: Gateway) -> None:
    await limited(gateway)
    job = await started(gateway)
    await painted(gateway, job)
    assert await budget(gateway) == SPENT
    assert await jobs.snooze(gateway.pool, job.id, job.attempt, JobError.STORAGE_UNAVAILABLE, "away", delay=0)
    assert await budget(gateway) == SPENT
    (again,) = await jobs.claim(gateway.pool, 1, 30)
    assert again.id == job.id
    assert await budget(gateway) == SPENT


async def test_a_job_that_may_be_paid_twice_holds_both(gateway: Gateway) -> None:
    await limited(gateway)
    job = await started(gateway)
    attempt_id = await called(gateway, job)
    await ledger.settle(gateway.pool, attempt_id, job, Outcome.UNKNOWN, Charged.UNKNOWN, detail="timeout")
    assert await budget(gateway) == sums(reserved="0.0527", unknown="0.0527")
    refusal(await gateway.generate())


async def test_an_unknown_call_whose_picture_is_found_becomes_its_true_cost(gateway: Gateway) -> None:
    await limited(gateway)
    job = await started(gateway)
    attempt_id = await called(gateway, job)
    await ledger.settle(gateway.pool, attempt_id, job, Outcome.UNKNOWN, Charged.UNKNOWN, detail="timeout")
    async with transaction(gateway.pool) as connection:
        await ledger.found_in_store(connection, job.id, {"id": str(attempt_id), "cost_micros": str(TRUE_COST)})
        assert await jobs.finish(connection, job.id, job.attempt, new_id())
    assert await budget(gateway) == SPENT


async def test_what_is_left_is_never_negative(gateway: Gateway) -> None:
    await limited(gateway, 1)
    await stored(gateway, await started(gateway))
    await set_limit(gateway.pool, 1, 1)
    found = refusal(await gateway.generate())["budget"]
    assert (found["limit_usd"], found["spent_usd"], found["left_usd"]) == ("0.000001", "0.052735", "0.00")


# The month


async def test_a_new_month_begins_with_the_whole_budget_but_for_what_is_open(gateway: Gateway) -> None:
    await limited(gateway)
    await stored(gateway, await started(gateway))
    refusal(await gateway.generate(size="1792x1024", quality="hd"))
    first = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    await gateway.pool.execute("update attempts set started_at = $1", first)
    assert await budget(gateway) == SPENT, "the first moment is inside"
    await gateway.pool.execute("update attempts set started_at = $1", first - timedelta(microseconds=1))
    assert await budget(gateway) == RELEASED
    assert (await gateway.generate()).status_code == 202
    await gateway.pool.execute("update jobs set created_at = created_at - interval '40 days'")
    assert await budget(gateway) == sums(reserved="0.0527", left="0.0527"), "an open job is paid now or later"
    before = (first - timedelta(days=1)).strftime("%Y-%m")
    assert await budget(gateway, month=before) == SPENT


async def test_an_unknown_outcome_stays_reserved_until_its_month_ends(gateway: Gateway) -> None:
    await limited(gateway)
    await timed_out(gateway, await started(gateway))
    assert await budget(gateway) == UNKNOWN
    first = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    await gateway.pool.execute("update attempts set started_at = $1", first - timedelta(seconds=1))
    assert await budget(gateway) == RELEASED


# What is shown


async def test_the_estimate_shows_the_budget_of_whoever_is_named(gateway: Gateway) -> None:
    await limited(gateway)
    await gateway.generate()
    named = (await gateway.http.post(f"{BASE}/estimate-cost", json={"business_id": 1})).json()["budget"]
    assert named.pop("resets_at").endswith("-01T00:00:00Z")
    assert named == sums(reserved="0.0527", left="0.0527")
    assert (await gateway.http.post(f"{BASE}/estimate-cost", json={"business_id": 2})).json()["budget"] is None
    assert (await gateway.http.post(f"{BASE}/estimate-cost", json={})).json()["budget"] is None
    assert await gateway.queued() == 1
