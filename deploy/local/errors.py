"""The one way a start fails that we can explain: a single line for the person at the terminal."""

import re
from typing import Self

_CAUSE = re.compile(r"\b(?:error|fatal|panic): ", re.IGNORECASE)
_AFTERTHOUGHT = ("(", "[")
"""SQLAlchemy ends its errors with the statement and a link in brackets; what happened stands before them."""


class StartError(Exception):
    """Its text is the line that is shown."""

    @classmethod
    def because(cls, what: str, output: str) -> Self:
        """Adds the line of a program's output that says why. A full disk is named as that, whoever met it."""
        if "No space left on device" in output:
            return cls(f"{what}: the disk is full")
        said = [line.strip() for line in output.splitlines() if line.strip()]
        causes = [line for line in said if _CAUSE.search(line)]
        last = [line for line in said if not line.startswith(_AFTERTHOUGHT)][-1:]
        why = (causes or last or [""])[0]
        return cls(f"{what}: {why}" if why else what)
