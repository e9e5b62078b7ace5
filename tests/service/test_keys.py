"""What a key is made of, and what it opens while nobody can say whose it is."""

import asyncio
import hashlib
from base64 import urlsafe_b64decode
from concurrent.futures import ThreadPoolExecutor

import httpx2
from starlette.types import Receive, Scope, Send

from gateway.auth.authenticate import Authenticate
from shared.db import api_keys
from shared.db.pool import DatabaseUnavailable, connect
from shared.domain.caller import Caller, Right
from shared.http.middleware import Middleware
from shared.settings import CommandSettings
from tests.service.gate import LIST, answer, settings
from tests.service.locked import OURS, THEIRS, Locked, upload


async def test_a_key_is_256_random_bits_and_the_database_keeps_its_digest_only(database: str) -> None:
    async with await connect(CommandSettings(database_url=database)) as db:
        made = [await api_keys.make(db, "a blog", [Right.READ], [1]) for _ in range(3)]
        rows = await db.fetch("select * from api_keys")
    assert len({text for _, text in made}) == len(rows) == 3
    kept = {row["prefix"]: row for row in rows}
    for key, text in made:
        secret = text.removeprefix(f"dk_{key.prefix}_")
        assert len(urlsafe_b64decode(secret + "=")) == 32
        assert kept[key.prefix]["digest"] == hashlib.sha256(text.encode()).digest()
        assert secret not in str(dict(kept[key.prefix]))


class Register:
    """Knows everybody, until it is away."""

    away = False

    async def caller(self, _token: str) -> Caller | None:
        if self.away:
            raise DatabaseUnavailable("it is away")
        return Caller("one", frozenset(Right), frozenset({1}))


async def test_nobody_is_let_in_on_an_old_answer_while_postgres_is_away() -> None:
    async def behind(_scope: Scope, _receive: Receive, send: Send) -> None:
        await answer(send)

    register, access = Register(), Authenticate(behind)
    access.open(register)
    shell = Middleware(access, settings("http://127.0.0.1:1"), checks={})
    transport = httpx2.ASGITransport(app=shell)
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:

        async def status() -> int:
            return (await client.get(LIST, headers={"Authorization": "Bearer one"})).status_code

        assert await status() == 200
        register.away = True
        async with asyncio.timeout(30):
            while (found := await status()) == 200:  # As long as an answer is believed.
                await asyncio.sleep(0.05)
        assert [found, await status(), await status()] == [503] * 3
        register.away = False
        assert await status() == 200


def test_fifty_uploads_at_once_with_one_key_are_all_taken_and_another_tenants_too(locked: Locked) -> None:
    mine, theirs = locked.key(), locked.key("--business", str(THEIRS))
    with locked.as_(mine) as client, locked.as_(theirs) as other, ThreadPoolExecutor(51) as at_once:
        fifty = [at_once.submit(upload, client, OURS, 300 + number) for number in range(50)]
        another = at_once.submit(upload, other, THEIRS, 299)
        assert [each.result().status_code for each in (*fifty, another)] == [201] * 51
