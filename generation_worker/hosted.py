"""Fetching a paid picture from the address that the vendor answered with: at once, because such addresses expire.

The answer may name any address, so only public ones are connected to, and the vendor's own. Bounded in bytes and time.
"""

import asyncio
import ssl
from dataclasses import replace
from functools import cache
from uuid import UUID

import aiohttp
from yarl import URL

from generation_worker import picture
from generation_worker.paid import until_postgres_answers
from generation_worker.providers.base import GeneratedImage, unread
from generation_worker.resources import WorkerResources
from shared.db import unreadable_answers
from shared.db.tables import JobRow
from shared.domain import addresses
from shared.http.public_only import NotPublic, PublicOnly
from shared.settings import WorkerSettings

_HOPS = 3
_PIECE = 256 * 1024
_TRIES = 3
_BETWEEN = 1.0


class Unfetched(Exception):
    """The picture could not be had from there; as a string why."""


class NotWhole(Unfetched):
    """What lies there is no whole picture."""


async def bring(
    resources: WorkerResources, job: JobRow, attempt_id: UUID, generated: GeneratedImage, address: str
) -> GeneratedImage:
    """The same with its picture. The answer is kept meanwhile: whatever ends us, the address is known.

    Raises UnreadableImage, whose answer stays kept.
    """
    keeping = asyncio.create_task(
        until_postgres_answers(
            lambda: unreadable_answers.keep(
                resources.db, attempt_id, job, "Its picture was being fetched", generated.content
            )
        )
    )
    try:
        data = await fetch(resources.settings, address)
    except Unfetched as why:
        detail = f"The picture could not be fetched from the vendor's address: {why}"
        raise unread(detail, generated.content, generated.request_id) from why
    finally:
        keeping.cancel()
    return replace(generated, data=data)


async def fetch(settings: WorkerSettings, address: str) -> bytes:
    """The picture there. Raises Unfetched. It costs nothing, so a host that stumbles, or whose picture is not whole
    yet, is asked again within the time."""
    try:
        async with asyncio.timeout(settings.fetch_timeout), _session(settings) as session:
            for _ in range(_TRIES - 1):
                try:
                    return await _picture(session, URL(address), settings)
                except (aiohttp.ClientError, OSError, NotWhole):
                    await asyncio.sleep(_BETWEEN)
            return await _picture(session, URL(address), settings)
    except NotPublic as refused:
        raise Unfetched(f"the address is not public ({refused})") from None
    except TimeoutError:
        raise Unfetched(f"not within {settings.fetch_timeout:g} s") from None
    except (aiohttp.ClientError, OSError, ValueError) as failed:
        raise Unfetched(type(failed).__name__) from failed


@cache
def _trusted() -> ssl.SSLContext:
    """Made once: it reads every certificate authority, and nothing else runs meanwhile."""
    return ssl.create_default_context()


def _session(settings: WorkerSettings) -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(
        resolver=PublicOnly(settings.fetch_allowed), use_dns_cache=False, force_close=True,
        ssl=_trusted(),
    )  # fmt: skip
    return aiohttp.ClientSession(
        connector=connector,
        timeout=aiohttp.ClientTimeout(total=None),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        headers={"User-Agent": "Darkroom", "Accept": "image/*", "Accept-Encoding": "identity"},
    )


async def _picture(session: aiohttp.ClientSession, url: URL, settings: WorkerSettings) -> bytes:
    data = await _follow(session, url, settings)
    if await asyncio.to_thread(picture.look, data) is None:
        raise NotWhole(f"what lies there is no whole picture, {len(data)} bytes")
    return data


async def _follow(session: aiohttp.ClientSession, url: URL, settings: WorkerSettings) -> bytes:
    for _ in range(_HOPS + 1):
        if url.scheme not in addresses.PORTS or not url.raw_host:
            raise Unfetched("it leads to no web address")
        if fault := addresses.of_url(url, settings.fetch_allowed):
            raise NotPublic(fault)
        async with session.get(url, allow_redirects=False) as response:
            if response.status in (301, 302, 303, 307, 308):
                url = url.join(URL(response.headers.get("Location", "")))
                continue
            if response.status >= 500 or response.status == 429:
                raise aiohttp.ClientPayloadError(f"{response.status}")
            if response.status != 200:
                raise Unfetched(f"the host answered {response.status}")
            return await _body(response, settings.max_vendor_picture)
    raise Unfetched("it redirects too often")


async def _body(response: aiohttp.ClientResponse, most: int) -> bytes:
    body = bytearray()
    while piece := await response.content.read(_PIECE):
        body += piece
        if len(body) > most:
            raise Unfetched(f"more than {most} bytes")
    return bytes(body)
