"""Files that come in are bounded together, and of each key or business."""

import pytest

from shared.domain.errors import RateLimited, Unavailable
from shared.http.shares import ShareKey
from shared.settings import UploadSettings
from upload_service.bounds import Space

ONE, TWO, THREE = (ShareKey(f"business {n}", frozenset({f"business {n}"})) for n in (1, 2, 3))


def space(**more: float) -> Space:
    told = {"database_url": "postgresql://unused", "redis_url": "redis://unused"}
    return Space(UploadSettings.model_validate({**told, "max_file": 1024, **more}))


def test_one_has_a_share_and_gives_back_what_it_took() -> None:
    room = space(temp_bytes=4096)
    with room.account(ONE) as first:
        first.take(624)
        with room.account(ONE) as second, pytest.raises(RateLimited, match="more than 1024 bytes"):
            second.take(401)
        with room.account(ONE) as third:
            third.take(400)
        with room.account(TWO) as another:
            another.take(1024)
    with room.account(ONE) as next_:
        next_.take(1024)


def test_a_key_of_many_businesses_has_one_share() -> None:
    room = space(temp_bytes=4096)
    with room.account(ShareKey("business 1", frozenset({"business 1", "key k"}))) as first:
        first.take(700)
        other = ShareKey("business 2", frozenset({"business 2", "key k"}))
        with room.account(other) as second, pytest.raises(RateLimited):
            second.take(700)
        with room.account(TWO) as another:
            another.take(700)


def test_all_together_have_an_end() -> None:
    room = space(temp_bytes=2048, share=0.5)
    with room.account(ONE) as first, room.account(TWO) as second:
        first.take(1024)
        second.take(1024)
        with room.account(THREE) as third, pytest.raises(Unavailable):
            third.take(1)
