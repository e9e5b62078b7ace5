"""Readiness does not depend on how busy the service is."""

import asyncio

from shared.db.pool import transaction
from tests.sandbox_server import SandboxServer
from tests.service import shelves
from tests.service.rooms import IMAGES, library_room, until


async def test_it_is_ready_while_every_connection_is_in_use(database: str, sandbox: SandboxServer) -> None:
    async with library_room(database, sandbox, database_pool=1) as room:
        image = await shelves.add(room.db)
        async with transaction(room.db) as connection:
            await connection.execute("select from images where id = $1 for update", image.id)
            deleting = asyncio.create_task(room.client.delete(f"{IMAGES}/{image.id}"))

            async def waits() -> bool:
                query = "select true from pg_stat_activity where wait_event_type = 'Lock'"
                return bool(await connection.fetchval(query))

            await until(waits)
            answer = await room.client.get("/readyz")
            assert (answer.status_code, answer.json()["parts"]["postgres"]) == (200, "ok")
        assert (await deleting).status_code == 200
