"""Not asking for a while, because the vendor refused our key, our money or our model: an operator is needed.

A mistake of the account (its key, its balance) stops all claiming. Any other one stops no more than it must: the jobs
of its model, and where it may as well be the prompt's fault, the jobs of its model and business. Where several
businesses meet such a one and nothing of the model has worked in between, the others are asked for one at a time.
"""

import math
import time
from dataclasses import dataclass

from prometheus_client import Gauge

from generation_worker.providers.base import Whose
from shared.db.tables import JobError, JobRow
from shared.observability import log

_PAUSED = Gauge(
    "darkroom_claiming_paused",
    "1 while this worker does not claim because of our own mistake; model is empty where it claims nothing",
    ["reason", "model"],
)
_ONE_AT_A_TIME = 0.3
"""Seconds between two calls for a model that several businesses were forbidden: nobody's own prompt waits for long,
and a model that really is closed to us does not use up the fleet's calls."""
_FORGOTTEN_AFTER = 20
"""Pauses without anybody asking for the model: then its jobs are gone, and so is what is known of it."""


@dataclass(frozen=True, slots=True)
class CircuitScope:
    """Which jobs wait. None: whatever it is."""

    model: str | None = None
    business_id: int | None = None

    def concerns(self, job: JobRow) -> bool:
        """Whether the job waits too."""
        return self.model in (None, job.model) and self.business_id in (None, job.business_id)


@dataclass(slots=True)
class OpenCircuit:
    """A refusal that nothing has disproved yet."""

    reason: JobError
    """What its jobs wait for."""
    detail: str
    """In words, for an operator."""
    until: float
    """When the next job is tried, by the monotonic clock."""
    pause: float
    """Seconds from one job that is tried to the next."""
    others_worked: bool = False
    """Whether a call for the same model went through meanwhile: then it is no fault of the model's."""

    @property
    def left(self) -> float:
        """Seconds until the next job is tried."""
        return max(0.0, self.until - time.monotonic())


class CircuitBreaker:
    """One per worker. After a pause one job is tried again; when that works, all go on."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._standing: dict[CircuitScope, OpenCircuit] = {}

    @property
    def reason(self) -> JobError | None:
        """What the vendor refused last; None once a call went through again."""
        return next((open_circuit.reason for open_circuit in reversed(self._standing.values())), None)

    @property
    def left(self) -> float:
        """Seconds until anything may be claimed; 0 when it may."""
        open_circuit = self._standing.get(CircuitScope())
        return open_circuit.left if open_circuit else 0.0

    @property
    def probing(self) -> bool:
        """The account's pause is over, but nothing has proved that the mistake is mended: one job at a time."""
        return CircuitScope() in self._standing

    @property
    def next_opens(self) -> float:
        """Seconds until something more than now may be claimed; infinite where nothing is kept back."""
        waits = (open_circuit.left for scope, open_circuit in self._standing.items() if scope.model)
        return min((wait for wait in waits if wait), default=math.inf)

    def shut(self) -> list[CircuitScope]:
        """What is not to be claimed now, although other jobs are."""
        now = time.monotonic()
        for scope, open_circuit in list(self._standing.items()):
            if scope.model and now > open_circuit.until + _FORGOTTEN_AFTER * self._seconds:
                self._forget(scope)
        return [scope for scope, open_circuit in self._standing.items() if scope.model and open_circuit.until > now]

    def keeps_back(self, job: JobRow) -> OpenCircuit | None:
        """Why this job must not be sent to the vendor now. None lets it go, as the only one of this pause."""
        now = time.monotonic()
        concerning = [
            open_circuit for scope, open_circuit in self._standing.items() if scope.model and scope.concerns(job)
        ]
        for open_circuit in concerning:
            if open_circuit.until > now:
                return open_circuit
        for open_circuit in concerning:
            open_circuit.until = now + open_circuit.pause
        return None

    def begin(self, reason: JobError, detail: str, job: JobRow, whose: Whose) -> float:
        """Starts or prolongs the pause that the refusal of this job's call asks for; answers how many seconds the job
        itself has to wait."""
        if whose is Whose.ACCOUNT:
            self._open(CircuitScope(), reason, detail, self._seconds)
        elif whose is Whose.MODEL:
            self._open(CircuitScope(job.model), reason, detail, self._seconds)
        else:
            if self._met_by_others(job):
                self._open(CircuitScope(job.model), reason, detail, _ONE_AT_A_TIME)
            self._open(CircuitScope(job.model, job.business_id), reason, detail, self._seconds)
        return self._seconds

    def _open(self, scope: CircuitScope, reason: JobError, detail: str, pause: float) -> None:
        standing = self._standing.pop(scope, None)
        if standing is not None and standing.until > time.monotonic():
            pause = max(pause, standing.pause)  # Of calls in the air at once, the surest refusal counts.
        log.get().error(
            "claiming.paused", reason=reason.value, detail=detail, seconds=pause, model=scope.model or "all",
            business_only=scope.business_id is not None,
        )  # fmt: skip
        self._standing[scope] = OpenCircuit(reason, detail, time.monotonic() + pause, pause)
        self._show()

    def _met_by_others(self, job: JobRow) -> bool:
        """Whether another business met a refusal of this model within a pause, and nobody's call worked since."""
        recent = time.monotonic() - self._seconds
        return any(
            scope.model == job.model
            and scope.business_id not in (None, job.business_id)
            and not open_circuit.others_worked
            and open_circuit.until > recent
            for scope, open_circuit in self._standing.items()
        )

    def end(self, job: JobRow) -> None:
        """A call for this job went through: whatever concerned it is mended, and others' refusals are their own."""
        for scope, open_circuit in list(self._standing.items()):
            if scope.concerns(job):
                log.get().warning("claiming.resumed", reason=open_circuit.reason.value, model=scope.model or "all")
                self._forget(scope)
            elif scope.model == job.model:
                open_circuit.others_worked = True

    def _forget(self, scope: CircuitScope) -> None:
        del self._standing[scope]
        self._show()

    def _show(self) -> None:
        _PAUSED.clear()
        for scope, open_circuit in self._standing.items():
            _PAUSED.labels(open_circuit.reason.value, scope.model or "").set(1)
