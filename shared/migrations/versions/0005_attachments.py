"""Which post of the host shows which picture (docs/decisions/0014-what-posts-show.md)."""

from alembic import op

revision = "0005"
down_revision = "0004"

STATEMENTS = [
    # Its key begins with the picture, so that counting a picture's posts reads a few entries of one index. No cascade:
    # a purge that overlooked a post fails here instead of taking the row away.
    """
    CREATE TABLE attachments (
        image_id UUID NOT NULL,
        business_id BIGINT NOT NULL,
        post_id TEXT NOT NULL,
        platform TEXT,
        attached_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        PRIMARY KEY (image_id, post_id),
        FOREIGN KEY (image_id) REFERENCES images (id),
        CONSTRAINT platform_is_known CHECK (platform in ('instagram', 'facebook', 'linkedin', 'threads', 'x')),
        CONSTRAINT business_id_is_positive CHECK (business_id > 0)
    )
    """,
]


def upgrade() -> None:
    """Runs each statement in turn."""
    for statement in STATEMENTS:
        op.execute(statement)
