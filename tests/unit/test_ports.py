"""Free ports: two who choose at the same time never get the same one."""

import asyncio
import random
import subprocess
import sys

import pytest

from deploy.local import ports

_CHOOSE = """
import random, sys
random.seed(7)
from deploy.local.ports import free_port
print(free_port(), flush=True)
sys.stdin.read()
"""


def test_a_port_that_was_given_is_not_given_again_before_it_is_used() -> None:
    state = random.getstate()
    try:
        random.seed(7)
        first = ports.free_port()
        random.seed(7)
        assert ports.free_port() != first
    finally:
        random.setstate(state)


def test_nor_to_another_process() -> None:
    command = [sys.executable, "-c", _CHOOSE]
    given = []
    with (
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as one,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other,
    ):
        for process in (one, other):
            assert process.stdout is not None
            given.append(int(process.stdout.readline()))
        for process in (one, other):
            process.communicate("")
    assert given[0] != given[1]


def test_few_signs_are_kept() -> None:
    for _ in range(200):
        ports.free_port()
    assert len(ports._kept) <= ports._MOST_KEPT


@pytest.mark.parametrize(("listens", "asked"), [("127.0.0.1", "0.0.0.0"), ("::1", "::1"), ("::1", "::")])
async def test_who_listens_is_asked_where_it_listens(listens: str, asked: str) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    try:
        server = await asyncio.start_server(answer, listens, 0)
    except OSError:
        pytest.skip(f"this machine has no {listens}")
    async with server:
        port = server.sockets[0].getsockname()[1]
        assert await ports.answers(port, host=asked)
        if listens == "::1":
            assert not await ports.answers(port)
