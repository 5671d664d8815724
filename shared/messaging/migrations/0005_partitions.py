"""Partitions of what was published: made and dropped by functions of the owner, which the relay may call."""

from alembic import op

revision = "messaging_0005"
down_revision = "messaging_0004"
branch_labels = None
depends_on = None

# The relay's role owns nothing and can create nothing: it asks, and says for which day, and that is all it can say.
# A day whose rows lie in the DEFAULT partition already gets none: PostgreSQL would refuse it. LIKE and ATTACH wait for
# nobody who reads or writes another partition.
MAKE = """
CREATE FUNCTION messaging.make_published_partition(day date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET lock_timeout = '100ms'
AS $$
DECLARE
    name text := 'published_' || to_char(day, 'YYYYMMDD');
    is_taken boolean := false;
BEGIN
    IF day NOT BETWEEN current_date AND current_date + 31 THEN
        RAISE EXCEPTION 'no partition is made for %: only for the next 31 days', day;
    END IF;
    IF to_regclass('messaging.' || name) IS NOT NULL
       OR NOT pg_try_advisory_xact_lock(hashtextextended('messaging.published', 0)) THEN
        RETURN false;
    END IF;
    IF to_regclass('messaging.published_default') IS NOT NULL THEN
        EXECUTE 'SELECT EXISTS (SELECT FROM messaging.published_default WHERE published_at >= $1 AND published_at < $2)'
            INTO is_taken USING day::timestamptz, (day + 1)::timestamptz;
    END IF;
    IF is_taken THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE messaging.%I (LIKE messaging.published INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', name);
    EXECUTE format('ALTER TABLE messaging.published ATTACH PARTITION messaging.%I FOR VALUES FROM (%L) TO (%L)',
                   name, day::timestamptz, (day + 1)::timestamptz);
    RETURN true;
END
$$
"""
# One at a time: the lock on the whole table lasts as long as one DROP.
DROP = """
CREATE FUNCTION messaging.drop_published_partition(kept interval) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET lock_timeout = '100ms'
AS $$
DECLARE
    oldest text;
BEGIN
    IF kept < interval '1 day' THEN
        RAISE EXCEPTION 'what was published is kept for a day at least, not for %', kept;
    END IF;
    SELECT relname INTO oldest FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
    WHERE inhparent = 'messaging.published'::regclass AND relname ~ '^published_[0-9]{8}$'
      AND to_date(right(relname, 8), 'YYYYMMDD') + 1 <= clock_timestamp() - kept
    ORDER BY relname LIMIT 1;
    IF oldest IS NOT NULL THEN
        EXECUTE format('DROP TABLE messaging.%I', oldest);
    END IF;
    RETURN oldest;
END
$$
"""
SIGNATURES = ("make_published_partition(date)", "drop_published_partition(interval)")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute(MAKE)
    op.execute(DROP)
    for signature in SIGNATURES:
        op.execute(f"REVOKE ALL ON FUNCTION messaging.{signature} FROM PUBLIC")


def downgrade() -> None:
    for signature in SIGNATURES:
        op.execute(f"DROP FUNCTION messaging.{signature}")
