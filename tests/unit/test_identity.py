"""What the gateway signs and a service believes: for this request, for a minute, by a secret that both know."""

import pytest

from shared.caller import ANYONE, Caller, Right
from shared.errors import Forbidden, Unauthorized
from shared.identity import SECONDS, Seal
from shared.settings import Common

OLD, NEW = "o" * 32, "n" * 32
SOMEBODY = Caller("abcdefghij", frozenset({Right.READ, Right.WRITE}), frozenset({1, 22}))


def seal(secret: str, now: float = 1000.0) -> Seal:
    settings = Common(database_url="postgresql://x", redis_url="redis://x", inner_secret=secret)
    return Seal(settings, lambda: now)


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


def test_a_caller_acts_for_its_own_businesses() -> None:
    assert SOMEBODY.whose(None) == [1, 22] and SOMEBODY.whose(22) == [22] and ANYONE.whose(None) is None
    assert SOMEBODY.owns(1) and not SOMEBODY.owns(2) and ANYONE.owns(2)
    with pytest.raises(Forbidden):
        SOMEBODY.whose(2)
    with pytest.raises(Forbidden):
        SOMEBODY.require(Right.GENERATE)
