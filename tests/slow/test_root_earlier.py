"""A data folder that an earlier version made for root: its Postgres ran as nobody."""

import pwd
import stat
from pathlib import Path

import pytest

from tests.local.slow.test_earlier import Earlier
from tests.slow.needs import needs_root


def test_an_earlier_one_of_roots_belongs_to_a_user_that_nobody_else_is() -> None:
    needs_root()
    with Earlier() as server:
        assert server.home.stat().st_uid == pwd.getpwnam("nobody").pw_uid
        server.stop()
        server.upgrade()
        assert not list(server.home.glob("programs-*"))
        assert (server.home.stat().st_uid, stat.S_IMODE(server.home.stat().st_mode)) == (0, 0o710)
        data = server.home / "data"
        owners = {(place.lstat().st_uid, place.lstat().st_gid) for place in (data, *data.rglob("*"))}
        [(uid, gid)] = owners
        assert uid == gid == server.home.stat().st_gid
        with pytest.raises(KeyError):
            pwd.getpwuid(uid)
        assert Path(f"/proc/{server.pid}").stat().st_uid == uid
