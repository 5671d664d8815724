"""Ninety days of a busy installation, with the clock moved: nothing grows, no purge takes a second, no plan changes.

The short form lives through a thousandth of a million messages a day, every other day. The long one lives through a tenth of
it on every day, and through one day of a million; it took half an hour on two cores that had much else to do.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from services.gateway.repository import IdempotencyKeys
from services.relay import looking
from services.relay.due import move_due
from services.ticketing.repository import Orders
from services.webhooks.repository.deliveries import Deliveries
from shared.ids import new_id
from shared.messaging.inbox import _STANDING
from tests.faults.months import DAY, VACUUMED_EVERY, Months, days
from tests.support.databases import Database

NINETY = 90
STEADY_FROM = 60
"""The first day on which everything that is kept for 45 days, and vacuumed every five, has gone once."""
MILLION_ON = 40
GROWTH = 1.10
SLACK, PAGE = 150, 8_192
"""Pages that a small table may differ by, which are tenths of it: free space is found again by chance."""
Plan = tuple[tuple[str, str], ...]

_CLAIM = (
    "INSERT INTO messaging.inbox AS known (message_id, service, kind, status, turn, attempts) "
    "VALUES (%s, 'ticketing', 'toyshop.toy.make', 'done', 1, 1) ON CONFLICT (message_id, service) DO UPDATE "
    "SET status = 'done', turn = excluded.turn WHERE known.status IN ('waiting', 'calling')"
)
"""What messaging.claim_done runs."""


class Explaining(psycopg.Cursor[Any]):
    """A cursor that notes how each statement is planned before it runs it."""

    plans: list[Plan] = []  # noqa: RUF012 - one list, emptied by whoever collects

    def execute(self, query: Any, params: Any = None, **options: Any) -> "Explaining":
        text = query.decode() if isinstance(query, bytes) else query
        if isinstance(text, str) and text.split()[0] in {"SELECT", "WITH", "INSERT", "UPDATE", "DELETE"}:
            super().execute(f"EXPLAIN (FORMAT JSON) {text}".encode(), params)
            found: Any = self.fetchone()
            plan = found[0] if isinstance(found[0], list) else json.loads(found[0])
            self.plans.append(tuple(_nodes(plan[0]["Plan"])))
        super().execute(query, params, **options)
        return self


def _nodes(node: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield node["Node Type"], node.get("Index Name", node.get("Relation Name", ""))
    for below in node.get("Plans", []):
        yield from _nodes(below)


@contextmanager
def explained() -> Iterator[list[Plan]]:
    Explaining.plans.clear()
    yield Explaining.plans


def hot_plans(months: Months) -> dict[str, list[Plan]]:
    """How the statements are planned that everybody waits for. Those of services are run by the services' own code."""
    database, found = months.database, dict[str, list[Plan]]()
    message = database.value("SELECT message_id FROM messaging.inbox ORDER BY message_id OFFSET 5 LIMIT 1")
    with psycopg.connect(database.url, cursor_factory=Explaining) as connection, explained() as plans:
        for name, statement in (("standing", _STANDING), ("claim", _CLAIM)):
            connection.execute(statement.encode(), (message, "ticketing") if name == "standing" else (new_id(),))
            found[name] = list(plans)
            plans.clear()
        looking.plan_by_index(connection)
        for name, look in (
            ("outbox claim", lambda: looking.claim(connection, [1, 2, 3])),
            ("under way", lambda: looking.standings(connection, [message])),
            ("due", lambda: move_due(connection)),
            ("due in turn", lambda: move_due(connection, in_turn=True)),
        ):
            plans.clear()
            look()
            found[name] = list(plans)
        connection.rollback()
    return found | _plans_of_services(months)


def _plans_of_services(months: Months) -> dict[str, list[Plan]]:
    url = months.database.url.replace("postgresql://", "postgresql+psycopg://")
    engine = create_engine(url, poolclass=NullPool, connect_args={"cursor_factory": Explaining})
    endpoint = months.database.value("SELECT id FROM webhooks.endpoints")
    found = dict[str, list[Plan]]()
    with Session(engine) as session, explained() as plans:
        for name, look in (
            ("idempotency look-up", lambda: IdempotencyKeys(session.connection()).earlier(b"no such digest")),
            ("deliveries", lambda: Deliveries(session).page(endpoint, after=None, count=50)),
            ("orders' expiry", lambda: Orders(session).claim_overdue(500)),
        ):
            plans.clear()
            look()
            found[name] = list(plans)
        session.rollback()
    return found


def live_through(months: Months, per_day: int, step: int, million: int = 0) -> dict[int, Any]:
    """Ninety days; sizes and plans of the first steady day and of the last."""
    seen: dict[int, Any] = {}
    first = datetime.now(UTC) - (NINETY + 1) * DAY
    for number, day in days(first, NINETY + 1):
        if number % step:
            continue
        months.live(day, per_day)
        if number == MILLION_ON and million:
            months.live(day + timedelta(microseconds=1), million, only="messaging.inbox")
        months.purge(day + DAY)
        if number % VACUUMED_EVERY < step:
            months.vacuum()
        if number in {STEADY_FROM, NINETY}:
            seen[number] = months.sizes(), hot_plans(months)
    return seen


def grown(before: dict[str, tuple[int, int]], after: dict[str, tuple[int, int]]) -> dict[str, Any]:
    """The tables that have more rows, or more bytes, than a tenth above what they had."""
    return {
        table: (before[table], after[table])
        for table in before
        if after[table][0] > before[table][0] * GROWTH or after[table][1] > before[table][1] * GROWTH + SLACK * PAGE
    }


@pytest.mark.parametrize(
    ("per_day", "step", "million"),
    [
        pytest.param(1_000, 2, 0, id="a thousand every other day", marks=pytest.mark.timeout(600)),
        pytest.param(
            100_000,
            1,
            1_000_000,
            id="a hundred thousand a day and once a million",
            marks=[pytest.mark.long, pytest.mark.timeout(7_200)],
        ),
    ],
)
def test_nothing_grows_and_no_purge_takes_a_second(database: Database, per_day: int, step: int, million: int) -> None:
    """Sizes are flat, the longest statement of a purge is under a second, and the hot queries are planned as before."""
    months = Months(database)
    seen = live_through(months, per_day, step, million)
    print(f"purged {months.purged:,} rows in {months.seconds:.1f} s, longest {months.slowest}", seen[NINETY][0])
    (sizes, plans), (late_sizes, late_plans) = seen[STEADY_FROM], seen[NINETY]
    assert months.purged > 0
    assert all(rows > 0 for rows, _ in late_sizes.values())
    assert grown(sizes, late_sizes) == {}
    assert months.slowest[0] < 1
    assert late_plans == plans
    assert not [name for name, found in late_plans.items() for plan in found if ("Seq Scan", "inbox") in plan]
