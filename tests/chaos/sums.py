"""What became of every picture that the vendor made: the classes whose sum is the vendor's own number. Pure."""

from collections import Counter
from enum import Enum

from tests.chaos.evidence import Evidence, Row


class Class(Enum):
    """What a painting was for."""

    SUCCEEDED = "succeeded"
    UNKNOWN = "outcome unknown"
    """Painted, and we could not know it."""
    REFUSED = "refused after painting"
    BAD = "bad picture"
    """Answered with bytes that are none."""
    CANCELED = "canceled while painting"
    LATE = "came after its job's end"
    """Painted for a job that had ended when its picture came home."""


CLASSES = tuple(Class)

_MEANS: dict[tuple[str, str, str], Class] = {
    ("painted", "true", "succeeded"): Class.SUCCEEDED,
    ("unknown", "unknown", "outcome_unknown"): Class.UNKNOWN,
    ("refused", "unknown", "content_policy"): Class.REFUSED,
    ("painted", "true", "bad_provider_image"): Class.BAD,
    ("failed", "unknown", "bad_provider_image"): Class.BAD,
    ("unknown", "unknown", "canceled"): Class.CANCELED,
    ("refused", "unknown", "canceled"): Class.CANCELED,
    ("failed", "unknown", "canceled"): Class.CANCELED,
    # The worker died, or the client changed its mind, between the ledger's row and the job's.
    ("refused", "unknown", "outcome_unknown"): Class.REFUSED,
    ("failed", "unknown", "outcome_unknown"): Class.BAD,
    ("painted", "true", "outcome_unknown"): Class.LATE,
    ("painted", "true", "canceled"): Class.LATE,
    ("painted", "true", "worker_lost"): Class.LATE,
}
"""Outcome and charge of the attempt, and how its job ended."""


def classify(found: Evidence) -> tuple[Counter[Class], list[str]]:
    """How many of each, and those that are none."""
    classes: Counter[Class] = Counter()
    strange = []
    attempts = found.attempt_of
    for call in found.paintings:
        attempt = attempts.get(call["client_request_id"])
        if attempt is None:
            continue  # Said by the check that joins them.
        job = found.jobs[str(attempt["job_id"])]
        what = _MEANS.get(_named(attempt, job))
        if what is None:
            strange.append(f"a painting of {job['id']} is none of the classes: {_named(attempt, job)}")
        else:
            classes[what] += 1
    return classes, strange


def _named(attempt: Row, job: Row) -> tuple[str, str, str]:
    return attempt["outcome"], attempt["charged"] or "", job["error_code"] or job["status"]
