"""Where log lines go: this process's stderr, whatever becomes of it. Losing a line must never lose anything else.

A disk that is full for Postgres is often full for the log too, and the pipe to a runner that was killed is broken.
"""

import sys
from typing import TextIO


class Sink:
    """What `logging`, structlog and the access log write to. Never raises; says later how much was lost."""

    def __init__(self, to: TextIO | None = None) -> None:
        self._to = to or sys.stderr
        self._lost = 0

    def write(self, text: str) -> int:
        """Writes it, or counts it as lost."""
        try:
            if self._lost:
                self._to.write(f'{{"event":"log.lost","level":"error","writes":{self._lost}}}\n')
                self._to.flush()
                self._lost = 0
            self._to.write(text)
            self._to.flush()
        except (OSError, ValueError):  # full, broken, or closed
            self._lost += 1
        return len(text)

    def flush(self) -> None:
        """Everything was flushed when it was written."""
