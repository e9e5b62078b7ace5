"""The settings of a generation worker."""

from itertools import pairwise
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from shared.settings.checks import HostAndPort, Listed
from shared.settings.every_process import Seconds, StoreSettings, variable


class WorkerSettings(StoreSettings):
    """One generation worker."""

    slots: int = Field(20, ge=1, le=1000, validation_alias=variable("DARKROOM_WORKER_SLOTS"))
    """Jobs this worker holds at once."""
    images_per_minute: float = Field(
        5.0, gt=0, allow_inf_nan=False, validation_alias=variable("DARKROOM_IMAGES_PER_MINUTE")
    )
    """Vendor calls the whole fleet may start in a minute. OpenAI's entry tier allows 5."""
    vendor_timeout: Seconds = Field(180.0, validation_alias=variable("DARKROOM_VENDOR_TIMEOUT"))
    """Seconds one vendor call may take; after that its outcome is unknown."""
    job_timeout: Seconds = Field(270.0, validation_alias=variable("DARKROOM_JOB_TIMEOUT"))
    """Seconds one claim of a job may take in all."""
    bell_timeout: Seconds = Field(330.0, validation_alias=variable("DARKROOM_BELL_TIMEOUT"))
    """arq's own limit for one message; a message is over in milliseconds, so this only ends a defect."""
    lease: Seconds = Field(30.0, validation_alias=variable("DARKROOM_LEASE_SECONDS"))
    """Seconds a worker owns a job without renewing it."""
    renew_every: Seconds = Field(10.0, validation_alias=variable("DARKROOM_RENEW_SECONDS"))
    """Seconds between two renewals of the leases; less than half a lease."""
    sweep_every: Seconds = Field(5.0, validation_alias=variable("DARKROOM_SWEEP_SECONDS"))
    """Seconds between two looks for dead workers, silent jobs and passed deadlines; the lease caps it."""
    drain: Seconds = Field(120.0, validation_alias=variable("DARKROOM_DRAIN_SECONDS"))
    """Seconds running jobs get to finish after SIGTERM before they are released."""
    max_failures: int = Field(5, ge=1, validation_alias=variable("DARKROOM_MAX_FAILURES"))
    """Transient failures of one job before it ends."""
    max_losses: int = Field(6, ge=1, validation_alias=variable("DARKROOM_MAX_LOSSES"))
    """Workers that may die under one job before it ends as `worker_lost`."""
    on_unknown: Literal["fail", "retry"] = Field("fail", validation_alias=variable("DARKROOM_ON_UNKNOWN"))
    """What follows a paid call whose outcome cannot be known: end the job, or paint (and maybe pay) once more."""
    patience: Seconds = Field(86_400.0, validation_alias=variable("DARKROOM_PATIENCE_SECONDS"))
    """Seconds since acceptance that a job may wait for a busy vendor or store before it ends. A painted picture is
    kept even then. A job that waits for our own mistake (key, money, model) waits without end."""
    longest_pause: Seconds = Field(600.0, validation_alias=variable("DARKROOM_LONGEST_PAUSE_SECONDS"))
    """Seconds that one answer of the vendor may keep the fleet from calling (`Retry-After`, an empty bucket); where it
    asks for more, one call asks again after that."""
    fetch_timeout: Seconds = Field(30.0, validation_alias=variable("DARKROOM_FETCH_TIMEOUT"))
    """Seconds that fetching a picture may take where a vendor answers with its address."""
    fetch_allow: Listed[HostAndPort] | None = Field(None, validation_alias=variable("DARKROOM_FETCH_ALLOW"))
    """`host:port` with commas between, where pictures may lie although it is not public. The vendor's own is one."""
    max_vendor_picture: int = Field(
        32 * 1024 * 1024, ge=1024, validation_alias=variable("DARKROOM_MAX_VENDOR_PICTURE_BYTES")
    )
    """Bytes of a picture that the vendor sends, or that is fetched. An answer with more may have been paid and is not
    read: its outcome is unknown."""
    misconfigured_pause: Seconds = Field(30.0, validation_alias=variable("DARKROOM_MISCONFIGURED_PAUSE_SECONDS"))
    """Seconds without claiming what would meet it too, after the vendor refused our key, our money or our model."""

    @model_validator(mode="after")
    def _timeouts_are_a_ladder(self) -> Self:
        ladder = [
            ("DARKROOM_VENDOR_TIMEOUT + DARKROOM_STORE_TIMEOUT", self.vendor_timeout + self.store_timeout),
            ("DARKROOM_JOB_TIMEOUT", self.job_timeout),
            ("DARKROOM_BELL_TIMEOUT", self.bell_timeout),
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
        vendor = urlsplit(self.painter_access()[1])
        port = vendor.port or (80 if vendor.scheme == "http" else 443)
        return frozenset(self.fetch_allow or ()) | {((vendor.hostname or "").lower(), port)}
