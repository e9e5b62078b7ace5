"""What goes when its time is over: pictures at once and in growing pauses, prompts, jobs, and calls whose sums stay
(docs/decisions/0017-what-goes-when-its-time-is-over.md)."""

from alembic import op

revision = "0011"
down_revision = "0010"

STATEMENTS = [
    """
    ALTER TABLE images ADD COLUMN purge_at TIMESTAMP WITH TIME ZONE, ADD COLUMN purge_failures INTEGER DEFAULT 0 NOT NULL
    """,
    """
    CREATE INDEX images_purged_next ON images (purge_at) WHERE purge_at IS NOT NULL
    """,
    """
    ALTER TABLE uploads ADD COLUMN sweep_at TIMESTAMP WITH TIME ZONE, ADD COLUMN sweep_failures INTEGER DEFAULT 0 NOT NULL
    """,
    # A job may go before its calls, which then say themselves what they were estimated at.
    """
    ALTER TABLE attempts DROP CONSTRAINT attempts_job_id_fkey, ADD COLUMN estimated_micros BIGINT
    """,
    """
    CREATE TABLE ledger_days (
        business_id BIGINT NOT NULL,
        day DATE NOT NULL,
        model TEXT NOT NULL,
        quality TEXT NOT NULL,
        images INTEGER NOT NULL,
        cost_micros BIGINT NOT NULL,
        unknown INTEGER NOT NULL,
        unknown_micros BIGINT NOT NULL,
        PRIMARY KEY (business_id, day, model, quality)
    )
    """,
    # Each ended job is in one of the two, so its end pays for one entry.
    """
    CREATE INDEX jobs_with_a_prompt ON jobs (finished_at) WHERE finished_at IS NOT NULL AND prompt <> ''
    """,
    """
    CREATE INDEX jobs_without_a_prompt ON jobs (finished_at) WHERE finished_at IS NOT NULL AND prompt = ''
    """,
]


def upgrade() -> None:
    """Runs each statement in turn. The two indexes lock `jobs` against writing while they read it once."""
    for statement in STATEMENTS:
        op.execute(statement)
