"""What happens to the product's processes: order, restart, stop, and that none is ever left."""

import os
import signal
import sys
from pathlib import Path

import pytest

from tests.local.conftest import READY, Local
from tests.servers import children, until


def alive(pid: int) -> bool:
    """Whether it runs; one that only waits to be collected does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not (status.exists() and status.read_text().rsplit(")", 1)[1].split()[0] == "Z")


def family(pid: int) -> list[int]:
    """A process and all that it started."""
    return [pid, *(member for child in children(pid) for member in family(child))]


def nobody_left(pids: list[int]) -> None:
    until("nobody is left", lambda: not any(map(alive, pids)), seconds=15)


def test_it_starts_in_order_and_stops_in_the_reverse_order(local: Local) -> None:
    run = local.run()
    started = local.modules("started")
    members = family(run.pid)
    run.terminate()

    assert run.wait() == 0
    assert set(started[:2]) == {"shared.migrations", "deploy.sandbox"}
    assert set(started[2:]) == {"upload_service", "library_service", "generation_worker", "gateway"}
    ended = local.modules("ended")
    assert ended[:2] == ["gateway", "generation_worker"]
    assert set(ended[2:4]) == {"upload_service", "library_service"}
    assert ended[4:] == ["deploy.sandbox"]
    nobody_left(members)


def test_it_says_where_everything_is(local: Local) -> None:
    run = local.run(CLOUDINARY_URL="cloudinary://key:secret@cloud")

    said = run.log
    assert f"http://localhost:{local.port}\n" in said
    assert f"http://localhost:{local.port}/docs" in said
    assert str(local.data) in said
    assert "sandbox    OpenAI: " in said
    assert "Cloudinary: your account" in said
    assert "\033[" not in said
    assert "secret" not in said


def test_the_terminal_shows_only_what_alarms(local: Local) -> None:
    run = local.run()

    run.wait_said("stand_in.worried module=gateway")
    assert "stand_in.started" not in run.log
    assert "stand_in.started" in (local.data / "logs" / "gateway.log").read_text()


def test_a_dead_child_is_started_again_and_said(local: Local) -> None:
    run = local.run()
    for pause in ("0.5 s", "1 s"):
        killed = local.pids("upload_service")
        os.kill(killed[-1], signal.SIGKILL)
        run.wait_said(f"was killed by SIGKILL; starting it again in {pause}")
        until("it runs again", lambda: local.pids("upload_service")[-1:] != killed[-1:])  # noqa: B023


def test_one_that_cannot_start_stops_everything_and_gives_its_reason(local: Local) -> None:
    local.order("library_service", "fail")
    run = local.run(wait=False)

    assert run.wait() == 1
    assert "darkroom: library does not start" in run.log
    assert "ValueError: library_service has a reason" in run.log.splitlines()[-1]
    assert len(local.pids("library_service")) == 3
    nobody_left([line["pid"] for line in local.journal()])


def test_failed_migrations_stop_everything(local: Local) -> None:
    local.order("shared.migrations", "fail")
    run = local.run(wait=False)

    assert run.wait() == 1
    assert "migrations failed" in run.log
    assert "ValueError: shared.migrations has a reason" in run.log
    assert "upload_service" not in local.modules("started")
    nobody_left([line["pid"] for line in local.journal()])


def test_stopping_waits_for_a_worker_that_finishes_its_picture(local: Local) -> None:
    local.order("generation_worker", "drain")
    run = local.run()
    run.terminate()
    run.wait_said("waiting for worker-1")
    run.terminate()  # `timeout` and make both send one; that is no hurry.

    assert local.modules("ended") == ["gateway"]
    (local.folder / "drained").touch()
    assert run.wait() == 0
    assert local.modules("ended")[1] == "generation_worker"


def test_a_second_ctrl_c_does_not_wait(local: Local) -> None:
    local.order("generation_worker", "drain")
    run = local.run()
    members = family(run.pid)
    run.interrupt()
    run.wait_said("waiting for worker-1")
    run.interrupt()

    assert run.wait() == 0
    assert "generation_worker" not in local.modules("ended")
    nobody_left(members)


def test_ctrl_c_while_it_starts_leaves_nobody(local: Local) -> None:
    run = local.run(wait=False)
    until("the first one was started", lambda: local.journal("started"))
    run.interrupt()

    assert run.wait() == 0
    assert READY not in run.log
    nobody_left([line["pid"] for line in local.journal()])


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent died")
def test_kill_9_of_the_supervisor_leaves_nobody(local: Local) -> None:
    run = local.run(stores=True)
    members = family(run.pid)
    assert len(members) > 10  # The supervisor, six of ours, Valkey, and Postgres with its own children.
    run.kill9()
    nobody_left(members)

    again = local.run(stores=True)
    assert "the last run was killed" in again.log
    members = family(again.pid)
    again.terminate()
    assert again.wait() == 0
    nobody_left(members)
