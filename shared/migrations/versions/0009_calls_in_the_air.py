"""The calls that are in the air, for the sweep: it looks at them every few seconds, and at no settled one."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Locks `attempts` against writing while it reads the table once."""
    op.execute("CREATE INDEX attempts_in_the_air ON attempts (job_id, attempt) WHERE outcome = 'in_flight'")
