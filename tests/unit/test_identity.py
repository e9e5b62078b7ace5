"""What the gateway signs and a service believes: for this request, for a minute, by a secret that both know."""

import httpx2
import pytest
from starlette.types import Receive, Scope, Send

from shared.domain.caller import ANYONE, Caller, Right
from shared.domain.errors import Forbidden, Unauthorized
from shared.http.internal_auth import HEADER, SECONDS, CallerToken, InternalAuth, _mac
from shared.http.middleware import Middleware
from shared.settings import Common

OLD, NEW = "o" * 32, "n" * 32
SOMEBODY = Caller("abcdefghij", frozenset({Right.READ, Right.WRITE}), frozenset({1, 22}))


def seal(secret: str, now: float = 1000.0) -> CallerToken:
    settings = Common(database_url="postgresql://x", redis_url="redis://x", inner_secret=secret)
    return CallerToken(settings, lambda: now)


@pytest.mark.parametrize(
    "caller", [SOMEBODY, ANYONE, Caller("x", frozenset(), frozenset()), Caller("x", frozenset(), None)]
)
def test_what_is_signed_is_what_is_read(caller: Caller) -> None:
    said = seal(NEW).sign(caller, "GET", b"/a?b=1")
    assert seal(NEW).read(said.encode(), "GET", b"/a?b=1") == caller


def test_it_holds_for_this_request_and_a_minute_only() -> None:
    said = seal(NEW).sign(SOMEBODY, "GET", b"/a?b=1").encode()
    for method, target, now in (
        ("DELETE", b"/a?b=1", 1000),
        ("GET", b"/a?b=2", 1000),
        ("GET", b"/a", 1000),
        ("GET", b"/a?b=1", 1000 + SECONDS + 1),
        ("GET", b"/a?b=1", 1000 - SECONDS - 1),
    ):
        with pytest.raises(Unauthorized):
            seal(NEW, now).read(said, method, target)


def test_nothing_in_it_can_be_changed() -> None:
    said = seal(NEW).sign(SOMEBODY, "GET", b"/a")
    changed = [
        said.replace("1,22", "*"),
        said.replace("read,", "operate,read,"),
        said.replace("1060;", "1061;"),
        said[:-1] + ("0" if said[-1] != "0" else "1"),
        said.rpartition(";")[0],
        "",
        ";;;;",
        "\xff;;;;",
    ]
    for one in changed:
        with pytest.raises(Unauthorized):
            seal(NEW).read(one.encode("latin-1"), "GET", b"/a")


def test_secrets_are_changed_without_a_stop() -> None:
    by_old, by_new = (seal(secret).sign(SOMEBODY, "GET", b"/").encode() for secret in (OLD, NEW))
    both = seal(f"{NEW}, {OLD}")
    assert both.read(by_old, "GET", b"/") == both.read(by_new, "GET", b"/") == SOMEBODY
    assert both.sign(SOMEBODY, "GET", b"/").encode() == by_new
    with pytest.raises(Unauthorized):
        seal(NEW).read(by_old, "GET", b"/")


WRITTEN = "1060;abcdefghij;read,write;1,22;824d817e4a61fe596a6d7960770f89dcf8d0eb4635a9260a6f01cc438b8af1b5"
"""As the version before this one writes it."""


def test_versions_beside_each_other_understand_each_other() -> None:
    assert seal(NEW).sign(SOMEBODY, "PUT", b"/a?b=1") == WRITTEN
    assert seal(NEW).read(WRITTEN.encode(), "PUT", b"/a?b=1") == SOMEBODY
    later = "1060;abcdefghij;paint,read,write;1,22;more"
    signed = f"{later};{_mac(NEW.encode(), later, 'PUT', b'/a?b=1')}"
    assert seal(NEW).read(signed.encode(), "PUT", b"/a?b=1") == SOMEBODY


@pytest.mark.parametrize(
    ("rights", "method", "path", "status"),
    [
        ({Right.READ}, "GET", "/api/v1/images", 200),
        ({Right.READ}, "POST", "/api/v1/images/validate/instagram", 200),
        ({Right.WRITE}, "POST", "/api/v1/images/upload", 200),
        ({Right.READ, Right.GENERATE, Right.OPERATE}, "POST", "/api/v1/images/upload", 403),
        ({Right.READ}, "DELETE", "/api/v1/images/x", 403),
        ({Right.WRITE}, "HEAD", "/api/v1/images/x", 403),
        (set(), "GET", "/api/v1/images", 403),
    ],
)
async def test_a_service_looks_again_whether_the_request_is_within_the_rights(
    rights: set[Right], method: str, path: str, status: int
) -> None:
    """Also of a gateway that forgot to look, or was told to sign what it should not."""
    settings = Common(database_url="postgresql://x", redis_url="redis://x", inner_secret=NEW)

    async def service(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    door = httpx2.ASGITransport(Middleware(InternalAuth(service, settings), settings, checks={}))
    signed = CallerToken(settings).sign(Caller("x", frozenset(rights), None), method, path.encode())
    async with httpx2.AsyncClient(transport=door, base_url="http://localhost") as client:
        assert (await client.request(method, path, headers={HEADER: signed})).status_code == status


def test_a_caller_acts_for_its_own_businesses() -> None:
    assert (
        SOMEBODY.business_ids(None) == [1, 22]
        and SOMEBODY.business_ids(22) == [22]
        and ANYONE.business_ids(None) is None
    )
    assert SOMEBODY.owns(1) and not SOMEBODY.owns(2) and ANYONE.owns(2)
    with pytest.raises(Forbidden):
        SOMEBODY.business_ids(2)
    with pytest.raises(Forbidden):
        SOMEBODY.require(Right.GENERATE)
