"""Not claiming for a while, because the vendor refused our key, our money or our model: an operator is needed."""

import time

from prometheus_client import Gauge

from shared import log
from shared.models import JobError

_PAUSED = Gauge("darkroom_claiming_paused", "1 while this worker does not claim because of our own mistake", ["reason"])


class Pause:
    """One per worker. After it one job is tried again; when that works, all go on."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._until = 0.0
        self.reason: JobError | None = None
        """What the vendor refused; None once a call went through again."""

    @property
    def left(self) -> float:
        """Seconds until claiming may be tried again; 0 when it may."""
        return max(0.0, self._until - time.monotonic())

    @property
    def probing(self) -> bool:
        """The pause is over, but nothing has proved yet that the mistake is mended: one job at a time."""
        return self.reason is not None

    def begin(self, reason: JobError, detail: str) -> float:
        """Starts or prolongs the pause; answers its length in seconds."""
        log.get().error("claiming.paused", reason=reason.value, detail=detail, seconds=self._seconds)
        self._until = time.monotonic() + self._seconds
        self.reason = reason
        _PAUSED.clear()
        _PAUSED.labels(reason.value).set(1)
        return self._seconds

    def end(self) -> None:
        """A call went through: the mistake is mended."""
        if self.reason is not None:
            log.get().warning("claiming.resumed", reason=self.reason.value)
            self.reason = None
            self._until = 0.0
            _PAUSED.clear()
