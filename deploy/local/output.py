"""What one child says: all of it to its log file, the alarming part to the terminal, the last of it remembered.

The pipe is ours and not asyncio's: a grandchild that keeps its end open must not hide the child's death.
"""

import asyncio
import os
from collections import deque
from pathlib import Path

from deploy.local.screen import Screen

_LARGEST_LOG = 10 * 1024 * 1024
_LONGEST_LINE = 64 * 1024


class Output:
    """Gives `writer` to the child as both of its outputs."""

    def __init__(self, name: str, logs: Path, screen: Screen) -> None:
        self._name = name
        self._screen = screen
        self._file = logs / f"{name}.log"
        self._rest = b""
        self.last_words: deque[str] = deque(maxlen=8)
        """Its last lines that were not log lines: of a dying process the end of its traceback."""
        self._reader, self.writer = os.pipe()
        os.set_blocking(self._reader, False)
        self._rotate()
        asyncio.get_running_loop().add_reader(self._reader, self._read)

    def started(self) -> None:
        """The child has its end; ours would keep the pipe open."""
        os.close(self.writer)

    def close(self) -> None:
        """Takes what is still in the pipe."""
        while self._read():
            pass
        self._take(self._rest)
        asyncio.get_running_loop().remove_reader(self._reader)
        os.close(self._reader)

    def _read(self) -> bool:
        try:
            said = os.read(self._reader, 1 << 16)
        except BlockingIOError:
            return False
        if not said:
            asyncio.get_running_loop().remove_reader(self._reader)
            return False
        self._write(said)
        *lines, self._rest = (self._rest + said).split(b"\n")
        for line in lines:
            self._take(line)
        if len(self._rest) > _LONGEST_LINE:
            self._take(self._rest)
            self._rest = b""
        return True

    def _take(self, line: bytes) -> None:
        if line.strip() and not self._screen.log_line(self._name, line):
            self.last_words.append(line.decode(errors="replace").rstrip())

    def _write(self, said: bytes) -> None:
        try:
            with self._file.open("ab") as log:
                log.write(said)
                size = log.tell()
            if size > _LARGEST_LOG:
                self._rotate()
        except OSError:  # A full disk; the child's own work says so where it matters.
            return

    def _rotate(self) -> None:
        if self._file.exists() and self._file.stat().st_size > _LARGEST_LOG:
            self._file.replace(self._file.with_name(f"{self._file.name}.1"))
