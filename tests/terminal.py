"""What an operator types after `./darkroom`, in this process: a program of its own costs more than all that it does.

The program itself is started in `tests/service/test_budgets_command.py`.
"""

import contextlib
import io
import os
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from gateway import command


@dataclass(frozen=True, slots=True)
class Done:
    """How it ended."""

    returncode: int
    stdout: str
    stderr: str


def darkroom(words: Sequence[str], environment: Mapping[str, str]) -> Done:
    """With these variables only; in a thread, because it has a loop of its own."""
    out, err = io.StringIO(), io.StringIO()
    before = dict(os.environ)
    try:
        os.environ.clear()
        os.environ.update(environment)
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), ThreadPoolExecutor(1) as thread:
            status = thread.submit(_run, words).result()
    finally:
        os.environ.clear()
        os.environ.update(before)
    return Done(status, out.getvalue(), err.getvalue())


def _run(words: Sequence[str]) -> int:
    try:
        return command.main(words)
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        return end.code if isinstance(end.code, int) else int(end.code is not None)
