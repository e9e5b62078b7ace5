"""JSON Web Tokens as proof: signed by the issuer of the settings, for us, with an algorithm that was pinned beforehand.

What a token may say: `businesses`, a list of tenants or `"*"`, without which it opens nothing; `rights`, a list of
`read`, `write`, `generate`, `operate`, without which it may only read; `sub`, whom its requests are counted for.
"""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import jwt

from shared.domain.caller import Caller, Right
from shared.domain.errors import Unavailable
from shared.observability import log
from shared.observability.periodic import run_periodically
from shared.settings import GatewaySettings

KEPT_SECONDS = 300.0
"""How often the issuer's keys are asked for: one that the issuer took back is believed so much longer at most."""
PAUSE_SECONDS = 10.0
"""Least time between two questions, so that tokens which name unknown keys cannot make us ask without end."""

_FETCH_SECONDS = 5.0
_MOST_BYTES = 256 * 1024


class Jwks:
    """The issuer's public keys by name. Whose key is known never waits for the issuer: they are asked for again behind.
    Only an unknown name asks at once, so that a new key works without a restart."""

    def __init__(
        self, url: str, client: httpx2.AsyncClient, clock: Callable[[], float], patience: float = _FETCH_SECONDS
    ) -> None:
        self._url = url
        self._client = client
        self._clock = clock
        self._patience = patience
        """Seconds that the issuer has for a whole answer."""
        self._keys: dict[str, jwt.PyJWK] = {}
        self._asked = float("-inf")
        self._got = float("-inf")
        self._one_at_a_time = asyncio.Lock()

    async def find(self, name: str) -> jwt.PyJWK | None:
        """The key of this name. Raises Unavailable when the issuer never answered."""
        if name not in self._keys:
            async with self._one_at_a_time:
                if name not in self._keys:
                    await self._ask()
        if self._got == float("-inf"):
            raise Unavailable("The issuer of tokens does not answer", retry_after=PAUSE_SECONDS)
        return self._keys.get(name)

    async def refresh(self) -> None:
        """One look whether what is known is too old, and if so one question. To be done again and again."""
        if self._clock() - self._got >= KEPT_SECONDS:
            async with self._one_at_a_time:
                await self._ask()

    async def _ask(self) -> None:
        """Keeps the old keys when the issuer is away: it must not be able to lock everybody out for a while."""
        if self._clock() - self._asked < PAUSE_SECONDS:
            return
        self._asked = self._clock()
        try:
            async with asyncio.timeout(self._patience):
                found = jwt.PyJWKSet.from_dict(json.loads(await self._answer()))
        except (httpx2.HTTPError, TimeoutError, ValueError, jwt.PyJWTError) as fault:
            log.get().error("jwks.unreachable", error=type(fault).__name__)
            return
        self._keys = {key.key_id: key for key in found.keys if key.key_id and key.public_key_use in (None, "sig")}
        self._got = self._clock()

    async def _answer(self) -> bytes:
        whole = bytearray()
        async with self._client.stream("GET", self._url) as answer:
            if answer.status_code != 200:
                raise ValueError(f"status {answer.status_code}")
            async for piece in answer.aiter_bytes():
                whole += piece
                if len(whole) > _MOST_BYTES:
                    raise ValueError(f"more than {_MOST_BYTES} bytes")
        return bytes(whole)


class Jwts:
    """Reads tokens. Never says why one was refused: that is for the log of the issuer."""

    def __init__(self, settings: GatewaySettings, jwks: Jwks | None) -> None:
        self._settings = settings
        self._jwks = jwks
        self._algorithms = settings.jwt_algorithm_list()

    async def caller(self, token: str) -> Caller | None:
        """Whose it is; None when it proves nothing. Raises Unavailable when the issuer's keys cannot be had."""
        try:
            key = await self._key(jwt.get_unverified_header(token))
            if key is None:
                return None
            claims = jwt.decode(
                token,
                key,
                algorithms=self._algorithms,
                audience=self._settings.jwt_audience,
                issuer=self._settings.jwt_issuer,
                leeway=self._settings.jwt_leeway,
                options={"require": ["exp", "iss", "aud"]},
            )
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
            # The last three are what a token of strange types or depth makes the libraries below raise.
            return None
        return _caller(claims, token)

    async def _key(self, head: dict[str, Any]) -> Any:
        if head.get("alg") not in self._algorithms:
            return None
        if self._settings.jwt_key is not None:
            return self._settings.jwt_key.get_secret_value()
        name = head.get("kid")
        return await self._jwks.find(name) if self._jwks and isinstance(name, str) else None


def _caller(claims: dict[str, Any], token: str) -> Caller | None:
    businesses, rights = claims.get("businesses"), claims.get("rights", ["read"])
    if businesses != "*" and not (isinstance(businesses, list) and businesses and all(map(_is_business, businesses))):
        return None
    if not isinstance(rights, list):
        return None
    known = frozenset(right for right in Right if right.value in rights)
    # A digest, because it is written to the log and to Redis, and may hold any character.
    digest = hashlib.sha256(str(claims.get("sub") or token).encode()).hexdigest()
    return Caller(f"jwt:{digest[:16]}", known, None if businesses == "*" else frozenset(businesses))


def _is_business(value: object) -> bool:
    return type(value) is int and 0 < value < 2**63


@asynccontextmanager
async def reading(settings: GatewaySettings) -> AsyncIterator[Jwts]:
    """A reader for these settings, and the connection to the issuer where it needs one."""
    if settings.jwt_jwks_url is None:
        yield Jwts(settings, None)
        return
    async with httpx2.AsyncClient(timeout=_FETCH_SECONDS, follow_redirects=False) as client:
        jwks = Jwks(settings.jwt_jwks_url, client, asyncio.get_running_loop().time)
        async with run_periodically("jwks", PAUSE_SECONDS, jwks.refresh):
            yield Jwts(settings, jwks)
