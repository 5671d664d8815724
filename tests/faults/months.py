"""A busy installation over months: each day's rows made in bulk, then purged as on that day."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

import psycopg

from services.appointments.domain.retention import Keep as KeepCalls
from services.appointments.repository import retention as appointments
from services.gateway.idempotency.store import PURGE_LIMIT
from services.gateway.repository import _PURGE as IDEMPOTENCY_KEYS
from services.notifications import repository as notifications
from services.notifications.domain.retention import Keep as KeepLetters
from services.ticketing.domain.retention import Keep as KeepOrders
from services.ticketing.repository import retention as ticketing
from services.webhooks.domain.retention import Keep as KeepWebhooks
from services.webhooks.repository import retention as webhooks
from shared.ids import new_id
from shared.messaging.purging import Purge, purge_slice
from shared.messaging.retention import MessagingRetention
from shared.messaging.retention import purges as messaging
from tests.support.databases import Database

DAY = timedelta(days=1)
SHORT = timedelta(days=45)
"""For what is kept longer than a month, so that three months show that it is flat."""
VACUUMED_EVERY = 5
"""Days: about when a fifth of a table of thirty days has gone, as autovacuum has it."""

V7 = """
CREATE FUNCTION v7(moment timestamptz, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT (lpad(to_hex((extract(epoch FROM moment) * 1000)::bigint), 12, '0') || '7' || lpad(to_hex(n & 4095), 3, '0')
            || '8' || lpad(to_hex(n), 15, '0'))::uuid
$$
"""
_ROWS = "FROM generate_series(1, %(rows)s / {share}) AS n, LATERAL (SELECT %(day)s + n * %(step)s * {share} AS t) AS at"
_DAILY = (
    (1, "messaging.inbox (message_id, service, kind, status, turn, attempts, correlation_id, started_at, finished_at)",
     "v7(t, n), 'ticketing', 'toyshop.toy.make', 'done', 1, 1, gen_random_uuid(), t, t"),
    (50, "messaging.attempt (message_id, service, kind, turn, attempt, outcome, duration, ended_at)",
     "v7(t, n * 50), 'ticketing', 'toyshop.toy.make', 1, 1, 'retry', 0.1, t"),
    (100, "messaging.failed_job (id, service, kind, message_id, turn, attempts, reason, body, failed_at, resolved_at)",
     "v7(t, n), 'ticketing', 'toyshop.toy.make', v7(t, n * 100), 1, 1, 'permanent', '{}', t, t + interval '1 hour'"),
    (20, "messaging.unique_key (key, message_id, until, expires_at)", "v7(t, n)::text, v7(t, n), 'finished', t"),
    (100, "messaging.tick (schedule, due_at)", "'ticketing.expire_orders', t"),
    (20, "gateway.idempotency_key (digest, organisation_id, method, path, key, fingerprint, token, lease_until, expires_at)",
     "sha256(v7(t, n)::text::bytea), %(one)s, 'POST', '/v1/orders', n::text, 'f', %(one)s, t, t + interval '1 day'"),
    (20, "webhooks.inbound_events (id, source, external_id, event_type, livemode, created_at, received_at, body)",
     "v7(t, n), 'stripe', v7(t, n)::text, 'payment.succeeded', false, t, t, convert_to(repeat('x', 500), 'UTF8')"),
    (20, "webhooks.outbound_messages (id, key, organisation_id, event_type, body, created_at)",
     "v7(t, n), v7(t, n)::text, %(one)s, 'order.paid', repeat('x', 300), t"),
    (20, "webhooks.deliveries (id, endpoint_id, message_id, organisation_id, state, created_at, finished_at)",
     "v7(t, n), %(one)s, v7(t, n), %(one)s, 'delivered', t, t"),
    (20, "webhooks.attempts (id, delivery_id, number, by_hand, status, made_at)", "v7(t, n), v7(t, n), 1, false, 200, t"),
    (50, ("ticketing.orders (id, organisation_id, event_id, number, status, amount, currency, customer_name, "
      "customer_email, created_at, expires_at, expired_at)"),
     "v7(t, n), %(one)s, %(one)s, v7(t, n)::text, 'expired', 100, 'eur', 'Ada', 'ada@example.com', t, t, t"),
    (50, "ticketing.order_items (id, organisation_id, order_id, ticket_type_id, ticket_type, quantity, unit_price)",
     "v7(t, n), %(one)s, v7(t, n), %(one)s, 'Standing', 1, 100"),
    (20, "notifications.emails (id, idempotency_key, recipient, state, created_at, sent_at, recipient_name, template, facts)",
     "v7(t, n), v7(t, n)::text, 'ada@example.com', 'sent', t, t, 'Ada', 'tickets', jsonb_build_object('a', repeat('x', 300))"),
    (20, "notifications.attempts (channel, sending_id, number, ended_at)", "'email', v7(t, n), 1, t"),
    (100, "appointments.calls (id, organisation_id, connection_id, external_id, transcript, outcome, created_at, ended_at)",
     "v7(t, n), %(one)s, %(one)s, v7(t, n)::text, repeat('User: hello ', 100), 'booked', t, t"),
    (100, "appointments.counted_calls (call_id, organisation_id, day, outcome)", "v7(t, n), %(one)s, t::date, 'booked'"),
)  # fmt: skip
TABLES = tuple(into.partition(" ")[0] for _, into, _ in _DAILY)
STEADY = (
    "INSERT INTO webhooks.endpoints (id, organisation_id, url, secret, enabled) VALUES (%(one)s, %(one)s, 'u', 's', true)",
    "INSERT INTO ticketing.events (id, organisation_id, name, currency, starts_at) VALUES (%(one)s, %(one)s, 'x', 'eur', now())",
    "INSERT INTO ticketing.ticket_types (id, organisation_id, event_id, name, price, quantity) "  # noqa: ISC004 - one statement
    "VALUES (%(one)s, %(one)s, %(one)s, 'x', 1, 1)",
    "INSERT INTO appointments.connections (id, provider, name) VALUES (%(one)s, 'retell', 'x')",
)


def purges() -> list[Purge]:
    """All of them, with what is kept for long kept for 45 days."""
    return [
        *messaging(MessagingRetention()),
        *webhooks.purges(KeepWebhooks(inbound=SHORT)),
        *ticketing.purges(KeepOrders(unpaid=SHORT)),
        *notifications.purges(KeepLetters(log=SHORT)),
        *appointments.purges(KeepCalls(words=timedelta(days=30), calls=SHORT)),
    ]


@dataclass
class Months:
    """`slowest` is the longest that one statement of a purge took, in seconds, and of which; `purged` counts rows."""

    database: Database
    organisation_id: str = field(default_factory=lambda: str(new_id()))
    slowest: tuple[float, str] = (0.0, "")
    purged: int = 0
    seconds: float = 0.0

    def __post_init__(self) -> None:
        with psycopg.connect(self.database.url) as connection:
            connection.execute(V7.encode())
            for statement in STEADY:
                connection.execute(statement.encode(), {"one": self.organisation_id})

    def live(self, day: datetime, rows: int, only: str = "") -> None:
        """Write what a day of so many messages leaves; `only` into one table."""
        with psycopg.connect(self.database.url) as connection:
            connection.execute("SET synchronous_commit = off")
            for share, into, values in _DAILY:
                if into.startswith(only) and rows >= share:
                    text = f"INSERT INTO {into} SELECT {values} {_ROWS.format(share=share)}"
                    given = {"rows": rows, "day": day, "step": DAY / rows, "one": self.organisation_id}
                    connection.execute(text.encode(), given)

    def purge(self, at: datetime) -> None:
        """Every purge until it rests, each slice in a transaction of its own."""
        with psycopg.connect(self.database.url, autocommit=True) as connection:
            for purge in purges():
                while not (one := purge_slice(connection, purge, at=at)).ended:
                    self._note(one.seconds, one.removed, purge.name)
                self._note(one.seconds, one.removed, purge.name)
            self._purge_keys(connection, at)

    def _purge_keys(self, connection: psycopg.Connection[Any], at: datetime) -> None:
        """The gateway's own statement, on that day."""
        text = str(IDEMPOTENCY_KEYS).replace("clock_timestamp()", "%(at)s").replace(":limit", "%(limit)s")
        removed = PURGE_LIMIT
        while removed == PURGE_LIMIT:
            began = monotonic()
            removed = connection.execute(text.encode(), {"at": at, "limit": PURGE_LIMIT}).rowcount
            self._note(monotonic() - began, removed, "idempotency_key")

    def _note(self, seconds: float, removed: int, name: str) -> None:
        self.slowest = max(self.slowest, (seconds, name))
        self.purged += removed
        self.seconds += seconds

    def vacuum(self) -> None:
        """What autovacuum does meanwhile."""
        with psycopg.connect(self.database.url, autocommit=True) as connection:
            for table in TABLES:
                connection.execute(f"VACUUM (ANALYZE) {table}".encode())

    def sizes(self) -> dict[str, tuple[int, int]]:
        """Rows, and bytes with indexes, of each table."""
        return {
            table: (
                self.database.value(f"SELECT count(*) FROM {table}"),
                self.database.value(f"SELECT pg_total_relation_size('{table}')"),
            )
            for table in TABLES
        }


def days(first: datetime, count: int) -> Iterator[tuple[int, datetime]]:
    """Each day with its number."""
    return ((number, first + number * DAY) for number in range(count))
