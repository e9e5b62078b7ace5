"""Who may do what: API keys."""

from alembic import op

revision = "0004"
down_revision = "0003"

STATEMENTS = [
    """
    CREATE TABLE api_keys (
        id UUID NOT NULL,
        name TEXT NOT NULL,
        prefix TEXT NOT NULL,
        digest BYTEA NOT NULL,
        rights TEXT[] NOT NULL,
        businesses BIGINT[],
        created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        expires_at TIMESTAMP WITH TIME ZONE,
        revoked_at TIMESTAMP WITH TIME ZONE,
        PRIMARY KEY (id),
        UNIQUE (prefix),
        CONSTRAINT rights_are_known CHECK (rights <@ array['read', 'write', 'generate', 'operate']),
        CONSTRAINT no_businesses_is_said_by_null CHECK (businesses is null or cardinality(businesses) > 0)
    )
    """,
]


def upgrade() -> None:
    """Runs each statement in turn."""
    for statement in STATEMENTS:
        op.execute(statement)
