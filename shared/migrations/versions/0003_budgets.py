"""What a business may spend in a month, and what makes the sum of its month cheap."""

from alembic import op

revision = "0003"
down_revision = "0002"

STATEMENTS = [
    """
    CREATE TABLE budgets (
        business_id BIGINT NOT NULL,
        monthly_micros BIGINT NOT NULL,
        updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        PRIMARY KEY (business_id),
        CONSTRAINT business_id_is_positive CHECK (business_id > 0),
        CONSTRAINT budget_is_not_negative CHECK (monthly_micros >= 0)
    )
    """,
    """
    CREATE INDEX jobs_open ON jobs (business_id) WHERE finished_at is null
    """,
    "DROP INDEX attempts_bill",
    """
    CREATE INDEX attempts_bill ON attempts (business_id, started_at) INCLUDE (cost_micros)
    """,
    """
    CREATE INDEX attempts_unsettled ON attempts (business_id, started_at)
        WHERE charged = 'unknown' or outcome = 'in_flight'
    """,
]


def upgrade() -> None:
    """Runs each statement in turn."""
    for statement in STATEMENTS:
        op.execute(statement)
