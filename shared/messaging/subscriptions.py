"""Who hears what, since when and until when, as `migrate` wrote it down in `messaging.subscription`."""

from collections.abc import Iterable
from datetime import datetime

from shared.messaging.inbox import Connection
from shared.messaging.topology import Subscription

FORGET_DAYS = 90
"""What hears no more is forgotten after this: longer than anything that it could explain is kept."""

_READ = "SELECT service, kind, queue, is_event, on_failure FROM messaging.subscription WHERE until IS NULL"
_END = """
UPDATE messaging.subscription SET until = clock_timestamp()
WHERE until IS NULL AND (service, kind) NOT IN (SELECT * FROM unnest(%s::text[], %s::text[]))
"""
# An event that was published while nobody listened is not for who listens again. A command that was is a failed job.
_WRITE = """
INSERT INTO messaging.subscription AS known (service, kind, queue, is_event, on_failure, since)
VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT (service, kind) DO UPDATE
SET queue = excluded.queue, is_event = excluded.is_event, on_failure = excluded.on_failure, until = NULL,
    since = CASE WHEN known.until IS NULL OR NOT excluded.is_event THEN known.since ELSE excluded.since END
"""
_FORGET = "DELETE FROM messaging.subscription WHERE until < clock_timestamp() - make_interval(days => %s)"


def read_subscriptions(connection: Connection) -> list[Subscription]:
    """The consumers that are deployed."""
    return [Subscription(*row) for row in connection.execute(_READ)]


def write_subscriptions(connection: Connection, subscriptions: Iterable[Subscription], since: datetime) -> None:
    """Write down, in the caller's transaction, who hears what from now on. Who is new has heard since `since`; what is
    not among them hears no more.
    """
    rows = [(one.service, one.kind, one.queue, one.is_event, one.on_failure, since) for one in subscriptions]
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE messaging.subscription IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute(_END, ([row[0] for row in rows], [row[1] for row in rows]))
        cursor.executemany(_WRITE, rows)
        cursor.execute(_FORGET, (FORGET_DAYS,))
