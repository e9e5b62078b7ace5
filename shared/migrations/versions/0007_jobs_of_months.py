"""What stays cheap after a million jobs: those that wait for an operator, the pages of one status, and how many there
are (docs/decisions/0011-library-totals.md)."""

from alembic import op

revision = "0007"
down_revision = "0006"

STATEMENTS = [
    """
    CREATE INDEX jobs_standing ON jobs (error_code) WHERE finished_at IS NULL AND error_code IS NOT NULL
    """,
    """
    CREATE INDEX jobs_page_ended ON jobs (business_id, status, created_at DESC, id DESC) WHERE finished_at IS NOT NULL
    """,
    """
    CREATE TABLE job_counts (
        id BIGINT GENERATED ALWAYS AS IDENTITY,
        business_id BIGINT NOT NULL,
        status TEXT NOT NULL,
        delta BIGINT NOT NULL,
        PRIMARY KEY (id)
    )
    """,
    """
    CREATE INDEX job_counts_of_a_business ON job_counts (business_id)
    """,
    # Only ended jobs are counted here: the open ones are few, and no acceptance, claim or renewal pays for a count.
    # As in `library_counts` no statement waits for another, so none can deadlock.
    """
    CREATE FUNCTION count_job() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE business BIGINT;
    BEGIN
        IF TG_OP = 'TRUNCATE' THEN
            DELETE FROM job_counts;
            RETURN NULL;
        ELSIF TG_OP = 'DELETE' THEN
            business := OLD.business_id;
            INSERT INTO job_counts (business_id, status, delta) VALUES (business, OLD.status, -1);
        ELSE
            business := NEW.business_id;
            INSERT INTO job_counts (business_id, status, delta) VALUES (business, NEW.status, 1);
        END IF;
        IF (SELECT count(*) FROM job_counts WHERE business_id = business) > 64 THEN
            WITH held AS (
                SELECT id FROM job_counts WHERE business_id = business FOR UPDATE SKIP LOCKED
            ), gone AS (
                DELETE FROM job_counts c USING held WHERE c.id = held.id RETURNING c.status, c.delta
            )
            INSERT INTO job_counts (business_id, status, delta)
            SELECT business, status, sum(delta) FROM gone GROUP BY status HAVING sum(delta) <> 0;
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER count_ended AFTER UPDATE OF finished_at ON jobs FOR EACH ROW
    WHEN (OLD.finished_at IS NULL AND NEW.finished_at IS NOT NULL) EXECUTE FUNCTION count_job()
    """,
    """
    CREATE TRIGGER count_added_ended AFTER INSERT ON jobs FOR EACH ROW
    WHEN (NEW.finished_at IS NOT NULL) EXECUTE FUNCTION count_job()
    """,
    """
    CREATE TRIGGER count_ended_gone AFTER DELETE ON jobs FOR EACH ROW
    WHEN (OLD.finished_at IS NOT NULL) EXECUTE FUNCTION count_job()
    """,
    """
    CREATE TRIGGER count_emptied AFTER TRUNCATE ON jobs FOR EACH STATEMENT EXECUTE FUNCTION count_job()
    """,
    # Making the triggers has locked out writers until this transaction ends, so what is counted now stays right.
    """
    INSERT INTO job_counts (business_id, status, delta)
    SELECT business_id, status, count(*) FROM jobs WHERE finished_at IS NOT NULL GROUP BY 1, 2
    """,
]


def upgrade() -> None:
    """Runs each statement in turn."""
    for statement in STATEMENTS:
        op.execute(statement)
