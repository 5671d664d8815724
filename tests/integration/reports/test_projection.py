"""Taking events into the projection: in whatever order, however often, by one way only."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from services.reports.domain.logged import logged
from services.reports.handlers import projection
from services.reports.repository.event_log import EventLog
from services.reports.repository.projection import Projection
from shared.contracts.appointments import AppointmentBooked, AppointmentCancelled
from shared.contracts.message import Event
from shared.contracts.notifications import NotificationEnded
from shared.contracts.payments import PaymentSucceeded
from shared.contracts.ticketing import OrderFulfilled, OrderPaid, OrderPlaced, TicketCheckedIn, TicketsIssued
from shared.ids import new_id
from tests.integration.reports.observing import Rows, hear, row, rows_of, take_marks
from tests.integration.reports.telling import BEGAN, Story
from tests.support.databases import Database

STORY = Story()
EVENTS = list(STORY.told(8))
HOUR = timedelta(hours=1)

FEW = [STORY.event(), *(event for number in (1, 4, 5) for event in STORY.order(number)), *STORY.call(1)]
orders_of_events = st.permutations(range(len(FEW))).flatmap(
    lambda order: st.lists(st.sampled_from(range(len(FEW))), max_size=9).map(lambda again: [*order, *again])
)
one_kind = {type(event): event for event in reversed(EVENTS)}


def of(kind: type[Event], events: Sequence[Event] = EVENTS) -> Event:
    return next(event for event in events if isinstance(event, kind))


def test_any_order_and_any_repetition_lead_to_the_same_rows(database: Database) -> None:
    """One by one as they are heard, or in parts of any size from the log."""
    with database.work("reports")() as session:
        expected = _rows_when_heard(session, FEW)

        @settings(max_examples=10, deadline=None)
        @given(order=orders_of_events, cuts=st.lists(st.integers(0, 40), max_size=4))
        def check(order: list[int], cuts: list[int]) -> None:
            told = [FEW[index] for index in order]
            assert _rows_when_heard(session, told) == expected
            assert _rows_when_taken_from_the_log(session, told, sorted({cut % len(told) for cut in cuts})) == expected

        check()
        session.rollback()
    assert all(expected.values())


def _rows_when_heard(session: Session, told: Sequence[Event]) -> Rows:
    with session.begin_nested() as nested:
        for event in told:
            projection.hear(session, new_id(), event)
        found = rows_of(session)
        nested.rollback()
    return found


def _rows_when_taken_from_the_log(session: Session, told: Sequence[Event], cuts: Sequence[int]) -> Rows:
    with session.begin_nested() as nested:
        log = EventLog(session)
        for event in told:
            log.add(new_id(), event.kind, logged(event.kind, event.model_dump(mode="json")))
        last = log.extent().last
        first = last - len(told)
        for after, until in pairwise([first, *(first + cut for cut in cuts), last]):
            Projection(session).take_logged(after, until)
        found = rows_of(session)
        nested.rollback()
    return found


def test_a_message_that_is_delivered_again_is_written_down_once(database: Database) -> None:
    """By its id: another message of the same content is another one."""
    message_id, event = new_id(), of(OrderPlaced)
    for _ in range(2):
        with database.work("reports")() as session:
            projection.hear(session, message_id, event)
    hear(database, [event])
    assert database.value("SELECT count(*) FROM reports.event_log") == 2


def test_an_order_has_all_that_became_of_it(database: Database) -> None:
    """Whichever events say so."""
    events = STORY.order(0)
    hear(database, reversed(events))
    placed, paid, done = of(OrderPlaced, events), of(OrderPaid, events), of(OrderFulfilled, events)
    assert isinstance(placed, OrderPlaced)
    assert isinstance(paid, OrderPaid)
    assert isinstance(done, OrderFulfilled)
    found = row(database, "orders", placed.order_id)
    assert (found["customer_name"], found["amount"], found["payment_id"]) == (
        placed.customer_name,
        placed.amount,
        paid.payment_id,
    )
    assert (found["placed_at"], found["paid_at"], found["fulfilled_at"]) == (
        placed.placed_at,
        paid.paid_at,
        done.fulfilled_at,
    )
    assert (found["expired_at"], found["cancelled_at"]) == (None, None)


def test_a_check_in_that_is_heard_first_is_a_ticket_already(database: Database) -> None:
    """What it lacks comes with its issue; of two check-ins the first one counts."""
    issued, entered = of(TicketsIssued, STORY.order(1)), of(TicketCheckedIn, EVENTS)
    assert isinstance(entered, TicketCheckedIn)
    again = entered.model_copy(update={"checked_in_at": entered.checked_in_at + HOUR})
    hear(database, [again, entered])
    before = row(database, "tickets", entered.ticket_id)
    hear(database, [one for one in EVENTS if isinstance(one, TicketsIssued)])
    after = row(database, "tickets", entered.ticket_id)
    assert isinstance(issued, TicketsIssued)
    assert (before["code"], before["ticket_type"], before["issued_at"]) == (entered.code, None, None)
    assert (after["ticket_type"], after["checked_in_at"]) == ("Standing", entered.checked_in_at)


def test_an_appointment_that_was_cancelled_may_stand_again(database: Database) -> None:
    """The newest word says; that it was cancelled once is known all the same."""
    events = STORY.call(0)
    booked, cancelled = of(AppointmentBooked, events), of(AppointmentCancelled, events)
    assert isinstance(booked, AppointmentBooked)
    assert isinstance(cancelled, AppointmentCancelled)
    later = booked.model_copy(update={"booked_at": cancelled.cancelled_at + HOUR, "starts_at": booked.starts_at + HOUR})
    hear(database, [cancelled, booked])
    first = row(database, "appointments", booked.appointment_id)
    hear(database, [later])
    then = row(database, "appointments", booked.appointment_id)
    assert (first["state"], first["starts_at"], first["cancel_reason"]) == ("cancelled", booked.starts_at, "ill")
    assert (then["state"], then["starts_at"], then["booked_at"]) == ("booked", later.starts_at, booked.booked_at)
    assert then["cancelled_at"] == cancelled.cancelled_at


def test_a_payment_whose_order_nobody_knows_is_kept(database: Database) -> None:
    """What it calls its order may be anything."""
    event = of(PaymentSucceeded, STORY.order(0))
    assert isinstance(event, PaymentSucceeded)
    hear(database, [event])
    assert row(database, "payments", event.payment_id)["order_id"] is None


def test_what_opens_doors_is_not_written_down(database: Database) -> None:
    """Neither tokens nor links to them."""
    event = of(OrderFulfilled)
    assert isinstance(event, OrderFulfilled)
    hear(database, [event])
    kept = database.value("SELECT fields::text FROM reports.event_log")
    assert (event.tickets_url in kept, "tokens" in kept, event.number in kept) == (False, False, True)


def test_a_late_fact_makes_the_hours_of_its_whole_row_stale(database: Database) -> None:
    """An order whose items are heard of after its payment changes the sales of the day on which it was paid."""
    events = STORY.order(0)
    placed, paid = of(OrderPlaced, events), of(OrderPaid, events)
    assert isinstance(placed, OrderPlaced)
    assert isinstance(paid, OrderPaid)
    late = paid.model_copy(update={"paid_at": placed.placed_at + timedelta(days=2)})
    payment = of(PaymentSucceeded, events).model_copy(update={"order_id": str(placed.order_id)})
    hear(database, [late, payment])
    take_marks(database)
    hear(database, [placed])
    marks = take_marks(database)
    assert marks == {(STORY.organisation_id, hour) for hour in (BEGAN, BEGAN + timedelta(days=2))}


def test_what_is_heard_again_makes_nothing_stale(database: Database) -> None:
    """No row changes."""
    hear(database, EVENTS)
    take_marks(database)
    hear(database, EVENTS)
    assert take_marks(database) == set()


def test_a_newer_word_makes_the_hour_of_the_older_one_stale_too(database: Database) -> None:
    """A mail that failed on one day and was sent on another is counted on the other."""
    failed = of(NotificationEnded)
    assert isinstance(failed, NotificationEnded)
    sent = failed.model_copy(update={"state": "sent", "ended_at": failed.ended_at + timedelta(days=1)})
    hear(database, [failed])
    take_marks(database)
    hear(database, [sent])
    hour = failed.ended_at.replace(minute=0, second=0, microsecond=0)
    assert take_marks(database) == {(STORY.organisation_id, hour), (STORY.organisation_id, hour + timedelta(days=1))}


def test_a_check_in_makes_the_hour_of_its_event_stale(database: Database) -> None:
    """Who came has not stayed away, and that is counted on the event's day."""
    entered = of(TicketCheckedIn)
    assert isinstance(entered, TicketCheckedIn)
    late = entered.model_copy(update={"checked_in_at": BEGAN + timedelta(days=40)})
    hear(database, [STORY.event()])
    take_marks(database)
    hear(database, [late])
    assert take_marks(database) == {
        (STORY.organisation_id, BEGAN + timedelta(days=30)),
        (STORY.organisation_id, BEGAN + timedelta(days=40)),
    }


def test_every_kind_changes_something(database: Database) -> None:
    """A kind that is heard and not projected would be heard in vain."""
    with database.work("reports")() as session:
        silent = [kind.kind for kind, event in one_kind.items() if not any(_rows_when_heard(session, [event]).values())]
        session.rollback()
    assert silent == []
    assert {kind.kind for kind in one_kind} == Projection.kinds
