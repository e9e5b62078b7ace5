"""The lock on the only door: who asks, and whether they may. Everything under `/api/` passes here first.

What a business may see is decided by whoever answers (`Caller.business_ids`); here it is only whether the key is
valid and has the right that the method and the path need.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from typing import Protocol

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.db import api_keys
from shared.db.pool import Pool
from shared.domain.caller import ANYONE, Caller
from shared.domain.errors import Unauthorized
from shared.http.health import METRICS
from shared.http.internal_auth import SAFE, needed

FRESH_SECONDS = 3.0
"""How long an answer about a key is believed: a revoked one is refused everywhere at most so much later."""
_MOST_REMEMBERED = 10_000
_STRANGERS = 2
"""Keys that are looked up at once without having been valid before."""
_LONGEST = 4096
"""Characters of a key or token."""
_REFUSED = "Send `Authorization: Bearer` with a key or token that is valid"
_API = b"/api/"
_METRICS = METRICS.encode()


class Credentials(Protocol):
    """One kind of proof."""

    async def caller(self, token: str) -> Caller | None:
        """Whose it is; None when it proves nothing."""


class Keys:
    """API keys."""

    def __init__(self, db: Pool) -> None:
        self._db = db
        self._valid: set[bytes] = set()
        """Digests of keys that were valid: they do not wait behind strangers, however many keys those try."""
        self._strangers = asyncio.Semaphore(_STRANGERS)

    async def caller(self, token: str) -> Caller | None:
        """Raises DatabaseUnavailable when Postgres is away: nobody is let in on an old answer."""
        presented = api_keys.read(token)
        if presented is None:
            return None
        async with nullcontext() if presented.digest in self._valid else self._strangers:
            found = await api_keys.find(self._db, presented)
        if found and len(self._valid) < _MOST_REMEMBERED:
            self._valid.add(presented.digest)
        return found


class Authenticate:
    """Asks each request for its proof. With no kinds of proof at all, everybody is anyone."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._kinds: tuple[Credentials, ...] | None = None
        self._known: dict[str, tuple[float, Caller | None]] = {}
        """Of valid proofs, with the time until when that is believed."""
        self._refused: dict[str, tuple[float, Caller | None]] = {}

    def open(self, *kinds: Credentials) -> None:
        """Once the process has started: what counts as proof. None: authentication is off."""
        self._kinds = kinds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (scope["raw_path"].startswith(_API) or scope["raw_path"] == _METRICS):
            caller = await self.caller(scope)
            caller.require(needed(scope["method"], scope["path"]))
            scope["state"]["caller"] = caller
            if self._kinds and scope["method"] not in SAFE:
                await self._judged_again(caller, scope, receive, send)
                return
            if self._kinds and _stays(scope):
                await self._while_valid(scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _judged_again(self, caller: Caller, scope: Scope, receive: Receive, send: Send) -> None:
        """For requests that change something: what was true of the key at their head must be true at their end."""

        async def judge() -> None:
            if await self.caller(scope) != caller:
                raise Unauthorized(_REFUSED)

        body = _Body(judge, receive, send)
        try:
            await self._app(scope, body.receive, body.send)
        except ClientDisconnect:
            if body.refusal is None:
                raise
        if body.refusal is not None:
            raise body.refusal

    async def _while_valid(self, scope: Scope, receive: Receive, send: Send) -> None:
        """For requests that are held open: a key that is revoked meanwhile ends them too."""
        answering = asyncio.ensure_future(self._app(scope, receive, send))
        try:
            while not (await asyncio.wait({answering}, timeout=FRESH_SECONDS))[0]:
                await self.caller(scope)
            answering.result()
        finally:
            answering.cancel()

    async def caller(self, scope: Scope) -> Caller:
        """Who sent it. Raises Unauthorized, in the same words for every reason."""
        if self._kinds == ():
            return ANYONE
        token = _token(scope)
        found = await self._look(token) if token else None
        if found is not None:
            return found
        raise Unauthorized(_REFUSED)

    async def _look(self, token: str) -> Caller | None:
        """What was found a moment ago, or a new look: most requests are polls with the same key."""
        now = asyncio.get_running_loop().time()
        known = self._known.get(token) or self._refused.get(token)
        if known is not None and known[0] > now:
            return known[1]
        found = None
        for kind in self._kinds or ():
            found = found or await kind.caller(token)
        remembered, other = (self._known, self._refused) if found else (self._refused, self._known)
        other.pop(token, None)
        if len(remembered) >= _MOST_REMEMBERED:
            remembered.clear()
        remembered[token] = (now + FRESH_SECONDS, found)
        return found


class _Body:
    """A body that comes as slowly as its sender likes, judged when it is whole.

    Whoever reads it learns of a refusal as of a client that left: nothing is done, and an inner service never sees the
    end of what it was sent. What was answered before the end is not judged.
    """

    def __init__(self, judge: Callable[[], Awaitable[None]], receive: Receive, send: Send) -> None:
        self._judge = judge
        self._receive = receive
        self._send = send
        self._answered = False
        self.refusal: Exception | None = None

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request" and not message.get("more_body", False) and not self._answered:
            try:
                await self._judge()
            except Exception as refusal:  # noqa: BLE001 - raised again when the reader is done
                self.refusal = refusal
        return {"type": "http.disconnect"} if self.refusal else message

    async def send(self, message: Message) -> None:
        if self.refusal is None:
            self._answered = True
            await self._send(message)


def _token(scope: Scope) -> str | None:
    said = [value for name, value in scope["headers"] if name == b"authorization"]
    if len(said) != 1:
        return None
    scheme, _, token = said[0].decode("latin-1").partition(" ")
    return token.strip(" \t") if scheme.lower() == "bearer" and len(token) <= _LONGEST else None


def _stays(scope: Scope) -> bool:
    """Whether the answer may take long because nothing happens: event streams and held polls."""
    return scope["path"].endswith("/events") or any(name == b"prefer" for name, _ in scope["headers"])
