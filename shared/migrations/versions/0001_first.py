"""The first tables."""

from alembic import op

revision = "0001"
down_revision = None

STATEMENTS = [
    "create extension if not exists pg_trgm",
    "create extension if not exists btree_gin",
    """
    CREATE TABLE images (
        id UUID NOT NULL,
        business_id BIGINT NOT NULL,
        source TEXT NOT NULL,
        filename TEXT NOT NULL,
        public_id TEXT NOT NULL,
        url TEXT NOT NULL,
        format TEXT NOT NULL,
        bytes INTEGER NOT NULL,
        width INTEGER NOT NULL,
        height INTEGER NOT NULL,
        sha256 TEXT NOT NULL,
        alt_text TEXT,
        job_id UUID,
        parent_id UUID,
        searchable TEXT NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        deleted_at TIMESTAMP WITH TIME ZONE,
        PRIMARY KEY (id),
        CONSTRAINT source_is_known CHECK (source in ('uploaded', 'ai_generated')),
        CONSTRAINT business_id_is_positive CHECK (business_id > 0),
        CONSTRAINT picture_has_a_size CHECK (width > 0 and height > 0 and bytes > 0),
        UNIQUE (public_id),
        UNIQUE (job_id)
    )
    """,
    """
    CREATE INDEX images_of_a_parent ON images (parent_id) WHERE parent_id is not null
    """,
    """
    CREATE INDEX images_page ON images (business_id, created_at desc, id desc) WHERE deleted_at is null
    """,
    """
    CREATE INDEX images_page_by_source ON images (business_id, source, created_at desc, id desc) WHERE deleted_at is null
    """,
    """
    CREATE UNIQUE INDEX images_same_bytes ON images (business_id, sha256) WHERE deleted_at is null and source = 'uploaded'
    """,
    """
    CREATE INDEX images_search ON images USING gin (business_id, searchable gin_trgm_ops)
    """,
    """
    CREATE INDEX images_trash ON images (business_id, deleted_at desc, id desc) WHERE deleted_at is not null
    """,
    """
    CREATE TABLE jobs (
        id UUID NOT NULL,
        business_id BIGINT NOT NULL,
        status TEXT NOT NULL,
        stage TEXT NOT NULL,
        revision INTEGER DEFAULT 1 NOT NULL,
        prompt TEXT NOT NULL,
        model TEXT NOT NULL,
        size TEXT NOT NULL,
        quality TEXT NOT NULL,
        alt_text TEXT,
        request_id TEXT NOT NULL,
        idempotency_key TEXT,
        body_hash TEXT NOT NULL,
        attempt INTEGER DEFAULT 0 NOT NULL,
        failures INTEGER DEFAULT 0 NOT NULL,
        losses INTEGER DEFAULT 0 NOT NULL,
        due_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        lease_until TIMESTAMP WITH TIME ZONE,
        ring_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        rings INTEGER DEFAULT 0 NOT NULL,
        deadline_at TIMESTAMP WITH TIME ZONE,
        cancel_requested_at TIMESTAMP WITH TIME ZONE,
        estimated_micros BIGINT NOT NULL,
        actual_micros BIGINT,
        charged TEXT,
        error_code TEXT,
        error_detail TEXT,
        image_id UUID,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        started_at TIMESTAMP WITH TIME ZONE,
        finished_at TIMESTAMP WITH TIME ZONE,
        PRIMARY KEY (id),
        CONSTRAINT status_is_known CHECK (status in ('queued', 'running', 'succeeded', 'failed', 'canceled')),
        CONSTRAINT stage_is_known CHECK (stage in ('waiting', 'generating', 'storing', 'done')),
        CONSTRAINT charged_is_known CHECK (charged in ('true', 'false', 'unknown')),
        CONSTRAINT error_code_is_known CHECK (error_code in ('content_policy', 'invalid_parameters', 'model_retired', 'provider_rate_limited', 'provider_unavailable', 'provider_auth', 'provider_quota', 'outcome_unknown', 'storage_unavailable', 'bad_provider_image', 'deadline_passed', 'worker_lost')),
        CONSTRAINT business_id_is_positive CHECK (business_id > 0),
        CONSTRAINT final_means_finished CHECK ((status in ('succeeded', 'failed', 'canceled')) = (finished_at is not null)),
        CONSTRAINT success_means_an_image CHECK ((status = 'succeeded') = (image_id is not null)),
        CONSTRAINT running_means_a_lease CHECK ((status = 'running') = (lease_until is not null))
    )
    """,
    """
    CREATE INDEX jobs_due ON jobs (due_at) WHERE status = 'queued'
    """,
    """
    CREATE UNIQUE INDEX jobs_idempotency ON jobs (business_id, idempotency_key)
    """,
    """
    CREATE INDEX jobs_leased ON jobs (lease_until) WHERE status = 'running'
    """,
    """
    CREATE INDEX jobs_page ON jobs (business_id, created_at desc, id desc)
    """,
    """
    CREATE INDEX jobs_recent_runs ON jobs (model, quality, size, finished_at desc) WHERE status = 'succeeded'
    """,
    """
    CREATE INDEX jobs_waiting ON jobs (business_id, created_at) WHERE status = 'queued'
    """,
    """
    CREATE TABLE uploads (
        id UUID NOT NULL,
        business_id BIGINT NOT NULL,
        idempotency_key TEXT,
        body_hash TEXT,
        image_id UUID,
        begun_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        PRIMARY KEY (id)
    )
    """,
    """
    CREATE UNIQUE INDEX uploads_idempotency ON uploads (business_id, idempotency_key)
    """,
    """
    CREATE INDEX uploads_open ON uploads (begun_at) WHERE image_id is null
    """,
    """
    CREATE TABLE attempts (
        id UUID NOT NULL,
        job_id UUID NOT NULL,
        attempt INTEGER NOT NULL,
        business_id BIGINT NOT NULL,
        model TEXT NOT NULL,
        size TEXT NOT NULL,
        quality TEXT NOT NULL,
        outcome TEXT NOT NULL,
        charged TEXT,
        started_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        ended_at TIMESTAMP WITH TIME ZONE,
        provider_request_id TEXT,
        input_tokens INTEGER,
        output_tokens INTEGER,
        cost_micros BIGINT DEFAULT 0 NOT NULL,
        detail TEXT,
        PRIMARY KEY (id),
        CONSTRAINT outcome_is_known CHECK (outcome in ('in_flight', 'painted', 'refused', 'failed', 'unknown')),
        CONSTRAINT charged_is_known CHECK (charged in ('true', 'false', 'unknown')),
        FOREIGN KEY(job_id) REFERENCES jobs (id)
    )
    """,
    """
    CREATE INDEX attempts_bill ON attempts (business_id, started_at)
    """,
    """
    CREATE UNIQUE INDEX attempts_of_a_job ON attempts (job_id, attempt)
    """,
    """
    CREATE TABLE spills (
        job_id UUID NOT NULL,
        data BYTEA NOT NULL,
        painted_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        PRIMARY KEY (job_id),
        FOREIGN KEY(job_id) REFERENCES jobs (id)
    )
    """,
]


def upgrade() -> None:
    """Runs each statement in turn."""
    for statement in STATEMENTS:
        op.execute(statement)
