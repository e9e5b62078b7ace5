"""`make remove`: only what is ours, only when it does not run, and only when it was said."""

from pathlib import Path

import pytest

from deploy.local import removal
from tests.local.conftest import Local


def remove(data: Path, *arguments: str) -> int:
    return removal.main(arguments, {"DARKROOM_DATA": str(data)})


def test_it_takes_what_a_run_has_left_and_nothing_else(local: Local, capsys: pytest.CaptureFixture[str]) -> None:
    local.run(stores=True).stop()
    (local.data / "holiday.jpg").touch()
    assert remove(local.data, "--yes") == 0
    assert [place.name for place in local.data.iterdir()] == ["holiday.jpg"]
    said = capsys.readouterr().out
    assert f"What else lies in {local.data} stays." in said
    assert all(str(local.data / name) in said for name in ("postgres", "valkey", "logs", "database_url"))

    (local.data / "holiday.jpg").unlink()
    local.run().stop()
    assert remove(local.data, "--yes") == 0
    assert not local.data.exists()
    assert remove(local.data, "--yes") == 0


def test_without_a_yes_it_only_says(local: Local, capsys: pytest.CaptureFixture[str]) -> None:
    local.run().stop()
    before = sorted(local.data.rglob("*"))
    assert remove(local.data) == 1
    assert sorted(local.data.rglob("*")) == before
    assert "nothing was removed" in capsys.readouterr().err


def test_while_it_runs_nothing_is_removed(local: Local, capsys: pytest.CaptureFixture[str]) -> None:
    up = local.run()
    assert remove(local.data, "--yes") == 1
    assert f"runs on {local.data} (process {up.pid})" in capsys.readouterr().err
    assert (local.data / "logs").is_dir()


@pytest.mark.parametrize("lock", [None, "theirs"])
def test_a_strangers_folder_is_neither_used_nor_removed(
    local: Local, capsys: pytest.CaptureFixture[str], lock: str | None
) -> None:
    local.data.mkdir(parents=True)
    for name in ("logs", "sandbox"):
        (local.data / name).mkdir()
        (local.data / name / "precious").write_text("theirs")
    if lock:
        (local.data / "lock").write_text(lock)
    before = sorted(local.data.rglob("*"))
    assert remove(local.data, "--yes") == 0
    assert "There is nothing of Darkroom" in capsys.readouterr().out
    assert "not of Darkroom's making. Try DARKROOM_DATA=" in local.refused()
    assert sorted(local.data.rglob("*")) == before
