"""The settings of a generation worker."""

from itertools import pairwise
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import model_validator

from shared.settings.checks import HostAndPort, Listed
from shared.settings.every_process import Seconds, StoreSettings, variable


class WorkerSettings(StoreSettings):
    """One generation worker."""

    slots: int = variable("DARKROOM_WORKER_SLOTS", 20, ge=1, le=1000)
    """Jobs this worker holds at once."""
    images_per_minute: float = variable("DARKROOM_IMAGES_PER_MINUTE", 5.0, gt=0, allow_inf_nan=False)
    """Vendor calls the whole fleet may start in a minute. OpenAI's entry tier allows 5."""
    vendor_timeout: Seconds = variable("DARKROOM_VENDOR_TIMEOUT", 180.0)
    """Seconds one vendor call may take; after that its outcome is unknown."""
    job_timeout: Seconds = variable("DARKROOM_JOB_TIMEOUT", 270.0)
    """Seconds one claim of a job may take in all."""
    message_timeout: Seconds = variable("DARKROOM_BELL_TIMEOUT", 330.0)
    """arq's own limit for one message; a message is over in milliseconds, so this only ends a defect."""
    lease: Seconds = variable("DARKROOM_LEASE_SECONDS", 30.0)
    """Seconds a worker owns a job without renewing it."""
    renew_every: Seconds = variable("DARKROOM_RENEW_SECONDS", 10.0)
    """Seconds between two renewals of the leases; less than half a lease."""
    sweep_every: Seconds = variable("DARKROOM_SWEEP_SECONDS", 5.0)
    """Seconds between two looks for dead workers, silent jobs and passed deadlines; the lease caps it."""
    drain: Seconds = variable("DARKROOM_DRAIN_SECONDS", 120.0)
    """Seconds running jobs get to finish after SIGTERM before they are released."""
    max_failures: int = variable("DARKROOM_MAX_FAILURES", 5, ge=1)
    """Transient failures of one job before it ends."""
    max_losses: int = variable("DARKROOM_MAX_LOSSES", 6, ge=1)
    """Workers that may die under one job before it ends as `worker_lost`."""
    on_unknown: Literal["fail", "retry"] = variable("DARKROOM_ON_UNKNOWN", "fail")
    """What follows a paid call whose outcome cannot be known: end the job, or paint (and maybe pay) once more."""
    patience: Seconds = variable("DARKROOM_PATIENCE_SECONDS", 86_400.0)
    """Seconds since acceptance that a job may wait for a busy vendor or store before it ends. A painted picture is
    kept even then. A job that waits for our own mistake (key, money, model) waits without end."""
    longest_pause: Seconds = variable("DARKROOM_LONGEST_PAUSE_SECONDS", 600.0)
    """Seconds that one answer of the vendor may keep the fleet from calling (`Retry-After`, an empty bucket); where it
    asks for more, one call asks again after that."""
    fetch_timeout: Seconds = variable("DARKROOM_FETCH_TIMEOUT", 30.0)
    """Seconds that fetching a picture may take where a vendor answers with its address."""
    fetch_allow: Listed[HostAndPort] | None = variable("DARKROOM_FETCH_ALLOW", None)
    """`host:port` with commas between, where pictures may lie although it is not public. The vendor's own is one."""
    max_vendor_picture: int = variable("DARKROOM_MAX_VENDOR_PICTURE_BYTES", 32 * 1024 * 1024, ge=1024)
    """Bytes of a picture that the vendor sends, or that is fetched. An answer with more may have been paid and is not
    read: its outcome is unknown."""
    misconfigured_pause: Seconds = variable("DARKROOM_MISCONFIGURED_PAUSE_SECONDS", 30.0)
    """Seconds without claiming what would meet it too, after the vendor refused our key, our money or our model."""

    @model_validator(mode="after")
    def _timeouts_are_a_ladder(self) -> Self:
        ladder = [
            ("DARKROOM_VENDOR_TIMEOUT + DARKROOM_STORE_TIMEOUT", self.vendor_timeout + self.store_timeout),
            ("DARKROOM_JOB_TIMEOUT", self.job_timeout),
            ("DARKROOM_BELL_TIMEOUT", self.message_timeout),
        ]
        for (inner, less), (outer, more) in pairwise(ladder):
            if less >= more:
                raise ValueError(f"{inner} ({less:g} s) must be shorter than {outer} ({more:g} s)")
        if self.lease <= 2 * self.renew_every:
            raise ValueError("DARKROOM_LEASE_SECONDS must be longer than twice DARKROOM_RENEW_SECONDS")
        return self

    @property
    def fetch_allowed(self) -> frozenset[tuple[str, int]]:
        """`fetch_allow` as pairs, and the host of the vendor that is asked."""
        vendor = urlsplit(self.provider_access()[1])
        port = vendor.port or (80 if vendor.scheme == "http" else 443)
        return frozenset(self.fetch_allow or ()) | {((vendor.hostname or "").lower(), port)}
