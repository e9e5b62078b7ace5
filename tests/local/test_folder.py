"""The data folder is closed to other users of the machine, whatever was there, and whoever runs it."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import preflight
from deploy.local.ports import free_port
from tests.local.conftest import Local

MOST = 0o711 if os.geteuid() == 0 else 0o700


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def open_to_others(data: Path) -> list[str]:
    """What somebody else could read or enter."""
    found = []
    for place in data.rglob("*"):
        mode = place.lstat().st_mode
        # Root's Postgres passes through its home as a member of a group that has no other.
        passing = 0o010 if place == data / "postgres" and os.geteuid() == 0 else 0
        if not stat.S_ISLNK(mode) and mode & 0o077 & ~passing:
            found.append(f"{stat.filemode(mode)} {place}")
    return found


def test_a_new_folder_is_closed_under_an_open_umask(local: Local, open_umask: None) -> None:
    local.run(stores=True).stop()
    assert stat.S_IMODE(local.data.stat().st_mode) == MOST
    assert open_to_others(local.data) == []
    assert {"logs", "valkey", "postgres", "database_url"} <= {place.name for place in local.data.iterdir()}


def test_an_open_folder_is_closed_and_not_refused(local: Local, open_umask: None) -> None:
    for name in ("", "logs", "sandbox", "sandbox/pictures", "valkey"):
        (local.data / name).mkdir()
        (local.data / name).chmod(0o777)
    for name in ("database_url", "lock", "sandbox.port"):
        (local.data / name).write_text("")
    (local.data / "sandbox.port").write_text(str(free_port()))
    (local.data / "holiday").mkdir()
    local.run().stop()

    assert stat.S_IMODE(local.data.stat().st_mode) == MOST
    for name in ("logs", "sandbox", "valkey", "database_url", "lock", "sandbox.port"):
        assert stat.S_IMODE((local.data / name).stat().st_mode) & 0o077 == 0, name
    assert stat.S_IMODE((local.data / "holiday").stat().st_mode) == 0o777, "that is not ours"


def test_what_is_everybodys_by_design_stays_so(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    with preflight.our_folder(tmp_path):
        assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o1777
        assert stat.S_IMODE((tmp_path / "logs").stat().st_mode) == 0o700
