"""The supervisor as a process of its own, with stand-ins, in a folder of its own."""

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.local.ports import free_port
from tests.local import stand_in
from tests.stack import Process

READY = "Ctrl-C stops everything"
# Given stores are not started; the stand-ins never use them. It keeps most tests under a second.
GIVEN_STORES = {"DATABASE_URL": "postgresql://somewhere/x", "REDIS_URL": "redis://somewhere/0"}


class Local:
    """One data folder and the runs of the product on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.port = free_port()
        self.runs: list[Process] = []

    def run(self, *, wait: bool = True, stores: bool = False, **environment: str) -> Process:
        """Starts the product; returns when it says that it is ready."""
        told = {
            **({} if stores else GIVEN_STORES),
            "DARKROOM_PORT": str(self.port),
            "DARKROOM_DATA": str(self.data),
            "DARKROOM_WORKERS": "1",
            "DARKROOM_JOURNAL": str(self.folder / "journal"),
            **environment,
        }
        name = f"run-{len(self.runs) + 1}"
        command = (sys.executable, stand_in.__file__)
        process = Process("", told, logs=self.folder, name=name, ready_line=READY, command=command)
        self.runs.append(process)
        return process.start(wait=wait)

    def refused(self, *, stores: bool = False, **environment: str) -> str:
        """A run that must not start: exit status 1 and one line, which is returned."""
        process = self.run(wait=False, stores=stores, **environment)
        assert process.wait() == 1, process.log
        lines = process.log.strip().splitlines()
        assert len(lines) == 1, process.log
        assert lines[0].startswith("darkroom: ")
        return lines[0]

    def order(self, module: str, what: str) -> None:
        """What this stand-in does next: fail at once, or drain until told."""
        (self.folder / f"{module}.orders").write_text(what)

    def journal(self, what: str = "") -> list[dict[str, Any]]:
        """What happened to the stand-ins, in order."""
        file = self.folder / "journal"
        lines = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
        return [line for line in lines if what in {"", line["what"]}]

    def modules(self, what: str) -> list[str]:
        """To which stand-ins this happened, in order."""
        return [line["module"] for line in self.journal(what)]

    def pids(self, module: str) -> list[int]:
        """Of each start of this stand-in."""
        return [line["pid"] for line in self.journal("started") if line["module"] == module]


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that everybody may pass through; pytest's own is closed, and root's Postgres would leave it."""
    folder = Path(tempfile.mkdtemp(prefix="darkroom-test-"))
    folder.chmod(0o711)
    yield folder
    for link in folder.rglob("postgres"):
        shutil.rmtree(link.resolve(), ignore_errors=True)
    shutil.rmtree(folder)


@pytest.fixture
def local(place: Path) -> Iterator[Local]:
    it = Local(place)
    yield it
    (place / "drained").touch()
    for process in it.runs:
        process.stop()
