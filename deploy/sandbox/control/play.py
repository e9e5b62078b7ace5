"""Plays a call as the script says: waits, hangs, drops the connection, spoils, refuses, or simply does the work.
What the work and the refusals are is the vendors' business (openai.py, cloudinary.py, delivery.py).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from deploy.sandbox.control.faults import Behaviour
from deploy.sandbox.control.ledger import Entry
from deploy.sandbox.parts import DismissedError, Parts

Spoil = Callable[[bytes], bytes]


@dataclass(frozen=True)
class Call:
    """One valid request, ready to be answered in whatever way the script wants."""

    entry: Entry
    """Its line in the ledger."""
    work: Callable[[Spoil], Awaitable[Response]]
    """Does the work (through `Spoil`, which every picture's bytes pass) and makes the good answer."""
    refuse: Callable[[Behaviour], Response]
    """The vendor's own body for a refusal."""
    latency_seconds: float = 0.0
    """How long the vendor takes when nothing is scripted."""

    @property
    def subject(self) -> str:
        """What a script's `match` looks at."""
        return self.entry.prompt or self.entry.public_id or ""


class Dropped(Response):
    """No answer: the TCP connection is gone. See connection.py, which puts the transport within reach."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        scope["state"]["transport"].abort()
        await _until_gone(receive)


async def play(parts: Parts, request: Request, call: Call) -> Response:
    behaviour = parts.script.next(call.entry.target, call.subject)
    call.entry.did = behaviour.do
    parts.ledger.open(call.entry)
    try:
        response = await _perform(parts, request, call, behaviour)
        call.entry.status = None if isinstance(response, Dropped) else response.status_code
        call.entry.client_gone = await request.is_disconnected()
        return response
    except DismissedError:
        return Dropped()
    finally:
        parts.ledger.close(call.entry)


def refuse(parts: Parts, entry: Entry, response: Response, did: str = "refused") -> Response:
    """A request that is wrong in itself never reaches the script; it only gets its line in the ledger. One that names a
    wrong key does not even get that: else any web page could write there."""
    if response.status_code == 401:
        return response
    entry.did, entry.status = did, response.status_code
    parts.ledger.open(entry)
    parts.ledger.close(entry)
    return response


async def _perform(parts: Parts, request: Request, call: Call, behaviour: Behaviour) -> Response:  # noqa: PLR0911
    if await _interrupted(parts, call.latency_seconds + behaviour.seconds):
        return Dropped()
    match behaviour.do:
        case "ok" | "slow":
            return _counting(await call.work(_untouched), behaviour)
        case "broken_bytes":
            return await call.work(_garbage if behaviour.broken == "garbage" else _truncated)
        case "not_json":
            answer = await call.work(_untouched)
            return Response(answer.body[: len(answer.body) // 2], media_type="application/json")
        case "drop_after":
            await call.work(_untouched)
            return Dropped()
        case "trickle":
            answer = await call.work(_untouched)
            return StreamingResponse(_trickle(parts, bytes(answer.body)), headers=_plain(answer))
        case "drop_before" | "hang":
            await _work_anyway(call, behaviour)
            if behaviour.do == "hang":
                await _hang(parts, request)
            return Dropped()
        case _:
            await _work_anyway(call, behaviour)
            return call.refuse(behaviour)


async def _work_anyway(call: Call, behaviour: Behaviour) -> None:
    if behaviour.works_anyway:
        await call.work(_untouched)


async def _interrupted(parts: Parts, seconds: float) -> bool:
    """Waits, as the vendor does, also for a caller who has left. A release or the process's end cuts it short."""
    if seconds <= 0 or parts.closing.is_set():
        return seconds > 0
    released = asyncio.Event()
    parts.waiting.add(released)
    try:
        await asyncio.wait_for(released.wait(), seconds)
    except TimeoutError:
        pass
    finally:
        parts.waiting.discard(released)
    return parts.closing.is_set()


async def _hang(parts: Parts, request: Request) -> None:
    gone = asyncio.ensure_future(_until_gone(request.receive))
    closing = asyncio.ensure_future(parts.closing.wait())
    try:
        await asyncio.wait({gone, closing}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        gone.cancel()
        closing.cancel()


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _trickle(parts: Parts, body: bytes) -> AsyncIterator[bytes]:
    """A byte every tenth of a second, as through a proxy that all but hangs."""
    for position in range(len(body)):
        yield body[position : position + 1]
        if await _interrupted(parts, 0.1):
            return


def _plain(answer: Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name != "content-length"}


def _counting(answer: Response, behaviour: Behaviour) -> Response:
    """The answer, without its `usage` where the script says so."""
    if behaviour.usage:
        return answer
    body = {name: value for name, value in orjson.loads(answer.body).items() if name != "usage"}
    return Response(orjson.dumps(body), answer.status_code, _plain(answer))


def _untouched(picture: bytes) -> bytes:
    return picture


def _garbage(_picture: bytes) -> bytes:
    return b"These are not the bytes of a picture. " * 20


def _truncated(picture: bytes) -> bytes:
    return picture[: len(picture) // 2]
