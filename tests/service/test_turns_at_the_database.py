"""No key and no business has all connections to Postgres: others get theirs while its slow requests are under way."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from gateway.auth.authenticate import Keys
from gateway.generation import usage
from shared.db import api_keys
from shared.db.pool import Pool
from shared.domain.caller import Right
from tests.sandbox_server import SandboxServer
from tests.service import shelves
from tests.service.rooms import IMAGES, Room, library_room, until
from tests.service.test_generation import BASE, Gateway, gateway, running

__all__ = ["gateway"]

MANY = 40
"""Slow requests at once: four times the connections there are."""
SOON = 5.0
"""Seconds; far less than any of them takes while the table is locked."""


@asynccontextmanager
async def locked(db: Pool, table: str) -> AsyncIterator[None]:
    async with db.acquire() as connection, connection.transaction():
        await connection.execute(f"lock table {table} in access exclusive mode")
        yield


async def waiting(db: Pool) -> int:
    """Connections that wait for a lock."""
    found: int = await db.fetchval(
        "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
    )
    return found


async def test_sums_of_one_business_keep_no_other_from_the_gateway(gateway: Gateway) -> None:
    async with locked(gateway.pool, "ledger_days"):
        slow = [asyncio.create_task(gateway.http.get(usage.PATH, params={"business_id": 1})) for _ in range(MANY)]
        await until(lambda: _some(gateway.pool))
        async with asyncio.timeout(SOON):
            listed = await gateway.http.get(f"{BASE}/jobs", params={"business_id": 2})
        assert listed.status_code == 200
        assert await waiting(gateway.pool) == 2, "its share of those that are had in turns"
    assert {answer.status_code for answer in await asyncio.gather(*slow)} == {200}


async def _some(db: Pool) -> bool:
    return await waiting(db) > 0


async def test_pages_of_one_business_keep_no_other_from_the_library(library: Room) -> None:
    other = await shelves.add(library.db, business=2)
    mine = [await shelves.add(library.db, business=1) for _ in range(4)]
    async with library.db.acquire() as connection, connection.transaction():
        await connection.execute("select from images where business_id = 1 for update")
        slow = [
            asyncio.create_task(
                library.client.patch(f"{IMAGES}/{image.id}", params={"business_id": 1}, json={"alt_text": str(n)})
            )
            for n, image in enumerate(mine * (MANY // 4))
        ]
        await until(lambda: _some(library.db))
        async with asyncio.timeout(SOON):
            for path in (f"{IMAGES}/{other.id}?business_id=2", f"{IMAGES}?business_id=2"):
                assert (await library.client.get(path)).status_code == 200
    assert {answer.status_code for answer in await asyncio.gather(*slow)} == {200}


async def test_who_asks_too_much_at_once_is_told(database: str, sandbox: SandboxServer) -> None:
    async with library_room(database, sandbox, database_queue=40, database_timeout=1) as library:
        image = await shelves.add(library.db, business=1)
        async with library.db.acquire() as connection, connection.transaction():
            await connection.execute("select from images for update")
            path = f"{IMAGES}/{image.id}?business_id=1"
            asked = [library.client.patch(path, json={"alt_text": str(n)}) for n in range(30)]
            answers = await asyncio.gather(*asked)
            refused = [answer for answer in answers if answer.status_code == 429]
            assert len(refused) >= 20, "of forty in the queue a quarter is one's share"
            assert "requests to the database" in refused[0].json()["detail"]
            assert refused[0].headers["retry-after"]


@pytest.mark.parametrize("share", [1.0])
async def test_where_there_is_one_business_it_may_have_nearly_all(database: str, redis_url: str, share: float) -> None:
    async with running(database, redis_url, share=share) as gateway, locked(gateway.pool, "ledger_days"):
        slow = [asyncio.create_task(gateway.http.get(usage.PATH, params={"business_id": 1})) for _ in range(MANY)]
        await until(lambda: _nearly_all(gateway.pool))
        for task in slow:
            task.cancel()
        await asyncio.gather(*slow, return_exceptions=True)


async def _nearly_all(db: Pool) -> bool:
    return await waiting(db) == 8


async def test_strangers_who_try_keys_have_two_connections_and_a_known_key_its_own(gateway: Gateway) -> None:
    _, mine = await api_keys.make(gateway.pool, "mine", [Right.READ], None)
    keys = Keys(gateway.pool)
    assert await keys.caller(mine)
    async with locked(gateway.pool, "api_keys"):
        strangers = [asyncio.create_task(keys.caller(mine[:-4] + f"{n:04}")) for n in range(MANY)]
        await until(lambda: _some(gateway.pool))
        known = asyncio.create_task(keys.caller(mine))
        await until(lambda: _three(gateway.pool))
    assert await known
    assert set(await asyncio.gather(*strangers)) == {None}


async def _three(db: Pool) -> bool:
    return await waiting(db) == 3
