"""The tables, every column documented; some modules have their own beside their queries. No queries here.

`JobRow` is one row as a value, `Jobs` its table (a table class costs 130 us per row to build, a value a tenth).
SQLModel describes and Alembic migrates; at run time asyncpg speaks
(docs/decisions/0007-asyncpg-speaks-sqlmodel-describes.md).
"""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel


class ImageSource(StrEnum):
    """Where a picture came from."""

    UPLOADED = "uploaded"
    AI_GENERATED = "ai_generated"


class JobStatus(StrEnum):
    """A job's life. The last three are final and never left."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"


class Stage(StrEnum):
    """What is happening to a job, for people."""

    WAITING = "waiting"
    GENERATING = "generating"
    STORING = "storing"
    """The picture is paid for, and its bytes are safe."""
    DONE = "done"


class Outcome(StrEnum):
    """What became of one vendor call. `painted` made a picture; of `unknown` nobody knows what it made and cost."""

    IN_FLIGHT = "in_flight"
    PAINTED = "painted"
    REFUSED = "refused"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Charged(StrEnum):
    """Whether money was taken. `unknown` is an answer: it is said instead of guessed."""

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"


class JobError(StrEnum):
    """Why a job ended without a picture: the contract's closed list."""

    CONTENT_POLICY = "content_policy"
    INVALID_PARAMETERS = "invalid_parameters"
    MODEL_RETIRED = "model_retired"
    PROVIDER_RATE_LIMITED = "provider_rate_limited"
    PROVIDER_UNAVAILABLE = "provider_unavailable"
    PROVIDER_AUTH = "provider_auth"
    PROVIDER_QUOTA = "provider_quota"
    OUTCOME_UNKNOWN = "outcome_unknown"
    STORAGE_UNAVAILABLE = "storage_unavailable"
    BAD_PROVIDER_IMAGE = "bad_provider_image"
    DEADLINE_PASSED = "deadline_passed"
    WORKER_LOST = "worker_lost"


def time_column(*, optional: bool = False, now: bool = False) -> Any:
    """A moment, with its time zone; with `now` by default the transaction's, by the database's clock."""
    default = text("now()") if now else None
    return sa.Column(sa.DateTime(timezone=True), nullable=optional, server_default=default)


def text_column(*, optional: bool = False) -> Any:
    """A text of any length."""
    return sa.Column(sa.Text, nullable=optional)


def count_column() -> Any:
    """A number that grows from 0."""
    return sa.Column(sa.Integer, nullable=False, server_default=text("0"))


def one_of(column: str, kinds: type[StrEnum]) -> sa.CheckConstraint:
    """The constraint that keeps to these words."""
    words = ", ".join(f"'{kind}'" for kind in kinds)
    return sa.CheckConstraint(f"{column} in ({words})", name=f"{column}_is_known")


class ImageRow(SQLModel):
    """A stored picture."""

    id: UUID = Field(primary_key=True)
    """UUIDv7: sorts by the time it was made."""
    business_id: int = Field(sa_type=sa.BigInteger)
    """The tenant."""
    source: ImageSource = Field(sa_column=text_column())
    filename: str = Field(sa_column=text_column())
    """As the person wrote it, made safe for display; never used as a path."""
    public_id: str = Field(sa_column=sa.Column(sa.Text, nullable=False, unique=True))
    """The store's name of the bytes."""
    url: str = Field(sa_column=text_column())
    """The store's versioned address of the original."""
    format: str = Field(sa_column=text_column())
    """`jpeg`, `png` or `webp`, decided by bytes."""
    bytes: int
    """Size of the stored file."""
    width: int
    """Pixels, EXIF orientation applied."""
    height: int
    """The same."""
    sha256: str = Field(sa_column=text_column())
    """Hex digest of the bytes that came in, which is what makes two uploads the same."""
    alt_text: str | None = Field(default=None, sa_column=text_column(optional=True))
    """What the picture shows, for people who cannot see it. Empty: there is nothing to say. Null: nobody said."""
    job_id: UUID | None = Field(default=None, unique=True)
    """The job that painted it. What the generation was is read from there."""
    parent_id: UUID | None = Field(default=None)
    """The picture this one was derived from."""
    derived_as: str | None = Field(default=None, sa_column=text_column(optional=True))
    """Into what and how, `instagram_4x5 crop`. Null also for copies of versions that did not write it down."""
    searchable: str = Field(default="", sa_column=text_column())
    """What `search` reads, in lower case: filename, alt text and the prompt of its job, one per line."""
    created_at: datetime = Field(sa_column=time_column(now=True))
    deleted_at: datetime | None = Field(default=None, sa_column=time_column(optional=True))
    """When it was put in the trash; null while it is live."""
    purge_at: datetime | None = Field(default=None, sa_column=time_column(optional=True))
    """From when on its bytes are destroyed, where that is not the trash's own time: it was purged, or put off."""
    purge_failures: int = Field(default=0, sa_column=count_column())
    """How often the store did not destroy them."""


class JobRow(SQLModel):
    """A wish to make a picture. The row is the job; a Redis message only says where to look."""

    id: UUID = Field(primary_key=True)
    """UUIDv7."""
    business_id: int = Field(sa_type=sa.BigInteger)
    status: JobStatus = Field(default=JobStatus.QUEUED, sa_column=text_column())
    stage: Stage = Field(default=Stage.WAITING, sa_column=text_column())
    revision: int = Field(default=1, sa_column=sa.Column(sa.Integer, nullable=False, server_default=text("1")))
    """Grows with every change a client could see: the ETag and the event id."""

    prompt: str = Field(sa_column=text_column())
    """Empty once it was erased, which happens only to ended jobs."""
    model: str = Field(sa_column=text_column())
    size: str = Field(sa_column=text_column())
    """`WIDTHxHEIGHT`."""
    quality: str = Field(sa_column=text_column())
    """The product's word, `standard` or `hd`; the catalogue maps it to the provider's."""
    alt_text: str | None = Field(default=None, sa_column=text_column(optional=True))
    """Goes to the image once there is one."""
    request_id: str = Field(sa_column=text_column())
    """The request that asked for it; in every log line of the job."""
    idempotency_key: str | None = Field(default=None, sa_column=text_column(optional=True))
    """The client's, unique within its business; a repetition is answered with this job."""
    body_hash: str = Field(sa_column=text_column())
    """Digest of the request, to tell a repetition from a reused key."""

    attempt: int = Field(default=0, sa_column=count_column())
    """The fence: grows with every claim; a write that names an older one changes nothing."""
    failures: int = Field(default=0, sa_column=count_column())
    """Transient failures: the job's own."""
    losses: int = Field(default=0, sa_column=count_column())
    """Workers that died under it: not the job's own, counted apart."""
    due_at: datetime = Field(sa_column=time_column(now=True))
    """Not to be claimed before."""
    lease_until: datetime | None = Field(default=None, sa_column=time_column(optional=True))
    """Until when its worker owns it, by the database's clock."""
    ring_at: datetime = Field(sa_column=time_column(now=True))
    """When the sweep wakes workers again for a job nobody came for."""
    rings: int = Field(default=0, sa_column=count_column())
    """How often that was done: each time it waits longer."""
    deadline_at: datetime | None = Field(default=None, sa_column=time_column(optional=True))
    """If it has not started by then it ends as `deadline_passed`."""
    cancel_requested_at: datetime | None = Field(default=None, sa_column=time_column(optional=True))
    """The mark a running job's worker sees at its next renewal."""

    estimated_micros: int = Field(sa_type=sa.BigInteger)
    """Price said at acceptance, in millionths of a US dollar."""
    actual_micros: int | None = Field(default=None, sa_type=sa.BigInteger)
    """Sum of its attempts, once it ended; null while it is open or where it cannot be known."""
    charged: Charged | None = Field(default=None, sa_column=text_column(optional=True))
    """Set when it ends."""
    error_code: JobError | None = Field(default=None, sa_column=text_column(optional=True))
    """On a failed job why it failed; on a waiting one what it waits for."""
    error_detail: str | None = Field(default=None, sa_column=text_column(optional=True))
    """A sentence for people; null once the prompt was erased, which it may quote."""
    image_id: UUID | None = Field(default=None)
    """Set when it succeeds."""

    created_at: datetime = Field(sa_column=time_column(now=True))
    """When it was accepted."""
    started_at: datetime | None = Field(default=None, sa_column=time_column(optional=True))
    """First claim; never reset."""
    finished_at: datetime | None = Field(default=None, sa_column=time_column(optional=True))
    """Null while it is open."""

    @property
    def final(self) -> bool:
        """Whether it has ended, which is never undone; a picture that comes later may still correct its bill."""
        return self.finished_at is not None


class ApiKey(SQLModel):
    """A key that somebody was given. The key itself is nowhere."""

    id: UUID = Field(primary_key=True)
    name: str = Field(sa_column=text_column())
    """Whose it is, in the operator's words."""
    prefix: str = Field(sa_column=sa.Column(sa.Text, nullable=False, unique=True))
    """The public part of the key, by which it is found, named and revoked."""
    digest: bytes = Field(sa_column=sa.Column(sa.LargeBinary, nullable=False))
    """SHA-256 of the whole key."""
    rights: list[str] = Field(sa_column=sa.Column(sa.ARRAY(sa.Text), nullable=False))
    """Of `read`, `write`, `generate`, `operate`."""
    businesses: list[int] | None = Field(default=None, sa_column=sa.Column(sa.ARRAY(sa.BigInteger), nullable=True))
    """The tenants it may act for; null: all."""
    created_at: datetime = Field(sa_column=time_column(now=True))
    expires_at: datetime | None = Field(default=None, sa_column=time_column(optional=True))
    """Null: never."""
    revoked_at: datetime | None = Field(default=None, sa_column=time_column(optional=True))
    """Null: it was not."""


_SUCCEEDED = text("status = 'succeeded'")
_UNSETTLED = text("charged = 'unknown' or outcome = 'in_flight'")


def _gin(name: str, said: Any, **more: Any) -> Index:
    return Index(name, "business_id", said, postgresql_using="gin", **more)


_NEWEST = (text("created_at desc"), text("id desc"))
_LIVE, _TRASHED = text("deleted_at is null"), text("deleted_at is not null")
_COPY = text("deleted_at is null and derived_as is not null")


class Images(ImageRow, table=True):
    """The table of `ImageRow`."""

    __tablename__: ClassVar[Any] = "images"
    __table_args__ = (
        one_of("source", ImageSource),
        sa.CheckConstraint("business_id > 0", name="business_id_is_positive"),
        sa.CheckConstraint("width > 0 and height > 0 and bytes > 0", name="picture_has_a_size"),
        Index("images_page", "business_id", *_NEWEST, postgresql_where=_LIVE),
        Index("images_page_by_source", "business_id", "source", *_NEWEST, postgresql_where=_LIVE),
        Index("images_trash", "business_id", text("deleted_at desc"), text("id desc"), postgresql_where=_TRASHED),
        Index("images_purged_next", "purge_at", postgresql_where=text("purge_at is not null")),
        Index("images_copies", "parent_id", "derived_as", unique=True, postgresql_where=_COPY),
        Index("images_of_a_parent", "parent_id", postgresql_where=text("parent_id is not null")),
        _gin("images_search", "searchable", postgresql_ops={"searchable": "gin_trgm_ops"}),
        _gin("images_search_short", text("grams(searchable)")),
        Index(
            "images_same_bytes",
            "business_id",
            "sha256",
            unique=True,
            postgresql_where=text("deleted_at is null and source = 'uploaded'"),
        ),
    )


class Jobs(JobRow, table=True):
    """The table of `JobRow`."""

    __tablename__: ClassVar[Any] = "jobs"
    __table_args__ = (
        one_of("status", JobStatus),
        one_of("stage", Stage),
        one_of("charged", Charged),
        one_of("error_code", JobError),
        sa.CheckConstraint("business_id > 0", name="business_id_is_positive"),
        sa.CheckConstraint(
            "(status in ('succeeded', 'failed', 'canceled')) = (finished_at is not null)", name="final_means_finished"
        ),
        sa.CheckConstraint("(status = 'succeeded') = (image_id is not null)", name="success_means_an_image"),
        sa.CheckConstraint("(status = 'running') = (lease_until is not null)", name="running_means_a_lease"),
        Index("jobs_idempotency", "business_id", "idempotency_key", unique=True),
        Index("jobs_page", "business_id", *_NEWEST),
        Index("jobs_waiting", "business_id", "created_at", postgresql_where=text("status = 'queued'")),
        Index("jobs_due", "due_at", postgresql_where=text("status = 'queued'")),
        Index("jobs_leased", "lease_until", postgresql_where=text("status = 'running'")),
        Index("jobs_open", "business_id", postgresql_where=text("finished_at is null")),
        Index("jobs_standing", "error_code", postgresql_where=text("finished_at is null and error_code is not null")),
        Index("jobs_page_ended", "business_id", "status", *_NEWEST, postgresql_where=text("finished_at is not null")),
        Index("jobs_with_a_prompt", "finished_at", postgresql_where=text("finished_at is not null and prompt <> ''")),
        Index("jobs_without_a_prompt", "finished_at", postgresql_where=text("finished_at is not null and prompt = ''")),
        Index("jobs_recent_runs", "model", "quality", "size", text("finished_at desc"), postgresql_where=_SUCCEEDED),
    )


class Attempts(SQLModel, table=True):
    """One vendor call. The sum of this table is the bill."""

    __tablename__: ClassVar[Any] = "attempts"
    __table_args__ = (
        one_of("outcome", Outcome),
        one_of("charged", Charged),
        Index("attempts_bill", "business_id", "started_at", postgresql_include=["cost_micros"]),
        Index("attempts_unsettled", "business_id", "started_at", postgresql_where=_UNSETTLED),
        Index("attempts_of_a_job", "job_id", "attempt", unique=True),
        Index("attempts_in_the_air", "job_id", "attempt", postgresql_where=text("outcome = 'in_flight'")),
    )

    id: UUID = Field(primary_key=True)
    """Sent to the vendor as X-Client-Request-Id."""
    job_id: UUID
    """No foreign key: a call may be kept longer than its job."""
    attempt: int
    """The job's fence when the call was made."""
    business_id: int = Field(sa_type=sa.BigInteger)
    model: str = Field(sa_column=text_column())
    size: str = Field(sa_column=text_column())
    quality: str = Field(sa_column=text_column())
    outcome: Outcome = Field(default=Outcome.IN_FLIGHT, sa_column=text_column())
    charged: Charged | None = Field(default=None, sa_column=text_column(optional=True))
    """Null while in flight."""
    started_at: datetime = Field(sa_column=time_column(now=True))
    ended_at: datetime | None = Field(default=None, sa_column=time_column(optional=True))
    """Null while in flight."""
    provider_request_id: str | None = Field(default=None, sa_column=text_column(optional=True))
    """The vendor's own id of the call, for its support."""
    input_tokens: int | None = Field(default=None)
    """As the vendor counted; null where it did not."""
    output_tokens: int | None = Field(default=None)
    cost_micros: int = Field(default=0, sa_column=sa.Column(sa.BigInteger, nullable=False, server_default=text("0")))
    """Cost in millionths of a US dollar; 0 unless painted."""
    cost_estimated: bool = Field(
        default=False, sa_column=sa.Column(sa.Boolean, nullable=False, server_default=text("false"))
    )
    """Whether the cost is the estimate, because the vendor's answer did not count. It counts; nobody calls it exact."""
    detail: str | None = Field(default=None, sa_column=text_column(optional=True))
    """The vendor's code for a refusal or failure."""
    estimated_micros: int | None = Field(default=None, sa_type=sa.BigInteger)
    """Its job's estimate, once that job is gone; null while the job says it."""


class StagedImages(SQLModel, table=True):
    """A picture that was paid for and is not yet in the store. Written before anything else is tried with it."""

    __tablename__: ClassVar[Any] = "spills"

    job_id: UUID = Field(primary_key=True, foreign_key="jobs.id")
    data: bytes = Field(sa_column=sa.Column(sa.LargeBinary, nullable=False))
    """The file as the vendor sent it."""
    painted_at: datetime = Field(sa_column=time_column(now=True))


class Uploads(SQLModel, table=True):
    """An upload under way, so that a crash leaves no bytes without a row; under a key, the memory of its answer."""

    __tablename__: ClassVar[Any] = "uploads"
    __table_args__ = (
        Index("uploads_idempotency", "business_id", "idempotency_key", unique=True),
        Index("uploads_open", "begun_at", postgresql_where=text("image_id is null")),
    )

    id: UUID = Field(primary_key=True)
    """The image id, and so the public id, its bytes are stored under."""
    business_id: int = Field(sa_type=sa.BigInteger)
    idempotency_key: str | None = Field(default=None, sa_column=text_column(optional=True))
    """The client's, unique within its business; null where it sent none."""
    body_hash: str | None = Field(default=None, sa_column=text_column(optional=True))
    """Digest of file, filename and alt text, to tell a repetition from a reused key."""
    image_id: UUID | None = Field(default=None)
    """The image that answered it, which is an older one where the same bytes were there already."""
    begun_at: datetime = Field(sa_column=time_column(now=True))
    sweep_at: datetime | None = Field(default=None, sa_column=time_column(optional=True))
    """From when on its bytes are destroyed, where the store did not destroy them before."""
    sweep_failures: int = Field(default=0, sa_column=count_column())
    """How often the store did not destroy them."""


class ApiKeys(ApiKey, table=True):
    """The table of `ApiKey`."""

    __tablename__: ClassVar[Any] = "api_keys"
    __table_args__ = (
        sa.CheckConstraint("rights <@ array['read', 'write', 'generate', 'operate']", name="rights_are_known"),
        sa.CheckConstraint("businesses is null or cardinality(businesses) > 0", name="no_businesses_is_said_by_null"),
    )


class LibraryCounts(SQLModel, table=True):
    """Changes in how many pictures a business has; their sum is how many. Written by triggers on `images` only."""

    __tablename__: ClassVar[Any] = "library_counts"
    __table_args__ = (Index("library_counts_of_a_business", "business_id"),)
    id: int = Field(sa_column=sa.Column(sa.BigInteger, sa.Identity(always=True), primary_key=True))
    business_id: int = Field(sa_type=sa.BigInteger)
    source: ImageSource = Field(sa_column=text_column())
    trashed: bool
    """Whether it counts the trash or the live ones."""
    delta: int = Field(sa_type=sa.BigInteger)
    """What one statement added or took away, or the sum of older rows that were folded into this one."""


class JobCounts(SQLModel, table=True):
    """Changes in how many ended jobs a business has; their sum is how many. Written by triggers on `jobs` only."""

    __tablename__: ClassVar[Any] = "job_counts"
    __table_args__ = (Index("job_counts_of_a_business", "business_id"),)
    id: int = Field(sa_column=sa.Column(sa.BigInteger, sa.Identity(always=True), primary_key=True))
    business_id: int = Field(sa_type=sa.BigInteger)
    status: JobStatus = Field(sa_column=text_column())
    """One of the three that are final."""
    delta: int = Field(sa_type=sa.BigInteger)
    """1 for a job that ended, -1 for one that was taken away, or the sum of older rows folded into this one."""
