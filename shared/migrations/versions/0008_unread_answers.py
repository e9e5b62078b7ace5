"""Answers of vendors that hold no readable picture, and whether a call's cost is the estimate."""

from alembic import op

revision = "0008"
down_revision = "0007"

STATEMENTS = [
    """
    CREATE TABLE unread_answers (
        attempt_id UUID NOT NULL,
        job_id UUID NOT NULL,
        business_id BIGINT NOT NULL,
        reason TEXT NOT NULL,
        data BYTEA NOT NULL,
        received_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        PRIMARY KEY (attempt_id)
    )
    """,
    """
    CREATE INDEX ix_unread_answers_job_id ON unread_answers (job_id)
    """,
    # What was painted before was counted as exact: where a vendor had sent no usage it was the estimate, too.
    """
    ALTER TABLE attempts ADD COLUMN cost_estimated BOOLEAN DEFAULT false NOT NULL
    """,
]


def upgrade() -> None:
    """Runs each statement in turn."""
    for statement in STATEMENTS:
        op.execute(statement)
