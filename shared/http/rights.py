"""Which right a request needs, by its method and its path. Pure.

The gateway asks it of every request, and the inner services ask it again of what the gateway signed.
"""

from shared.domain.caller import Right
from shared.http.health import METRICS

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing."""
_GENERATE = "/api/v1/images/generate"
_LOOKING = ("/api/v1/images/validate", f"{_GENERATE}/estimate-cost")
"""What is sent with POST and changes nothing."""


def needed(method: str, path: str) -> Right:
    """The right that a request needs."""
    if path == METRICS:
        return Right.OPERATE
    if method in SAFE or path.startswith(_LOOKING):
        return Right.READ
    return Right.GENERATE if path.startswith(_GENERATE) else Right.WRITE
