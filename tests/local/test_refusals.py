"""What `make up` cannot work with: one clear line, exit status 1, nothing started. And what it can."""

import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.local import preflight
from deploy.local.errors import StartError
from deploy.local.settings import LocalSettings
from tests.local.conftest import Local


@contextmanager
def somebody_on(port: int) -> Iterator[None]:
    with socket.create_server(("127.0.0.1", port)):
        yield


def test_a_taken_port_is_named_with_the_way_out(local: Local) -> None:
    with somebody_on(local.port):
        line = local.refused()

    assert f"port {local.port} is taken" in line
    assert f"DARKROOM_PORT={local.port + 10} make up" in line
    assert local.journal() == []


def test_the_sandbox_keeps_its_port(local: Local) -> None:
    run = local.run()
    kept = (local.data / "sandbox.port").read_text()
    run.stop()
    local.run()

    ports = [line["port"] for line in local.journal("started") if line["module"] == "deploy.sandbox"]
    assert ports == [kept.strip()] * 2


def test_a_taken_sandbox_port_is_not_replaced_by_another(local: Local) -> None:
    local.run().stop()
    kept = int((local.data / "sandbox.port").read_text())
    with somebody_on(kept):
        line = local.refused()

    assert f"port {kept} is taken" in line


def test_a_second_start_on_the_same_folder_is_refused(local: Local) -> None:
    first = local.run()
    line = local.refused(DARKROOM_PORT="0")

    assert f"already runs on {local.data} (process {first.pid})" in line
    first.stop()
    local.run().stop()


def test_a_folder_that_cannot_be_written_is_named(local: Local) -> None:
    (local.folder / "file").touch()
    line = local.refused(DARKROOM_DATA=str(local.folder / "file" / "data"))

    assert "is not writable" in line
    assert "Not a directory" in line


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    with pytest.raises(StartError, match=r"is full: \d+ MB free, \d+ MB are needed"):
        preflight.require_space(tmp_path, least=1 << 62)
    assert str(preflight.explain(OSError(errno.ENOSPC, "No space left on device"), tmp_path)).endswith("is full")
    said = "creating directory … ok\ninitdb: error: could not write: No space left on device\n"
    assert str(StartError.because("initdb failed", said)) == "initdb failed: the disk is full"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DARKROOM_PORT", "http"),
        ("DARKROOM_PORT", "70000"),
        ("DARKROOM_WORKERS", "0"),
        ("DARKROOM_DRAIN_SECONDS", "x"),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: str) -> None:
    with pytest.raises(StartError, match=f"{name} must be a number from .* it is '{value}'"):
        LocalSettings.read({name: value})


def test_an_empty_variable_is_an_absent_one() -> None:
    settings = LocalSettings.read({"DARKROOM_PORT": "", "OPENAI_API_KEY": "", "CLOUDINARY_URL": ""})

    assert settings.port == 8003
    assert settings.workers == 2
    assert settings.data == Path.cwd() / ".darkroom"
    assert settings.sandbox_parts == ("OpenAI", "Cloudinary")


def test_the_line_of_a_failed_program_is_its_cause_not_its_end() -> None:
    said = 'running …\ninitdb: error: invalid locale name "x"\ninitdb: removing data directory "y"\n'
    assert str(StartError.because("initdb failed", said)) == 'initdb failed: initdb: error: invalid locale name "x"'
    said = "Traceback …\nOSError: refused\n(Background on this error at: somewhere)\n"
    assert str(StartError.because("migrations failed", said)) == "migrations failed: OSError: refused"
