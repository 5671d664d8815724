"""From Retell's word to the letter of confirmation, with everything of the service and a local Cal.com."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from shared.clock import now
from shared.contracts.webhooks import RetellEventReceived
from shared.ids import new_id
from tests.integration.appointments.calls.clinic import analysed
from tests.integration.appointments.desk import Desk, opened, workday
from tests.support.databases import Database

BERLIN = ZoneInfo("Europe/Berlin")


def tell(desk: Desk, call: dict[str, Any]) -> None:
    """Retell's webhook to the address of the settings."""
    event = RetellEventReceived(
        inbound_id=new_id(),
        connection_id=None,
        external_id=call["call_id"],
        event_type="call_analyzed",
        created_at=now(),
        data=call,
    )
    desk.run(event)


def local(moment: datetime) -> str:
    return moment.astimezone(BERLIN).strftime("%Y-%m-%dT%H:%M:%S")


def test_a_call_stands_in_cal_com_and_is_confirmed(database: Database) -> None:
    """Booked there with our id, the call's id and the caller's time; the letter carries the calendar's entry."""
    with opened(database) as desk:
        start = workday(10)
        tell(desk, analysed(analysis={"preferred_start": local(start)}))
        (booking,) = desk.calcom.standing()
        (appointment,) = desk.all()
        (letter,) = desk.published("notifications.appointment.tell")
        (handled,) = desk.published("appointments.call.handled")
    assert booking["start"] == start.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert booking["metadata"]["appointment_id"] == str(appointment.id)
    assert (appointment.state, appointment.customer_id is not None) == ("booked", True)
    assert (letter["letter"], letter["email"], letter["calendar"] is not None) == ("confirmed", "zoe@example.com", True)
    assert outcomes(database) == [("booked", None)]
    assert (handled["outcome"], handled["call_id"]) == ("booked", str(appointment.call_id))


def test_a_taken_slot_leads_to_offers(database: Database) -> None:
    """The second caller is offered other times, and counted so."""
    with opened(database) as desk:
        wanted = {"preferred_start": local(workday(10))}
        tell(desk, analysed("c1", wanted))
        tell(desk, analysed("c2", {**wanted, "customer_email": "bob@example.com"}, from_number="+12137770000"))
        assert len(desk.calcom.standing()) == 1
        assert desk.letters() == ["confirmed", "offer"]
    assert outcomes(database) == [("booked", None), ("offered", None)]


def test_an_event_type_that_vanished_at_cal_com_is_left_to_people(database: Database) -> None:
    """Nobody knew yet when the call came: operations are alerted, and the caller hears of a call back."""
    with opened(database) as desk:
        desk.calcom.remove_event_type(1)
        tell(desk, analysed(analysis={"preferred_start": local(workday(10))}))
        assert desk.calcom.standing() == []
        assert desk.letters() == ["call_back"]
        assert desk.published("notifications.operations.alert")
    assert outcomes(database) == [("failed", "step_failed")]


@pytest.mark.parametrize("text", ["nächste Woche Dienstag um zehn", "Tuesday next week at ten"])
def test_relative_words_are_booked_in_the_company_s_time(database: Database, text: str) -> None:
    """The day is counted from the call."""
    with opened(database) as desk:
        tell(desk, analysed(analysis={"preferred_start": text}))
        (booking,) = desk.calcom.standing()
    begin = datetime.fromisoformat(booking["start"]).astimezone(BERLIN)
    assert (begin.weekday(), begin.hour, begin.minute) == (1, 10, 0)


def outcomes(database: Database) -> list[tuple[Any, ...]]:
    return database.query("SELECT outcome, problem FROM appointments.calls ORDER BY id")
