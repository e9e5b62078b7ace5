"""Budgets as tests see them: what one is, jobs at each step of being paid, and what is said of the money."""

from typing import Any

import httpx2

from shared.db import jobs, ledger
from shared.db.budgets import set_limit
from shared.db.pool import transaction
from shared.db.tables import Charged, JobError, JobRow, Outcome
from shared.domain.ids import new_id
from tests.service.test_generation import Gateway

USAGE = "/api/v1/images/usage"
PRICE = 52_700
TRUE_COST = 52_735


async def budget(gateway: Gateway, **more: Any) -> dict[str, str]:
    """What `GET /usage` says of the budget of business 1, without the time."""
    answer = await gateway.http.get(USAGE, params={"business_id": 1} | more)
    found: dict[str, str] = answer.json()["budget"]
    return {name: value for name, value in found.items() if name != "resets_at"}


def sums(spent: str = "0.00", reserved: str = "0.00", unknown: str = "0.00", left: str = "0.00") -> dict[str, str]:
    return {
        "limit_usd": "0.1054",
        "spent_usd": spent,
        "reserved_usd": reserved,
        "unknown_usd": unknown,
        "left_usd": left,
    }


def refusal(answer: httpx2.Response) -> dict[str, Any]:
    problem: dict[str, Any] = answer.json()
    assert (answer.status_code, problem["code"], problem["charged"]) == (402, "budget_exceeded", False)
    return problem


async def limited(gateway: Gateway, pictures: int = 2) -> None:
    """Business 1 may spend what so many pictures are estimated at."""
    await set_limit(gateway.pool, 1, pictures * PRICE)


async def started(gateway: Gateway, **more: Any) -> JobRow:
    """An accepted job that a worker holds."""
    assert (await gateway.generate(**more)).status_code == 202
    (job,) = await jobs.claim(gateway.pool, 1, 30)
    return job


async def called(gateway: Gateway, job: JobRow) -> Any:
    """The vendor is being asked."""
    attempt_id = await ledger.begin(gateway.pool, job)
    assert attempt_id
    return attempt_id


async def painted(gateway: Gateway, job: JobRow) -> None:
    """The picture is paid for, and waits to be stored."""
    attempt_id = await called(gateway, job)
    async with transaction(gateway.pool) as connection:
        await ledger.generated(connection, attempt_id, job, ledger.Receipt("r", 1, 2, TRUE_COST), b"picture")
        assert await jobs.mark_storing(connection, job.id, job.attempt)


async def stored(gateway: Gateway, job: JobRow) -> None:
    await painted(gateway, job)
    async with transaction(gateway.pool) as connection:
        assert await jobs.finish(connection, job.id, job.attempt, new_id())
        await ledger.unstage(connection, job.id)


async def timed_out(gateway: Gateway, job: JobRow) -> None:
    attempt_id = await called(gateway, job)
    await ledger.settle(gateway.pool, attempt_id, job, Outcome.UNKNOWN, Charged.UNKNOWN, detail="timeout")
    assert await jobs.fail(gateway.pool, job.id, job.attempt, JobError.OUTCOME_UNKNOWN, "timeout")
