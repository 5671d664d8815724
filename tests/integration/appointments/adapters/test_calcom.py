"""The adapter against the local Cal.com: versions, pages, errors, deadlines."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from services.appointments.adapters.calcom import CalcomCalendar, CalcomCalendars
from services.appointments.domain.bookings import Request, Standing
from services.appointments.domain.connections import Credentials, Provider
from services.appointments.errors import (
    AlreadyCancelledError,
    BookingGoneError,
    CalendarCredentialsError,
    CalendarLimitError,
    SlotReservedError,
    SlotUnavailableError,
)
from shared.errors import OutcomeUnknown, TransientError
from shared.ids import new_id
from tests.integration.appointments.desk import CHECK_UP, CLEANING, CONNECTION, KEY, Desk, opened, workday
from tests.support.databases import Database


@pytest.fixture
def desk(database: Database) -> Iterator[Desk]:
    with opened(database, total=1.0) as found:
        yield found


@pytest.fixture
def calendar(desk: Desk) -> Iterator[CalcomCalendar]:
    calendars = CalcomCalendars(desk.calcom.url, total=1.0)
    yield calendars(Credentials(CONNECTION, Provider.CALCOM, KEY))
    calendars.close()


def request(hour: int = 10, **changes: object) -> Request:
    values: dict[str, object] = {
        "appointment_id": new_id(), "call_id": "call_1", "event_type": CHECK_UP, "starts_at": workday(hour),
        "length_minutes": None, "name": "Zoë Müller", "email": "zoe@example.org", "phone": None,
        "time_zone": "Europe/Berlin", "language": "de-AT",
    }  # fmt: skip
    return Request(**{**values, **changes})  # type: ignore[arg-type] # the fields are those of Request


def test_every_endpoint_is_asked_in_its_own_version(desk: Desk, calendar: CalcomCalendar) -> None:
    """Cal.com answers a wrong one silently in an older shape; the local one notes it."""
    wanted = request()
    word = calendar.book(wanted, calendar.reserve(wanted))
    calendar.event_types()
    calendar.slots(CHECK_UP, workday(9), workday(12))
    calendar.updated(workday(9) - timedelta(days=30), None)
    moved = calendar.reschedule(word.uid, workday(11), "")
    calendar.booking(word.uid)
    calendar.cancel(moved.uid, "")

    assert desk.calcom.violations() == []
    assert calendar.usage.requests == 8
    assert calendar.usage.remaining is not None


def test_a_booking_tells_all_that_is_kept(calendar: CalcomCalendar) -> None:
    """And its language is one that Cal.com knows."""
    wanted = request()
    word = calendar.book(wanted, None)

    assert (word.standing, word.starts_at, word.appointment_id) == (
        Standing.ACCEPTED,
        workday(10),
        wanted.appointment_id,
    )
    assert (word.event_type, word.host, word.email, word.language) == (CHECK_UP, 1, "zoe@example.org", "de")


def test_a_caller_without_an_address_is_booked_by_number(calendar: CalcomCalendar) -> None:
    """Cal.com makes an address of it, which is none of ours."""
    word = calendar.book(request(email=None, phone="+4915112345678"), None)
    assert (word.email, word.phone) == (None, "+4915112345678")


def test_a_length_is_told_where_there_are_several(calendar: CalcomCalendar) -> None:
    """An hour instead of half of one."""
    word = calendar.book(request(event_type=CLEANING, length_minutes=60), None)
    assert word.ends_at - word.starts_at == timedelta(minutes=60)


def test_our_booking_is_found_by_our_id_where_it_stands_now(calendar: CalcomCalendar) -> None:
    """Not the former one, from which it was moved."""
    wanted = request()
    former = calendar.book(wanted, None)
    moved = calendar.reschedule(former.uid, workday(11), "later")
    found = calendar.find(wanted.appointment_id, CHECK_UP, workday(10))

    assert found is not None
    assert (found.uid, found.former_uid) == (moved.uid, former.uid)
    assert calendar.find(new_id(), CHECK_UP, workday(10)) is None


def test_each_refusal_is_its_error(desk: Desk, calendar: CalcomCalendar) -> None:
    """In Cal.com's own words."""
    word = calendar.book(request(), None)
    calendar.reserve(request(11))
    with pytest.raises(SlotUnavailableError):
        calendar.book(request(), None)
    with pytest.raises(SlotReservedError):
        calendar.reserve(request(11))
    with pytest.raises(BookingGoneError):
        calendar.book(request(event_type=777), None)
    calendar.cancel(word.uid, "")
    with pytest.raises(AlreadyCancelledError):
        calendar.cancel(word.uid, "")
    with pytest.raises(BookingGoneError):
        calendar.reschedule(word.uid, workday(12), "")
    assert calendar.booking("nothing") is None
    desk.calcom.limit(1)
    calendar.event_types()
    with pytest.raises(CalendarLimitError) as limited:
        calendar.event_types()
    assert limited.value.retry_after is not None


def test_a_refused_key_is_told_apart(desk: Desk) -> None:
    """It was revoked."""
    calendars = CalcomCalendars(desk.calcom.url)
    with pytest.raises(CalendarCredentialsError) as refused:
        calendars(Credentials(CONNECTION, Provider.CALCOM, "cal_wrong")).event_types()
    calendars.close()
    assert "cal_wrong" not in str(refused.value)


@pytest.mark.parametrize("fault", ["lose", "slow"])
def test_a_change_without_an_answer_is_unknown(desk: Desk, calendar: CalcomCalendar, fault: str) -> None:
    """Whether the connection breaks, or nothing comes in time."""
    if fault == "lose":
        desk.calcom.lose("book")
    else:
        desk.calcom.slow("book", 3, works=True)
    with pytest.raises(OutcomeUnknown):
        calendar.book(request(), None)
    assert len(desk.calcom.bookings()) == 1


def test_an_answer_that_cannot_be_read_is_unknown(desk: Desk, calendar: CalcomCalendar) -> None:
    """Something was made, and nobody can say what."""
    desk.calcom.fail("book", status=201, body={"status": "success", "data": {"uid": 7}})
    with pytest.raises(OutcomeUnknown) as unclear:
        calendar.book(request(), None)
    assert "uid" in str(unclear.value)


def test_all_requests_of_one_call_share_its_time(calendar: CalcomCalendar) -> None:
    """A lease on the call must outlast them: what is not begun in time surely is not done."""
    calendar.allow(0)
    with pytest.raises(TransientError) as late:
        calendar.book(request(), None)
    assert not isinstance(late.value, OutcomeUnknown)
