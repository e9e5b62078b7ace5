"""What a copy was derived as, so that it is found before it is made again, and made once however many ask."""

from alembic import op

revision = "0010"
down_revision = "0009"

STATEMENTS = [
    """
    ALTER TABLE images ADD COLUMN derived_as TEXT
    """,
    # No copy of an earlier version says it: nothing is in here yet.
    """
    CREATE UNIQUE INDEX images_copies ON images (parent_id, derived_as)
    WHERE deleted_at IS NULL AND derived_as IS NOT NULL
    """,
]


def upgrade() -> None:
    """Runs each statement in turn. The index locks `images` against writing while it reads the table once."""
    for statement in STATEMENTS:
        op.execute(statement)
