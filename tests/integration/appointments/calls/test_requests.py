"""Requests that cannot be booked: people see why, mend them, and the caller hears of a call back."""

from typing import Any

import pytest

from services.appointments.errors import CallBusyError, CompanyNotSetUpError, UnknownCallError
from services.appointments.handlers import mending
from services.appointments.repository.companies import Companies
from services.appointments.repository.connections import Connections
from shared.ids import new_id
from tests.integration.appointments.calls.clinic import Clinic, analysed, ended, wanted_time
from tests.support.databases import Database


@pytest.mark.parametrize(
    ("analysis", "problem"),
    [
        ({"preferred_start": None}, "no_time"),
        ({"preferred_start": "2020-01-01T10:00"}, "time_in_past"),
        ({"preferred_start": "mardi prochain à dix heures"}, "unreadable_time"),
        ({"preferred_start": ["x"]}, "wrong_type"),
        ({"event_type_slug": "brain surgery"}, "unknown_service"),
        ({"preferred_date": "2020-01-01"}, "contradiction"),
        ({"appointment_requested": False}, "contradiction"),
    ],
)
def test_what_cannot_be_booked_needs_attention(clinic: Clinic, analysis: dict[str, Any], problem: str) -> None:
    """A typed problem, no appointment, and the caller is told that somebody will call back."""
    clinic.hear("call_analyzed", analysed(analysis=analysis))
    assert clinic.calls() == [("needs_attention", problem)]
    assert clinic.appointments() == []
    (letter,) = clinic.letters()
    assert (letter["letter"], letter["email"], letter["company"]) == ("call_back", "zoe@example.com", "Example Dental")
    assert clinic.database.query("SELECT outcome FROM appointments.counted_calls") == [("needs_attention",)]
    assert clinic.alerts() == []


def test_times_outside_of_the_opening_hours_need_attention(clinic: Clinic) -> None:
    """Closed all week."""
    clinic.set_up(opening_hours={})
    clinic.hear("call_analyzed", analysed())
    assert clinic.calls() == [("needs_attention", "outside_opening_hours")]


def test_a_withheld_number_without_an_address_is_no_contact(clinic: Clinic) -> None:
    """Nobody can be told anything; people see it."""
    clinic.hear("call_analyzed", analysed(analysis={"customer_email": None}, from_number="anonymous"))
    assert clinic.calls() == [("needs_attention", "no_contact")]
    assert clinic.letters() == []


def test_a_number_without_its_country_is_the_company_s(clinic: Clinic) -> None:
    """As some carriers send it."""
    clinic.set_up(country="IT")
    clinic.hear("call_analyzed", analysed(from_number="06 698 12345"))
    assert clinic.appointments("phone") == [("+390669812345",)]


def test_a_company_without_cal_com_has_a_problem_by_name(database: Database) -> None:
    """No calendar."""
    clinic = Clinic(database)
    clinic.set_up()
    clinic.hear("call_analyzed", analysed())
    assert clinic.calls() == [("needs_attention", "no_calendar")]


def test_a_company_that_is_not_set_up_has_a_problem_by_name(database: Database) -> None:
    """The call is recorded all the same, with its customer, and read again when the company is there."""
    clinic = Clinic(database)
    clinic.open_calendar()
    clinic.hear("call_analyzed", analysed())
    assert clinic.calls("problem, customer_id IS NOT NULL") == [("company_not_set_up", True)]
    clinic.set_up()
    _mend(clinic, {})
    clinic.inline.drain()
    assert clinic.calls() == [("booked", None)]


def test_a_call_without_analysis_is_mended_by_people(clinic: Clinic) -> None:
    """They read its transcript. An analysis that comes after all changes nothing."""
    clinic.hear("call_ended", ended())
    clinic.database.query("UPDATE appointments.calls SET outcome = 'needs_attention', problem = 'no_analysis'")
    _mend(clinic, {"starts_at": f"{wanted_time()}+00:00", "name": "Zoë"})
    clinic.inline.drain()
    clinic.hear("call_analyzed", analysed())
    assert (clinic.calls(), clinic.appointments("state, name")) == ([("booked", None)], [("booked", "Zoë")])


def test_a_calendar_that_has_not_been_read_is_waited_for(database: Database) -> None:
    """The first call may come seconds after the connection."""
    clinic = Clinic(database)
    clinic.set_up()
    connection_id = clinic.open_calendar()
    with clinic.work() as session:
        Connections(session).note(connection_id, synced_at=None)
    assert clinic.hear("call_analyzed", analysed())[-1].outcome == "retry"
    with clinic.work() as session:
        Connections(session).note(connection_id, synced_at=clinic.inline.now())
    clinic.inline.drain_all()
    assert clinic.calls() == [("booked", None)]


def test_a_call_without_a_request_leads_to_nothing(clinic: Clinic) -> None:
    """No problem, no letter; the caller is a customer."""
    nothing = {"appointment_requested": False, "preferred_start": None, "event_type_slug": None}
    clinic.hear("call_analyzed", analysed(analysis=nothing))
    assert clinic.calls("outcome, problem, customer_id IS NOT NULL") == [("no_request", None, True)]
    assert (clinic.letters(), clinic.appointments()) == ([], [])


@pytest.mark.parametrize("analysis", [None, [], "x", {"custom_analysis_data": None}, {"custom_analysis_data": [1]}, {}])
def test_an_analysis_of_another_shape_is_no_request(clinic: Clinic, analysis: Any) -> None:
    """Nothing fails on it."""
    ran = clinic.hear("call_analyzed", {**ended(), "call_analysis": analysis})
    assert {one.outcome for one in ran} <= {"done", "skipped"}
    assert clinic.calls() == [("no_request", None)]


def test_people_give_what_is_missing(clinic: Clinic) -> None:
    """The steps are taken again, with what they gave; what was read stays beside it."""
    clinic.hear("call_analyzed", analysed(analysis={"preferred_start": "some day"}))
    _mend(clinic, {"starts_at": f"{wanted_time()}+00:00"})
    ran = clinic.inline.drain()
    assert [one.outcome for one in ran] == ["done"] * 5
    ((outcome, problem, request),) = clinic.calls("outcome, problem, request")
    assert (outcome, problem) == ("booked", None)
    assert request["facts"]["starts_at"]["source"] == "people"
    assert request["mended"] == {"starts_at": f"{wanted_time()}+00:00", "wants_appointment": True}
    assert clinic.database.query("SELECT outcome FROM appointments.counted_calls") == [("booked",)]
    assert len(clinic.letters()) == 1


def test_what_is_mended_in_part_says_what_is_still_wrong(clinic: Clinic) -> None:
    """The caller is not told a second time."""
    clinic.hear("call_analyzed", analysed(analysis={"preferred_start": None, "event_type_slug": "surgery"}))
    _mend(clinic, {"starts_at": f"{wanted_time()}+00:00"})
    clinic.inline.drain()
    assert clinic.calls() == [("needs_attention", "unknown_service")]
    _mend(clinic, {"service": "check-up"})
    clinic.inline.drain()
    assert clinic.calls() == [("booked", None)]
    assert {letter["key"] for letter in clinic.letters()} == {f"call_back:{_call_id(clinic)}"}


def test_a_call_that_led_to_an_appointment_is_not_mended(clinic: Clinic) -> None:
    """It would be booked twice."""
    clinic.hear("call_analyzed", analysed())
    with pytest.raises(CallBusyError):
        _mend(clinic, {"service": "check-up"})


def test_mending_needs_the_organisation_s_call_and_company(clinic: Clinic) -> None:
    """Nobody mends another's."""
    clinic.hear("call_analyzed", analysed(analysis={"preferred_start": None}))
    with clinic.work() as session, pytest.raises(UnknownCallError):
        mending.mend(session, new_id(), _call_id(clinic), {})
    clinic.database.query("DELETE FROM appointments.companies")
    with pytest.raises(CompanyNotSetUpError):
        _mend(clinic, {})


def test_putting_a_company_keeps_one(clinic: Clinic) -> None:
    """All of it is replaced."""
    with clinic.work() as session:
        is_new = Companies(session).put(clinic.organisation_id, "Other", "UTC", {"language": "de"})
        company = Companies(session).get(clinic.organisation_id)
    assert company is not None
    assert (is_new, company.name, company.language) == (False, "Other", "de")


def _call_id(clinic: Clinic) -> Any:
    return clinic.calls("id")[0][0]


def _mend(clinic: Clinic, given: dict[str, Any]) -> None:
    with clinic.work() as session:
        mending.mend(session, clinic.organisation_id, _call_id(clinic), given)
