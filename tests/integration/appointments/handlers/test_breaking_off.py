"""Workers die anywhere, and many want one time: each slot is booked once at most, and nobody is forgotten."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest

from services.appointments.actors import book_appointment
from services.appointments.domain.appointments import State
from services.appointments.handlers import bookings
from services.appointments.handlers.asking import open_calendar
from shared.contracts.appointments import BookAppointment
from shared.messaging.testing.inline import run_inline
from tests.integration.appointments.desk import Desk, opened, workday
from tests.support.databases import Database


@pytest.fixture
def desk(database: Database) -> Iterator[Desk]:
    with opened(database, calcom_per_minute=1000) as found:
        found.calcom.limit(10_000)
        yield found


@pytest.mark.parametrize("after", ["prepare", "reserve", "book"])
@pytest.mark.parametrize("pause", [0, 120])
def test_a_worker_that_dies_leaves_nothing_that_another_does_not_mend(desk: Desk, after: str, pause: int) -> None:
    """It has held the time and perhaps asked; the next one looks before it asks again."""
    appointment_id = desk.want(workday(10))
    message = BookAppointment(appointment_id=appointment_id)
    with desk.inline.work() as session:
        intent = bookings.prepare(session, desk.dependencies.facts, message)
    assert intent is not None
    assert intent.turn is not None
    if after == "reserve":
        open_calendar(desk.dependencies, intent.turn).reserve(bookings._request(intent))
    if after == "book":
        bookings.call(desk.dependencies, intent)

    desk.travel(pause)
    desk.publish(message)
    desk.inline.drain()
    for seconds in (10, 30, 60):
        desk.travel(seconds)

    assert desk.get(appointment_id).state is State.BOOKED
    assert len(desk.calcom.bookings()) == 1
    assert desk.events() == ["booked"]


def test_many_want_few_slots_at_once(desk: Desk) -> None:
    """Each slot once, here and at the provider; all others are offered other times."""
    slots = [workday(10), workday(10, 30), workday(11)]
    wanted = [desk.want(slots[number % 3]) for number in range(24)]

    def book(appointment_id: UUID) -> None:
        run_inline(
            book_appointment, BookAppointment(appointment_id=appointment_id), desk.inline.work, desk.dependencies
        )

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(book, wanted))

    states = Counter(desk.get(one).state for one in wanted)
    at_provider = [len(uids) for starts in desk.calcom.slots().values() for uids in starts.values()]
    assert states == {State.BOOKED: 3, State.OFFERED: 21}
    assert at_provider == [1, 1, 1]


def test_one_appointment_is_not_booked_by_two_messages(desk: Desk) -> None:
    """A chain that was started again, beside the first one."""
    appointment_id = desk.want(workday(10))
    message = BookAppointment(appointment_id=appointment_id)
    desk.run(message, message, message)

    assert desk.get(appointment_id).state is State.BOOKED
    assert desk.calcom.counts()["book"] == 1
