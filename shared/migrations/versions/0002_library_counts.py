"""How many pictures there are, kept by triggers, and an index for words without a trigram
(docs/decisions/0011-library-totals.md)."""

from alembic import op

revision = "0002"
down_revision = "0001"

STATEMENTS = [
    """
    CREATE TABLE library_counts (
        id BIGINT GENERATED ALWAYS AS IDENTITY,
        business_id BIGINT NOT NULL,
        source TEXT NOT NULL,
        trashed BOOLEAN NOT NULL,
        delta BIGINT NOT NULL,
        PRIMARY KEY (id)
    )
    """,
    """
    CREATE INDEX library_counts_of_a_business ON library_counts (business_id)
    """,
    # Rows are only ever added or taken away, never changed, and what somebody else holds is left to the next one:
    # no statement waits for another here, so none can deadlock.
    """
    CREATE FUNCTION fold_library_counts(business BIGINT) RETURNS void LANGUAGE plpgsql AS $$
    BEGIN
        IF (SELECT count(*) FROM library_counts WHERE business_id = business) <= 64 THEN
            RETURN;
        END IF;
        WITH held AS (
            SELECT id FROM library_counts WHERE business_id = business FOR UPDATE SKIP LOCKED
        ), gone AS (
            DELETE FROM library_counts c USING held WHERE c.id = held.id RETURNING c.source, c.trashed, c.delta
        )
        INSERT INTO library_counts (business_id, source, trashed, delta)
        SELECT business, source, trashed, sum(delta) FROM gone GROUP BY source, trashed HAVING sum(delta) <> 0;
    END $$
    """,
    """
    CREATE FUNCTION count_images() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'TRUNCATE' THEN
            DELETE FROM library_counts;
        ELSIF TG_OP = 'INSERT' THEN
            INSERT INTO library_counts (business_id, source, trashed, delta)
            SELECT business_id, source, deleted_at IS NOT NULL, count(*) FROM added GROUP BY 1, 2, 3;
            PERFORM fold_library_counts(business_id) FROM (SELECT DISTINCT business_id FROM added) touched;
        ELSIF TG_OP = 'DELETE' THEN
            INSERT INTO library_counts (business_id, source, trashed, delta)
            SELECT business_id, source, deleted_at IS NOT NULL, -count(*) FROM gone GROUP BY 1, 2, 3;
            PERFORM fold_library_counts(business_id) FROM (SELECT DISTINCT business_id FROM gone) touched;
        ELSE
            INSERT INTO library_counts (business_id, source, trashed, delta)
            SELECT business_id, source, trashed, sum(n) FROM (
                SELECT business_id, source, deleted_at IS NOT NULL AS trashed, 1 AS n FROM added
                UNION ALL
                SELECT business_id, source, deleted_at IS NOT NULL, -1 FROM gone) moved
            GROUP BY 1, 2, 3 HAVING sum(n) <> 0;
            IF FOUND THEN
                PERFORM fold_library_counts(business_id) FROM (SELECT DISTINCT business_id FROM added) touched;
            END IF;
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER count_added AFTER INSERT ON images REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION count_images()
    """,
    """
    CREATE TRIGGER count_moved AFTER UPDATE ON images REFERENCING OLD TABLE AS gone NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION count_images()
    """,
    """
    CREATE TRIGGER count_gone AFTER DELETE ON images REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION count_images()
    """,
    """
    CREATE TRIGGER count_emptied AFTER TRUNCATE ON images
    FOR EACH STATEMENT EXECUTE FUNCTION count_images()
    """,
    # Making the triggers has locked out writers until this transaction ends, so what is counted now stays right.
    """
    INSERT INTO library_counts (business_id, source, trashed, delta)
    SELECT business_id, source, deleted_at IS NOT NULL, count(*) FROM images GROUP BY 1, 2, 3
    """,
    # Each character, and each with the one after it. The price keeps the planner from computing it for every row.
    """
    CREATE FUNCTION grams(said TEXT) RETURNS TEXT[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 10000 AS $$
        SELECT array_agg(DISTINCT gram) FROM (
            SELECT unnest(ARRAY[sign, sign || lead(sign) OVER (ORDER BY n)]) AS gram
            FROM unnest(string_to_array(said, NULL)) WITH ORDINALITY AS signs (sign, n)
        ) each WHERE gram IS NOT NULL
    $$
    """,
    """
    CREATE INDEX images_search_short ON images USING gin (business_id, grams(searchable))
    """,
]


def upgrade() -> None:
    """Runs each statement in turn."""
    for statement in STATEMENTS:
        op.execute(statement)
