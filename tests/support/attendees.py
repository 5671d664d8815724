"""A projection with many tickets, written at once."""

from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import psycopg

from tests.support.databases import Database

STARTS = datetime(2026, 7, 1, 18, 0, tzinfo=UTC)
EVENT = UUID("01990000-0000-7000-8000-00000000e7e7")
_FILL: Final = (
    """
INSERT INTO reports.events (id, organisation_id, name, currency, starts_at, created_at)
VALUES (%(event)s, %(organisation)s, 'Das große Frühlingskonzert', 'eur', %(starts)s, %(starts)s)
""",
    """
INSERT INTO reports.orders (id, organisation_id, event_id, number, customer_name, customer_email, customer_phone,
                            amount, currency, placed_at, paid_at)
SELECT ('01990000-0000-7000-8001-' || lpad(to_hex(n), 12, '0'))::uuid, %(organisation)s, %(event)s, 'B-' || n,
       'Jürgen Müller-Lüdenscheidt ' || n, 'juergen.mueller' || n || '@example.com', '+4930' || (1000000 + n),
       2500, 'eur', %(starts)s::timestamptz - interval '30 days', %(starts)s::timestamptz - interval '29 days'
FROM generate_series(1, %(count)s) AS n
""",
    """
INSERT INTO reports.tickets (id, organisation_id, event_id, order_id, code, ticket_type, issued_at, checked_in_at)
SELECT ('01990000-0000-7000-8002-' || lpad(to_hex(n), 12, '0'))::uuid, %(organisation)s, %(event)s,
       ('01990000-0000-7000-8001-' || lpad(to_hex(n), 12, '0'))::uuid, 'CODE-' || lpad(n::text, 6, '0'), 'Stehplatz',
       %(starts)s::timestamptz - interval '29 days' + n * interval '1 second',
       CASE WHEN n %% 3 = 0 THEN %(starts)s::timestamptz + n * interval '1 second' END
FROM generate_series(1, %(count)s) AS n
""",
    "ANALYZE reports.tickets, reports.orders",
)


def fill_with_attendees(database: Database, organisation_id: UUID, count: int) -> None:
    """So many tickets of one event, each of an order of its own; every third is checked in."""
    facts = {"organisation": organisation_id, "event": EVENT, "starts": STARTS, "count": count}
    with psycopg.connect(database.url) as connection:
        for statement in _FILL:
            connection.execute(statement.encode(), facts)
