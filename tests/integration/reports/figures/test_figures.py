"""Daily figures: from events that were heard, on the organisation's days, corrected by what is told late."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from alembic import command
from sqlalchemy import create_engine

from services.reports.domain.figures import FIGURES
from services.reports.domain.periods import Period
from services.reports.errors import PeriodTooLongError
from services.reports.handlers.preferences import ask_for_figures
from services.reports.models import Base
from shared.contracts.message import Event
from shared.contracts.notifications import NotificationEnded
from shared.contracts.ticketing import OrderPaid, TicketCheckedIn, TicketsIssued
from shared.database.migrations import configuration
from tests.integration.reports.figures.bureau import Bureau
from tests.integration.reports.telling import BEGAN, Story
from tests.support.databases import Database

ORDERS = 40


def told(bureau: Bureau, orders: int = ORDERS) -> Sequence[Event]:
    return list(bureau.story.told(orders))


def of_kind(events: Sequence[Event], *kinds: type[Event]) -> list[Event]:
    return [event for event in events if isinstance(event, kinds)]


def test_models_and_migrations_agree(database: Database) -> None:
    """`alembic check` finds nothing to do."""
    engine = create_engine(database.url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection:
        command.check(configuration("reports", connection, Base.metadata))
    engine.dispose()


def test_every_figure_is_counted_from_what_was_heard(bureau: Bureau) -> None:
    """Each against a count of the events themselves."""
    events = told(bureau)
    bureau.hear(events)
    bureau.compute()
    paid = [event for event in events if isinstance(event, OrderPaid)]
    issued = sum(len(event.tickets) for event in events if isinstance(event, TicketsIssued))
    came = len(of_kind(events, TicketCheckedIn))
    assert {one.figure for one in bureau.figures()} == set(FIGURES)
    assert bureau.total("orders_placed") == ORDERS
    assert bureau.total("orders_paid") == len(paid)
    assert sum(one.amount for one in bureau.figures("revenue")) == sum(event.amount for event in paid)
    assert sum(one.amount for one in bureau.figures("tickets_sold")) == sum(event.amount for event in paid)
    assert bureau.total("tickets_sold") == issued
    assert (bureau.total("check_ins"), bureau.total("no_shows")) == (came, issued - came)
    assert bureau.total("payments") == len([event for event in paid if event.payment_id])
    assert bureau.total("notifications") == len(of_kind(events, NotificationEnded))
    assert bureau.total("calls") == bureau.total("appointments_from_calls") == ORDERS // 5


def test_an_order_that_was_paid_late_counts_as_paid_and_not_as_expired(bureau: Bureau) -> None:
    """Its hold ended, and then it was honoured all the same."""
    bureau.hear(bureau.story.order(4))
    bureau.compute()
    assert (bureau.total("orders_paid"), bureau.total("orders_expired")) == (1, 0)


@pytest.mark.parametrize(
    ("zone", "day"),
    [("Europe/Berlin", 2), ("Asia/Kolkata", 2), ("Pacific/Kiritimati", 2), ("America/Los_Angeles", 1)],
)
def test_days_are_those_of_the_organisations_clock(bureau: Bureau, zone: str, day: int) -> None:
    """What happens at one moment happens on another day elsewhere."""
    bureau.want(time_zone=zone)
    placed = bureau.story.order(0)[0].model_copy(update={"placed_at": datetime(2026, 3, 2, 7, 45, tzinfo=UTC)})
    bureau.hear([placed])
    bureau.compute()
    assert bureau.by_day("orders_placed") == {date(2026, 3, day): 1}


def test_an_hour_on_two_days_leaves_both_right(bureau: Bureau) -> None:
    """In India a day begins at half past an hour of UTC."""
    bureau.want(time_zone="Asia/Kolkata")
    first, second = (bureau.story.order(number)[0] for number in (0, 7))
    bureau.hear([first.model_copy(update={"placed_at": datetime(2026, 3, 2, 18, 15, tzinfo=UTC)})])
    bureau.compute()
    bureau.hear([second.model_copy(update={"placed_at": datetime(2026, 3, 2, 18, 45, tzinfo=UTC)})])
    bureau.compute()
    assert bureau.by_day("orders_placed") == {date(2026, 3, 2): 1, date(2026, 3, 3): 1}


def test_what_is_told_late_corrects_its_day_and_leaves_the_others(bureau: Bureau) -> None:
    """Whatever comes last, and in whatever order: in the end the figures are those of one computation at the end."""
    events = told(bureau)
    for part in (events[1::2], events[::-2], events[:1]):
        bureau.hear(part)
        bureau.compute()
    grown = bureau.in_database()
    bureau.database.query("DELETE FROM reports.figure_states")
    bureau.database.query("DELETE FROM reports.daily_figures")
    with bureau.work() as session:
        ask_for_figures(session, bureau.organisation_id)
    bureau.inline.drain()
    assert grown == bureau.in_database()


def test_only_the_days_of_which_something_was_heard_are_computed(bureau: Bureau) -> None:
    """A figure that somebody changed by hand on another day is still so afterwards."""
    bureau.hear(bureau.story.order(0))
    bureau.compute()
    bureau.database.query("UPDATE reports.daily_figures SET count = 77 WHERE figure = 'orders_placed'")
    later = [event.model_copy(update={"placed_at": BEGAN + timedelta(days=3)}) for event in bureau.story.order(7)[:1]]
    bureau.hear(later)
    bureau.compute()
    assert bureau.by_day("orders_placed") == {date(2026, 3, 2): 77, date(2026, 3, 5): 1}


def test_nobody_is_computed_of_whom_nothing_was_heard(bureau: Bureau) -> None:
    """The second time there is nothing to do."""
    bureau.hear(told(bureau, 3))
    first, second = bureau.compute(), bureau.compute()
    assert [len(first), len(second)] == [2, 1]


def test_no_shows_are_known_when_the_event_is_over_though_nothing_more_is_heard(bureau: Bureau) -> None:
    """Before its end nobody is missing yet."""
    ends_at = BEGAN + timedelta(days=30, hours=4)
    bureau.hear(told(bureau, 7))
    bureau.now = ends_at - timedelta(minutes=1)
    bureau.compute()
    before = bureau.total("no_shows")
    bureau.now = ends_at + timedelta(minutes=1)
    bureau.compute()
    assert (before, list(bureau.by_day("no_shows"))) == (0, [date(2026, 4, 1)])


def test_a_late_check_in_is_no_no_show_any_more(bureau: Bureau) -> None:
    """A scanner that was offline tells of it days later; the day of the event is corrected."""
    events = told(bureau, 7)
    scans = of_kind(events, TicketCheckedIn)
    bureau.hear(event for event in events if event not in scans)
    bureau.compute()
    before = bureau.total("no_shows")
    bureau.hear(scans)
    bureau.compute()
    assert bureau.total("no_shows") == before - len(scans) > 0


def test_another_time_zone_computes_all_days_anew(bureau: Bureau) -> None:
    """Without anything heard."""
    bureau.hear(told(bureau, 7))
    bureau.compute()
    before = bureau.by_day("check_ins")
    bureau.want(time_zone="Pacific/Honolulu")
    bureau.inline.drain()
    after = bureau.by_day("check_ins")
    assert sum(before.values()) == sum(after.values()) > 0
    assert before != after


def test_two_organisations_do_not_see_each_other(bureau: Bureau) -> None:
    """Each has its own figures, of its own events."""
    other = Bureau(bureau.database, story=Story(2))
    bureau.hear(told(bureau, 7))
    other.hear(other.story.told(14))
    bureau.compute()
    assert (bureau.total("orders_placed"), other.total("orders_placed")) == (7, 14)


def test_every_message_twice_counts_once(database: Database) -> None:
    """As a broker may deliver them."""
    bureau = Bureau(database, twice=True)
    bureau.hear(told(bureau, 7))
    bureau.compute()
    assert bureau.total("orders_placed") == 7


def test_too_many_days_are_refused_by_name(bureau: Bureau) -> None:
    """A year and more is read in parts."""
    with pytest.raises(PeriodTooLongError, match="400"):
        bureau.figures(period=Period(date(2024, 1, 1), date(2026, 1, 1)))
