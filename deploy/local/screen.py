"""What `make up` says: calm lines with time and name, and one block when it is ready. Nobody else writes there.

Colours only on a terminal and without NO_COLOR. A terminal that went away must not end the product in disorder.
"""

import json
import os
import re
import sys
import time
from collections.abc import Sequence
from typing import TextIO

_WORTH_SHOWING = re.compile(rb'"level":\s*"(?:warning|error|critical)"')
_NOISE = frozenset({"event", "level", "timestamp", "process", "exception"})
_LONGEST = 240

_PLAIN, _BOLD, _DIM, _RED, _YELLOW, _GREEN = "0", "1", "2", "31", "33", "32"


class Screen:
    """The terminal, or whatever stands in for it."""

    def __init__(self, out: TextIO = sys.stdout, err: TextIO = sys.stderr) -> None:
        self._out = out
        self._err = err
        self._colours = out.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"

    def step(self, words: str) -> None:
        """Something that was done on the way."""
        self._print(f"  {words}")

    def event(self, name: str, words: str, colour: str = _YELLOW) -> None:
        """Something that happened to a process."""
        self._print(f"  {self._in(_DIM, time.strftime('%H:%M:%S'))} {self._in(colour, f'{name:<10}')} {words}")

    def log_line(self, name: str, line: bytes) -> bool:
        """Shows a child's JSON line from warning upwards. False when the line is not one of our log lines."""
        if not line.startswith(b"{"):
            return False
        if _WORTH_SHOWING.search(line):
            try:
                fields = json.loads(line)
            except ValueError:
                return False
            rest = [f"{key}={value}" for key, value in fields.items() if key not in _NOISE]
            if failure := str(fields.get("exception", "")).strip():
                rest.append(failure.splitlines()[-1])
            words = " ".join([str(fields.get("event", "")), *rest])
            self.event(name, words[:_LONGEST], _YELLOW if fields["level"] == "warning" else _RED)
        return True

    def last_words(self, name: str, lines: Sequence[str]) -> None:
        """What a child said before it died."""
        for line in lines:
            self.event(name, self._in(_DIM, line[:_LONGEST]), _RED)

    def block(self, title: str, rows: Sequence[tuple[str, str]], closing: str) -> None:
        """The one block that says where everything is."""
        width = max(len(name) for name, _ in rows)
        lines = [f"  {self._in(_BOLD, title)}", ""]
        lines += [f"  {self._in(_DIM, name.ljust(width))}   {value}" for name, value in rows]
        self._print("\n".join(["", *lines, "", f"  {self._in(_GREEN, closing)}", ""]))

    def error(self, line: str) -> None:
        """Why it does not go on."""
        self._print(f"{self._in(_RED, 'darkroom:')} {line}", self._err)

    def _in(self, colour: str, words: str) -> str:
        return f"\033[{colour}m{words}\033[{_PLAIN}m" if self._colours else words

    def _print(self, text: str, to: TextIO | None = None) -> None:
        try:
            print(text, file=to or self._out, flush=True)
        except (OSError, ValueError):  # The terminal was closed; the log files go on.
            return
