"""Tokens as proof, checked against an issuer that is played over HTTP: what is believed, what is not, and new keys."""

import asyncio
import base64
import hashlib
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from starlette.types import Receive, Scope, Send

from gateway.auth import jwts
from gateway.auth.jwts import KEPT_SECONDS, PAUSE_SECONDS, Jwks, Jwts
from shared.domain.caller import Caller, Right
from shared.domain.errors import Unavailable
from tests.service.gate import answer, eventually, listening, settings

ISSUER, AUDIENCE = "https://issuer.example", "darkroom"
RSA = rsa.generate_private_key(65537, 2048)
ANN = "jwt:" + hashlib.sha256(b"ann; rights").hexdigest()[:16]
OTHER = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())


@dataclass
class Issuer:
    """Shows public keys at every path."""

    keys: dict[str, Any] = field(default_factory=lambda: {"one": RSA, "two": EC})
    status: int = 200
    asked: int = 0
    hangs: asyncio.Event | None = None
    """Until it is set nothing is answered."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked += 1
        if self.hangs is not None:
            await self.hangs.wait()
        shown = []
        for name, key in self.keys.items():
            kind = jwt.algorithms.RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else jwt.algorithms.ECAlgorithm
            shown.append({**kind.to_jwk(key.public_key(), as_dict=True), "kid": name, "use": "sig"})
        await answer(send, json.dumps({"keys": shown}).encode(), self.status)


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


def token(key: Any = RSA, algorithm: str = "RS256", kid: str | None = "one", **claims: Any) -> str:
    said = {"iss": ISSUER, "aud": AUDIENCE, "exp": time.time() + 60, "businesses": [1], **claims}
    kept = {name: value for name, value in said.items() if value is not None}
    return jwt.encode(kept, key, algorithm=algorithm, headers={"kid": kid} if kid else None)


def chosen(**more: Any) -> dict[str, Any]:
    return {"auth": "jwt", "jwt_issuer": ISSUER, "jwt_audience": AUDIENCE, **more}


@asynccontextmanager
async def reading(issuer: Issuer, **more: Any) -> AsyncIterator[Jwts]:
    async with listening(issuer) as port:
        url = f"http://127.0.0.1:{port}/jwks"
        async with jwts.reading(settings("http://127.0.0.1:1", **chosen(jwt_jwks_url=url, **more))) as reader:
            yield reader


async def test_a_token_says_who_may_do_what() -> None:
    async with reading(Issuer()) as reader:
        assert await reader.caller(token(sub="ann; rights")) == Caller(ANN, frozenset({Right.READ}), frozenset({1}))
        more: dict[str, Any] = {"sub": "ann; rights", "businesses": [3, 2], "aud": ["x", AUDIENCE]}
        rich = token(EC, "ES256", "two", rights=["generate", "write", "fly"], **more)
        assert await reader.caller(rich) == Caller(ANN, frozenset({Right.GENERATE, Right.WRITE}), frozenset({2, 3}))
        everybody = token(sub="ann; rights", businesses="*", rights=[])
        assert await reader.caller(everybody) == Caller(ANN, frozenset(), None)
        assert await reader.caller(token(exp=time.time() - 10)) is not None, "clocks differ by less than the leeway"


async def test_whose_a_token_is_shows_in_its_callers_name() -> None:
    async with reading(Issuer()) as reader:
        said = [token(sub="ann"), token(sub="ann", jti="2"), token(sub="bob"), token(jti="3"), token(jti="4")]
        names = [found.name for one in said if (found := await reader.caller(one))]
    assert names[0] == names[1]
    assert len(set(names[1:])) == 4, "where nobody is named, each token is somebody"


async def test_what_is_wrong_with_a_token_makes_it_worth_nothing() -> None:
    public = RSA.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    head, body, signature = token().split(".")
    none = base64.urlsafe_b64encode(b'{"alg":"none","kid":"one"}').rstrip(b"=").decode()
    deep = base64.urlsafe_b64encode(b'{"alg":"RS256","kid":' + b"[" * 2000 + b"]" * 2000 + b"}").decode()
    confused = _by_hand({"alg": "HS256", "kid": "one"}, body, public)
    async with reading(Issuer()) as reader:
        for wrong in (
            token(exp=time.time() - 60),
            token(exp=None),
            token(nbf=time.time() + 600),
            token(iss="https://evil.example"),
            token(iss=None),
            token(aud="another"),
            token(aud=None),
            token(OTHER),
            token(kid="unknown"),
            token(kid=None),
            token(kid="two"),
            token(EC, "ES256", "one"),
            token(algorithm="RS512"),
            token(businesses=None),
            token(businesses=[]),
            token(businesses=[0]),
            token(businesses=[True]),
            token(businesses=["1"]),
            token(businesses=1),
            token(rights="write"),
            f"{none}.{body}.",
            f"{none}.{body}.{signature}",
            f"{head}.{body}.{signature[:-6]}AAAAAA",
            f"{head}.{body}",
            f"{deep}.{body}.{signature}",
            confused,
            "a.b.c",
            "",
        ):
            assert await reader.caller(wrong) is None, wrong


def _by_hand(head: dict[str, str], body: str, secret: bytes) -> str:
    """The classic: a public key used as an HMAC secret, which the library itself refuses to write."""
    import hmac

    said = base64.urlsafe_b64encode(json.dumps(head).encode()).rstrip(b"=").decode() + "." + body
    mac = hmac.new(secret, said.encode(), hashlib.sha256).digest()
    return f"{said}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


async def test_one_key_of_the_settings_instead_of_an_address() -> None:
    pem = RSA.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    async with jwts.reading(settings("http://x", **chosen(jwt_key=pem.decode()))) as reader:
        assert await reader.caller(token(kid=None)) is not None
        assert await reader.caller(token(OTHER)) is None
    secret = "s" * 32
    async with jwts.reading(settings("http://x", **chosen(jwt_key=secret, jwt_algorithms="HS256"))) as reader:
        assert await reader.caller(token(secret, "HS256", None)) is not None
        assert await reader.caller(token("t" * 32, "HS256", None)) is None
        assert await reader.caller(token()) is None


async def test_a_new_key_of_the_issuer_works_without_a_restart_and_an_old_one_ends() -> None:
    issuer, clock = Issuer({"one": RSA}), Clock()
    async with listening(issuer) as port, httpx2.AsyncClient(trust_env=False) as client:
        known = Jwks(f"http://127.0.0.1:{port}/", client, clock)
        assert await known.find("one") and issuer.asked == 1
        issuer.keys = {"new": OTHER}
        assert await known.find("new") is None and issuer.asked == 1, "asked again too soon"
        clock.now += PAUSE_SECONDS
        assert await known.find("new") and issuer.asked == 2
        assert await known.find("one") is None
        await known.refresh()
        assert await known.find("new") and issuer.asked == 2, "what is known is not asked for"
        clock.now += KEPT_SECONDS
        issuer.keys = {"one": RSA}
        assert await known.find("new") and issuer.asked == 2, "nor by whoever has a known key"
        await known.refresh()
        assert await known.find("new") is None and issuer.asked == 3


async def test_an_issuer_that_is_away_locks_nobody_out_whose_key_was_seen() -> None:
    issuer, clock = Issuer(status=500), Clock()
    async with listening(issuer) as port, httpx2.AsyncClient(trust_env=False) as client:
        known = Jwks(f"http://127.0.0.1:{port}/", client, clock)
        with pytest.raises(Unavailable):
            await known.find("one")
        issuer.status = 200
        clock.now += PAUSE_SECONDS
        assert await known.find("one")
        issuer.status = 503
        clock.now += KEPT_SECONDS
        await known.refresh()
        assert issuer.asked == 3
        assert await known.find("one")
        await known.refresh()
        assert issuer.asked == 3, "asked again too soon"
        issuer.status, issuer.keys = 200, {"new": OTHER}
        clock.now += PAUSE_SECONDS
        await known.refresh()
        assert issuer.asked == 4 and await known.find("one") is None, "asked again soon after a failure"


async def test_whose_key_is_known_does_not_wait_for_an_issuer_that_hangs() -> None:
    issuer, clock, freed = Issuer(), Clock(), asyncio.Event()
    async with listening(issuer) as port, httpx2.AsyncClient(trust_env=False) as client:
        known = Jwks(f"http://127.0.0.1:{port}/", client, clock)
        assert await known.find("one")
        issuer.hangs = freed
        clock.now += KEPT_SECONDS
        waiting = [asyncio.ensure_future(work) for work in (known.refresh(), known.find("unknown"))]
        await eventually("the issuer hangs", lambda: issuer.asked == 2)
        for _ in range(3):
            assert await known.find("one")
            assert not any(one.done() for one in waiting), "it was served while the issuer was asked"
        freed.set()
        assert await asyncio.gather(*waiting) == [None, None]


async def test_an_issuer_that_sends_drop_by_drop_or_without_end_is_away() -> None:
    async def drops(scope: Scope, _receive: Receive, send: Send) -> None:
        drop = {"type": "http.response.body", "body": b" " * int(scope["path"][1:]), "more_body": True}
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while True:
            await send(drop)
            await asyncio.sleep(0.01)

    for size in (1, 64 * 1024):
        async with listening(drops) as port, httpx2.AsyncClient(trust_env=False) as client:
            with pytest.raises(Unavailable):
                await Jwks(f"http://127.0.0.1:{port}/{size}", client, Clock(), patience=1.0).find("one")


async def test_the_keys_are_asked_for_before_anybody_needs_them() -> None:
    issuer = Issuer()
    async with reading(issuer):
        await eventually("they were asked for", lambda: issuer.asked)
