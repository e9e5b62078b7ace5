"""What a decoder cannot do, however much a picture makes it want to."""

import asyncio
import os
import platform
import pwd
import subprocess
import sys
from collections.abc import Awaitable
from pathlib import Path

import pytest

from shared.domain.errors import Problem
from tests import pictures
from tests.service.test_upload_decoders import ask, pool
from tests.stack import ROOT
from tests.unit.test_intake import REFUSED, TAKEN
from tests.unit.test_intake_stowed import STOWED
from upload_service.decoder.inspect import inspect

LINUX = sys.platform == "linux" and platform.machine() in ("x86_64", "aarch64")

TRIES = """
import os, socket, sys
from upload_service.decoder import confined
parent = int(sys.argv[1])
held = os.open("/dev/null", os.O_RDONLY)
tries = {
    "environ": lambda: os.open(f"/proc/{parent}/environ", os.O_RDONLY),
    "own file": lambda: os.open("/etc/passwd", os.O_RDONLY),
    "network": lambda: socket.socket(socket.AF_INET),
    "local socket": lambda: socket.socket(socket.AF_UNIX),
    "fork": os.fork,
    "program": lambda: os.execv("/bin/true", ["/bin/true"]),
    "signal": lambda: os.kill(parent, 0),
    "link": lambda: os.symlink("/etc", "/tmp/darkroom-never"),
    "root": lambda: os.setuid(0),
}
assert confined.confine()
os.read(held, 1)
for name, attempt in tries.items():
    try:
        attempt()
    except PermissionError:
        continue
    os.write(1, f"{name} was possible\\n".encode())
    os._exit(1)
os.write(1, b"nothing")
os._exit(0)
"""


LOOKS = """
import ctypes, os
from upload_service.decoder import confined

def look():
    if os.fork() == 0:
        try:
            open(f"/proc/{os.getppid()}/environ", "rb").read()
        except PermissionError:
            os.write(1, b"refused\\n")
        else:
            os.write(1, b"seen\\n")
        os._exit(0)
    os.wait()

confined.become_somebody_else()  # Root sees everything.
ctypes.CDLL(None).prctl(4, 1)  # As a process is that was started as it is.
look()
assert confined.hide_memory()
look()
"""


@pytest.mark.skipif(not LINUX, reason="/proc says whose a process is")
async def test_a_decoder_of_root_is_a_user_that_nobody_else_is() -> None:
    async with pool(decoders=2) as decoders:
        await asyncio.gather(*(ask(decoders, pictures.jpeg(64 + n, 48)) for n in range(2)))
        users = [Path(f"/proc/{pid}").stat().st_uid for pid in decoders.pids]
        if os.geteuid() != 0:
            assert set(users) == {os.geteuid()}
            return
        assert len(set(users)) == len(users) == 2
        for user in users:
            with pytest.raises(KeyError):
                pwd.getpwuid(user)


@pytest.mark.skipif(not LINUX, reason="the filter is for Linux on x86-64 and aarch64")
def test_nothing_can_be_opened_reached_or_started() -> None:
    found = subprocess.run(
        [sys.executable, "-c", TRIES, str(os.getpid())], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (found.stdout, found.returncode) == ("nothing", 0), found.stderr


@pytest.mark.skipif(not LINUX, reason="the filter is for Linux on x86-64 and aarch64")
async def test_every_decoder_is_confined_and_never_root() -> None:
    async with pool(decoders=1) as decoders:
        await ask(decoders, pictures.jpeg())
        (pid,) = decoders.pids
        status = dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        assert (status["Seccomp"].strip(), status["NoNewPrivs"].strip()) == ("2", "1")
        assert "0" not in (*status["Uid"].split(), *status["Gid"].split(), *status["Groups"].split())


async def test_a_confined_decoder_says_of_every_picture_what_the_intake_says() -> None:
    makers = [*(make for make, *_ in TAKEN.values()), *(make for make, *_ in REFUSED.values()), *STOWED.values()]
    async with pool(decoders=1) as decoders:
        for make in makers:
            data = make()
            assert await _said(ask(decoders, data)) == _told(data)
        assert len(decoders.pids) == 1


async def _said(answer: Awaitable[object]) -> object:
    try:
        return await answer
    except Problem as problem:
        return problem.code, str(problem)


def _told(data: bytes) -> object:
    try:
        return inspect(data, 25_000_000)
    except Problem as problem:
        return problem.code, str(problem)


@pytest.mark.skipif(sys.platform != "linux", reason="there is no /proc")
def test_the_service_shows_its_environment_to_no_process_of_the_same_user() -> None:
    found = subprocess.run([sys.executable, "-c", LOOKS], cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.stdout == "seen\nrefused\n", found.stderr
