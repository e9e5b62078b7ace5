"""When to look for the picture of a job that ended without one (docs/decisions/0004-the-store-is-the-checkpoint.md)."""

from alembic import op

revision = "0006"
down_revision = "0005"

STATEMENTS = [
    """
    CREATE TABLE late_looks (
        job_id UUID NOT NULL,
        look_at TIMESTAMP WITH TIME ZONE NOT NULL,
        PRIMARY KEY (job_id),
        FOREIGN KEY (job_id) REFERENCES jobs (id)
    )
    """,
    """
    CREATE INDEX late_looks_due ON late_looks (look_at)
    """,
    # A trigger, so that it holds for every way a job ends, an operator's SQL and workers of the version before too. It
    # is asked only by statements that set `finished_at`: no claim, renewal or poll pays for it.
    """
    CREATE FUNCTION look_for_late_picture() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT FROM spills WHERE job_id = NEW.id) THEN
            INSERT INTO late_looks (job_id, look_at) VALUES (NEW.id, NEW.finished_at) ON CONFLICT DO NOTHING;
        ELSIF EXISTS (SELECT FROM attempts WHERE job_id = NEW.id AND charged = 'unknown') THEN
            INSERT INTO late_looks (job_id, look_at) VALUES (NEW.id, NEW.finished_at + interval '1 min')
            ON CONFLICT DO NOTHING;
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER ended_without_a_picture AFTER UPDATE OF finished_at ON jobs FOR EACH ROW
    WHEN (OLD.finished_at IS NULL AND NEW.finished_at IS NOT NULL AND NEW.image_id IS NULL)
    EXECUTE FUNCTION look_for_late_picture()
    """,
    # What ended before this is looked for once, or stored if its bytes are still here.
    """
    INSERT INTO late_looks (job_id, look_at)
    SELECT id, now() FROM jobs WHERE finished_at IS NOT NULL AND image_id IS NULL AND id IN (
        SELECT job_id FROM attempts WHERE charged = 'unknown' UNION SELECT job_id FROM spills)
    """,
]


def upgrade() -> None:
    """Runs each statement in turn."""
    for statement in STATEMENTS:
        op.execute(statement)
