"""The polls: `GET …/generate/status/{job_id}` and its event stream, as bare ASGI in front of FastAPI.

Polling is most of what this process does; FastAPI's routing alone costs three times this whole answer.
"""

import asyncio
import functools
import re
from uuid import UUID

from starlette.types import Receive, Scope, Send

from gateway.generation.job_cache import JobCache, JobSnapshot
from shared.domain import caller
from shared.domain.errors import FieldError, Invalid, MethodNotAllowed, NotFound
from shared.http import etags, shares
from shared.http.shares import ShareKey

PREFIX = "/api/v1/images/generate/status/"
_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_ELEMENT = re.compile(rb'(?:[^,"]|"(?:[^"\\]|\\.)*")+')
_WAIT = re.compile(rb'[ \t]*wait[ \t]*=[ \t]*("?)([0-9]+)\1[ \t]*(?:;.*)?', re.IGNORECASE | re.DOTALL)
_LONGEST_WAIT = 30
_COMMENT_SECONDS = 15.0
_STREAM = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]


class StatusLane:
    """Answers every path under `PREFIX`."""

    def __init__(self, job_cache: JobCache) -> None:
        self._job_cache = job_cache

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        name, _, rest = scope["path"].removeprefix(PREFIX).partition("/")
        if rest not in {"", "events"} or scope["path"].endswith("/") or not _ID.fullmatch(name):
            raise NotFound("There is no such job")
        if scope["method"] not in {"GET", "HEAD"}:
            raise MethodNotAllowed("A status can only be read", extra={"allow": ["GET", "HEAD"]})
        if scope["query_string"]:
            wrong = FieldError("query", "unknown_field", "This route takes no query parameters")
            raise Invalid(wrong.detail, errors=(wrong,))
        scope["state"]["lane"] = PREFIX + ("{job_id}/events" if rest else "{job_id}")
        job_id = _uuid(name)
        view = await self._job_cache.view(job_id)
        # Somebody else's is answered like one that is not, from the same memory and in the same time.
        if view is None or not caller.of(scope).owns(view.business_id):
            raise NotFound("There is no such job")
        if rest and scope["method"] == "HEAD":
            await send({"type": "http.response.start", "status": 200, "headers": _STREAM})
            await send({"type": "http.response.body", "body": b""})
        elif rest:
            await self._stream(job_id, view, scope, receive, send)
        else:
            await self._poll(job_id, view, scope, receive, send)

    async def _poll(self, job_id: UUID, view: JobSnapshot, scope: Scope, receive: Receive, send: Send) -> None:
        request_headers = _headers(scope)
        waited = False
        seconds = _seconds(scope) if b"prefer" in request_headers else 0
        known = request_headers.get(b"if-none-match", b"")
        # Who names an older version is behind already, and is told at once.
        if (
            seconds
            and (not known or etags.names(known, view.etag))
            and view.retry_after is not None
            and not self._job_cache.refusal(who := _watcher(scope, view))
        ):
            scope["state"]["held"] = True
            with self._job_cache.waiting(who):
                view = await self._until_changed(job_id, view, seconds, receive) or view
            waited = True
        headers = [(b"etag", view.etag.encode()), (b"cache-control", b"no-cache"), (b"vary", b"prefer")]
        if view.retry_after is not None:
            headers.append((b"retry-after", str(view.retry_after).encode()))
        if waited:
            headers.append((b"preference-applied", f"wait={seconds}".encode()))
        if etags.names(known, view.etag):
            await send({"type": "http.response.start", "status": 304, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
            return
        headers += [(b"content-type", b"application/json"), (b"content-length", str(len(view.body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else view.body})

    async def _until_changed(
        self, job_id: UUID, view: JobSnapshot, seconds: float, receive: Receive
    ) -> JobSnapshot | None:
        """Waits for a change of the job itself; a client that leaves ends it."""
        gone = asyncio.create_task(_until_gone(receive))
        change = asyncio.create_task(self._revised(job_id, view, seconds))
        try:
            await asyncio.wait({gone, change}, return_when=asyncio.FIRST_COMPLETED)
            return change.result() if change.done() else None
        finally:
            gone.cancel()
            change.cancel()

    async def _revised(self, job_id: UUID, view: JobSnapshot, seconds: float) -> JobSnapshot | None:
        """The next revision: a step forward in the line alone does not end a held poll."""
        loop = asyncio.get_running_loop()
        until, now = loop.time() + seconds, view
        while now.revision == view.revision and (left := until - loop.time()) > 0 and not self._job_cache.closing:
            changed = await self._job_cache.changed(job_id, now, left)
            if changed is None:
                return None
            now = changed
        return now

    async def _stream(self, job_id: UUID, view: JobSnapshot, scope: Scope, receive: Receive, send: Send) -> None:
        who = _watcher(scope, view)
        if refusal := self._job_cache.refusal(who):
            raise refusal
        with self._job_cache.waiting(who):
            await send({"type": "http.response.start", "status": 200, "headers": _STREAM})
            await self._tell(job_id, view, scope, receive, send)

    async def _tell(self, job_id: UUID, view: JobSnapshot, scope: Scope, receive: Receive, send: Send) -> None:
        """The events, until the job ends or the client leaves."""
        events = asyncio.create_task(self._events(job_id, view, _headers(scope).get(b"last-event-id", b""), send))
        gone = asyncio.create_task(_until_gone(receive))
        try:
            await asyncio.wait({gone, events}, return_when=asyncio.FIRST_COMPLETED)
            if events.done():
                events.result()
                await send({"type": "http.response.body", "body": b""})
        finally:
            gone.cancel()
            events.cancel()

    async def _events(self, job_id: UUID, view: JobSnapshot, last: bytes, send: Send) -> None:
        """Each change once, a comment in every silence, and the end after the final state."""
        seen = int(last) if last.isdigit() and len(last) < 10 else 0
        if view.revision > seen:
            await _send_event(view, send)
        while view.retry_after is not None and not self._job_cache.closing:
            now = await self._job_cache.changed(job_id, view, _COMMENT_SECONDS)
            if now is None:
                return
            if now.etag == view.etag:
                await send({"type": "http.response.body", "body": b": still here\n\n", "more_body": True})
            else:
                await _send_event(now, send)
            view = now


def _watcher(scope: Scope, view: JobSnapshot) -> ShareKey:
    """Whose share of the watchers it takes: the key's, and that of the job's business."""
    return shares.share_key(caller.of(scope), view.business_id)


@functools.lru_cache(maxsize=4096)
def _uuid(name: str) -> UUID:
    """Reading one costs as much as answering for it, and the same are asked for over and over."""
    return UUID(name)


async def _send_event(view: JobSnapshot, send: Send) -> None:
    event = b"id: %d\nevent: job\ndata: %b\n\n" % (view.revision, view.body)
    await send({"type": "http.response.body", "body": event, "more_body": True})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _headers(scope: Scope) -> dict[bytes, bytes]:
    return dict(scope["headers"])


def _seconds(scope: Scope) -> int:
    """Seconds of `Prefer: wait=N`, 30 at most; 0 without it."""
    values = [value for name, value in scope["headers"] if name == b"prefer"]
    return min(preferred_wait(b",".join(values)), _LONGEST_WAIT)


def preferred_wait(header: bytes) -> int:
    """Seconds of the preference `wait`; 0 without it. `header`: all of the name, with commas between.

    As RFC 7240 says: names in any case, spaces, quotation marks, the first of several counts.
    """
    for element in _ELEMENT.findall(header):
        if found := _WAIT.fullmatch(element):
            return int(found[2].lstrip(b"0")[:9] or 0)
    return 0
