"""Plays a call as the script says: waits, hangs, drops the connection, spoils, refuses, or simply does the work.
What the work and the refusals are is the vendors' business (openai.py, cloudinary.py, delivery.py).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from deploy.sandbox.control.faults import Behaviour
from deploy.sandbox.control.ledger import Entry
from deploy.sandbox.parts import EndingError, Parts, of_application

Spoil = Callable[[bytes], bytes]
"""What the bytes of every generated or delivered picture pass."""
Work = Callable[[Spoil], Awaitable[Response]]
"""Does what is asked for and makes the good answer, or raises VendorError."""

_WORKING = {"ok", "slow", "broken_bytes", "not_json", "drop_after", "trickle"}
"""What happens after the work, and not instead of it."""


class VendorError(Exception):
    """What a played company answers instead of what was asked for."""

    code: str | None = None
    """For the ledger."""

    def response(self, parts: Parts, entry: Entry) -> Response:
        """In the company's own words."""
        raise NotImplementedError


class Dropped(Response):
    """No answer: the TCP connection is gone. See connection.py, which puts the transport within reach."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Aborts the connection."""
        scope["state"]["transport"].abort()
        await _until_gone(receive)


def begin(request: Request, target: str, request_id: str) -> Entry:
    """The line that this request will have in the ledger, if it gets one."""
    entry = Entry(target, request_id, client_request_id=request.headers.get("x-client-request-id"))
    request.state.entry = entry
    return entry


async def play(
    request: Request, work: Work, refusal: Callable[[Behaviour], VendorError], latency_seconds: float = 0.0
) -> Response:
    """Answers a request that is right in itself and has been begun.

    The script looks for its prompt or public id. `refusal` says in the company's words what is scripted,
    `latency_seconds` is how long the company takes when nothing is.
    """
    parts, entry = of_application(request), request.state.entry
    behaviour = parts.script.next(entry.target, entry.prompt or entry.public_id or "")
    entry.did = behaviour.do
    parts.ledger.open(entry)
    try:
        try:
            waiting = latency_seconds + behaviour.seconds
            response = Dropped() if await _interrupted(parts, waiting) else await _perform(request, work, behaviour)
            if response is None:
                raise refusal(behaviour)
        except VendorError as problem:
            entry.code, response = problem.code, problem.response(parts, entry)
        entry.status = None if isinstance(response, Dropped) else response.status_code
        entry.client_gone = await request.is_disconnected()
        return response
    except EndingError:
        return Dropped()
    finally:
        parts.ledger.close(entry)


async def refused(request: Request, problem: VendorError) -> Response:
    """Answers what was raised before the call was played."""
    parts, entry = of_application(request), request.state.entry
    entry.code, response = problem.code, problem.response(parts, entry)
    return record(parts, entry, response, "limited" if response.status_code == 429 else "refused")


def record(parts: Parts, entry: Entry, response: Response, did: str) -> Response:
    """A request that never reaches the script only gets its line in the ledger. One that names a wrong key gets none:
    else any web page could write there."""
    if response.status_code != 401:
        entry.did, entry.status = did, response.status_code
        parts.ledger.open(entry)
        parts.ledger.close(entry)
    return response


async def _perform(request: Request, work: Work, behaviour: Behaviour) -> Response | None:
    """None is a refusal."""
    parts = of_application(request)
    if behaviour.do not in _WORKING:
        if behaviour.works_anyway:
            await work(_untouched)
        if behaviour.do == "hang":
            await _hang(parts, request)
        return Dropped() if behaviour.do in {"hang", "drop_before"} else None
    answer = await work(_SPOILS[behaviour.broken] if behaviour.do == "broken_bytes" else _untouched)
    match behaviour.do:
        case "not_json":
            return Response(answer.body[: len(answer.body) // 2], media_type="application/json")
        case "drop_after":
            return Dropped()
        case "trickle":
            return StreamingResponse(_trickle(parts, bytes(answer.body)), headers=_plain(answer))
        case _:
            return answer if behaviour.usage else _without_usage(answer)


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
    ends = {asyncio.ensure_future(_until_gone(request.receive)), asyncio.ensure_future(parts.closing.wait())}
    try:
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for end in ends:
            end.cancel()


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


def _without_usage(answer: Response) -> Response:
    body = {name: value for name, value in orjson.loads(answer.body).items() if name != "usage"}
    return Response(orjson.dumps(body), answer.status_code, _plain(answer))


def _untouched(picture: bytes) -> bytes:
    return picture


_SPOILS: dict[str, Spoil] = {
    "garbage": lambda _picture: b"These are not the bytes of a picture. " * 20,
    "truncated": lambda picture: picture[: len(picture) // 2],
}
