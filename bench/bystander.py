"""Another tenant, who does nothing out of the ordinary: uploads, validates, lists, polls and follows a job, each at its
own pace and with a key of its own. Every answer must be a good one; how long each took is noted.
"""

import asyncio
import contextlib
import io
import itertools
import json
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

import aiohttp
import asyncpg
from PIL import Image
from redis import asyncio as redis

from shared.notify.notifier import CHANGES

KINDS = ("upload", "validate", "list", "poll", "event stream")
_IMAGES = "/api/v1/images"
_STATUS = f"{_IMAGES}/generate/status"
_SIDES = (640, 480)
_SELDOM, _OFTEN = 0.2, 0.1
"""Seconds from one question to the next: what is decoded, and what is only asked."""
_PATIENCE_SECONDS = 30.0
_CHANGE = "update jobs set revision = revision + 1 where id = $1 returning revision"

Waits = Mapping[str, list[float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bystander:
    """Where, who, and which running job it follows."""

    url: str
    business: int
    keys: Mapping[str, str]
    """One for each of KINDS."""
    job: UUID
    database_url: str
    redis_url: str

    async def look(self, seconds: float) -> Waits:
        """For so long; milliseconds by kind. Raises AssertionError for any answer that is not a good one."""
        waits: dict[str, list[float]] = {kind: [] for kind in KINDS}
        timeout = aiohttp.ClientTimeout(total=None, sock_read=_PATIENCE_SECONDS)
        async with (
            aiohttp.ClientSession(self.url, timeout=timeout) as http,
            self._changing(http) as changed,
            asyncio.TaskGroup() as group,
        ):
            asks: Mapping[str, tuple[float, Callable[[], Awaitable[object]]]] = {
                "upload": (_SELDOM, lambda: self._send(http, "upload", 201)),
                "validate": (_SELDOM, lambda: self._send(http, "validate", 200)),
                "list": (_OFTEN, lambda: self._ask(http, "list", f"{_IMAGES}?business_id={self.business}")),
                "poll": (_OFTEN, lambda: self._ask(http, "poll", f"{_STATUS}/{self.job}")),
                "event stream": (_OFTEN, changed),
            }
            for kind, (every, ask) in asks.items():
                group.create_task(_paced(seconds, every, ask, waits[kind]))
        return waits

    def _told(self, kind: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.keys[kind]}"}

    async def _ask(self, http: aiohttp.ClientSession, kind: str, path: str) -> None:
        async with http.get(path, headers=self._told(kind)) as answer:
            _good(kind, answer.status, 200, await answer.text())

    async def _send(self, http: aiohttp.ClientSession, kind: str, status: int) -> None:
        form = aiohttp.FormData()
        form.add_field("file", _picture(), filename="photo.jpg", content_type="image/jpeg")
        path = f"{_IMAGES}/{kind}" + (f"?business_id={self.business}" if kind == "upload" else "")
        async with http.post(path, data=form, headers=self._told(kind)) as answer:
            _good(kind, answer.status, status, await answer.text())

    @contextlib.asynccontextmanager
    async def _changing(self, http: aiohttp.ClientSession) -> AsyncIterator[Callable[[], Awaitable[None]]]:
        """An open event stream, and what changes its job and returns when the stream has told it."""
        database = await asyncpg.connect(self.database_url)
        notifier = redis.Redis.from_url(self.redis_url)
        path = f"{_STATUS}/{self.job}/events"
        try:
            async with http.get(path, headers=self._told("event stream")) as events:
                _good("event stream", events.status, 200, "")

                async def change() -> None:
                    revision = await database.fetchval(_CHANGE, self.job)
                    await notifier.publish(CHANGES, json.dumps({"id": str(self.job), "revision": revision}))
                    async with asyncio.timeout(_PATIENCE_SECONDS):
                        async for line in events.content:
                            if line.startswith(b"id: ") and int(line[4:]) >= revision:
                                return
                    raise AssertionError("the event stream ended")

                yield change
        finally:
            await notifier.aclose()
            await database.close()


async def _paced(seconds: float, every: float, ask: Callable[[], Awaitable[object]], waits: list[float]) -> None:
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    for number in itertools.count(1):
        began = time.perf_counter()
        await ask()
        waits.append((time.perf_counter() - began) * 1000)
        now, due = loop.time(), until - seconds + number * every
        if max(now, due) >= until:
            return
        await asyncio.sleep(due - now)


def _good(kind: str, status: int, wanted: int, text: str) -> None:
    if status != wanted:
        raise AssertionError(f"the other tenant's {kind} was answered {status}: {text[:120]}")


def _picture() -> bytes:
    """Another one each time: the same bytes would be kept once only."""
    file = io.BytesIO()
    Image.linear_gradient("L").resize(_SIDES).convert("RGB").save(file, "JPEG", comment=os.urandom(16).hex())
    return file.getvalue()
