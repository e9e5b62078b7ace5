"""Free ports: two who choose at the same time never get the same one."""

import random
import subprocess
import sys

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
