"""What a caller wants, read from whatever an analysis holds."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.appointments.domain.extraction import extract
from services.appointments.domain.problems import Problem
from services.appointments.domain.requests import Request
from tests.unit.appointments.domain.samples import CHECK_UP, CLEANING, JSON, NOW, OFFERED, call, clinic, event_type

TEN = datetime(2026, 8, 4, 8, tzinfo=UTC)


def read(analysis: Any = None, *, company: Any = None, offered: Any = OFFERED, **changes: Any) -> Request:
    return extract(call(analysis, **changes), company or clinic(), offered, NOW)


def problems(request: Request) -> list[Problem]:
    return [one.problem for one in request.troubles]


def test_a_plain_request_is_read() -> None:
    """Each fact with where it stood, and how."""
    request = read()
    assert request.is_bookable
    assert (request.starts_at, request.event_type) == (TEN, CHECK_UP)
    assert request.facts["email"].as_json() == {
        "value": "john.doe@example.com",
        "source": "custom_analysis_data.customer_email",
        "raw": "john.doe@example.com",
    }


def test_names_of_fields_are_the_company_s() -> None:
    """Agents differ; what the mapping leaves out is looked for under usual names."""
    company = clinic(
        mapping={"starts_at": ["termin.wann"], "service": ["leistung"], "wants_appointment": ["termin.gewuenscht"]},
        services={"Kontrolle": "check-up"},
        language="de",
    )
    request = read(
        {
            "termin": {"gewuenscht": "ja", "wann": "nächsten Dienstag um zehn"},
            "leistung": "eine Kontrolle bitte",
            "preferred_start": "2026-09-01T10:00",
        },
        company=company,
    )
    assert (request.starts_at, request.event_type, problems(request)) == (TEN, CHECK_UP, [])
    assert request.facts["starts_at"].raw == "nächsten Dienstag um zehn"


def test_day_and_time_may_stand_apart() -> None:
    """Also as numbers."""
    request = read({"preferred_start": None, "preferred_date": "next Tuesday", "preferred_time": 10})
    assert request.starts_at == TEN


def test_local_times_are_the_company_s() -> None:
    """Summer time included; an offset is exact."""
    assert read({"preferred_start": "2026-08-04T10:00:00+02:00"}).starts_at == TEN
    assert read(company=clinic(opening_hours=None)).starts_at == TEN
    assert read({"preferred_start": "2026-12-01T10:00:00"}).starts_at == datetime(2026, 12, 1, 9, tzinfo=UTC)


def test_a_caller_s_time_zone_counts_where_the_company_maps_it() -> None:
    """Otherwise what an agent guesses changes nothing."""
    analysis = {"zone": "America/New_York", "preferred_start": "2026-08-04T10:00:00"}
    assert read(analysis).starts_at == TEN
    request = read(analysis, company=clinic(mapping={"time_zone": ["zone"]}))
    assert (request.starts_at, request.time_zone) == (datetime(2026, 8, 4, 14, tzinfo=UTC), "America/New_York")


def test_opening_hours_decide_which_half_of_the_day_is_meant() -> None:
    """A bar that opens at 18:00 means 22:00 by ten."""
    bar = clinic(opening_hours={"tuesday": [{"opens": "18:00", "closes": "02:00"}]})
    assert read({"preferred_start": "Tuesday at ten"}, company=bar).starts_at == datetime(2026, 8, 4, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("analysis", "problem"),
    [
        ({"preferred_start": None}, Problem.NO_TIME),
        ({"preferred_start": "tomorrow morning"}, Problem.NO_TIME),
        ({"preferred_start": "2026-08-04"}, Problem.NO_TIME),
        ({"preferred_start": "at ten"}, Problem.NO_TIME),
        ({"preferred_start": "as soon as possible"}, Problem.UNREADABLE_TIME),
        ({"preferred_start": "mardi prochain à dix heures"}, Problem.UNREADABLE_TIME),
        ({"preferred_start": "2026-07-01T10:00:00"}, Problem.TIME_IN_PAST),
        ({"preferred_start": "2027-08-04T10:00:00"}, Problem.TIME_TOO_FAR),
        ({"preferred_start": "2026-08-04T19:00:00"}, Problem.OUTSIDE_OPENING_HOURS),
        ({"preferred_start": "2026-08-04T12:15:00"}, Problem.OUTSIDE_OPENING_HOURS),
        ({"preferred_start": "2026-08-02T10:00:00"}, Problem.OUTSIDE_OPENING_HOURS),
        ({"preferred_start": "Thursday at 11"}, Problem.TIME_AMBIGUOUS),
        ({"preferred_start": "Tuesday, 5 August 2026 at ten"}, Problem.CONTRADICTION),
        ({"preferred_start": ["2026-08-04"]}, Problem.WRONG_TYPE),
        ({"preferred_start": {"date": "2026-08-04"}}, Problem.WRONG_TYPE),
        ({"preferred_start": True}, Problem.WRONG_TYPE),
        ({"event_type_slug": "brain surgery"}, Problem.UNKNOWN_SERVICE),
        ({"event_type_slug": None}, Problem.UNKNOWN_SERVICE),
        ({"event_type_slug": {"slug": "check-up"}}, Problem.WRONG_TYPE),
        ({"event_type_slug": "a check-up and a cleaning"}, Problem.AMBIGUOUS_SERVICE),
        ({"service": "cleaning"}, Problem.CONTRADICTION),
        ({"customer_email": None, "customer_phone": None}, Problem.NO_CONTACT),
        ({"customer_email": 7, "customer_phone": "12"}, Problem.NO_CONTACT),
        ({"preferred_date": "2026-08-05"}, Problem.CONTRADICTION),
        ({"preferred_time": "11:00"}, Problem.CONTRADICTION),
        ({"appointment_requested": False}, Problem.CONTRADICTION),
        ({"wants_appointment": "no"}, Problem.CONTRADICTION),
        ({"appointment_requested": "perhaps"}, Problem.WRONG_TYPE),
    ],
)
def test_what_is_missing_or_impossible_has_a_name(analysis: dict[str, Any], problem: Problem) -> None:
    """And is not booked."""
    request = read(analysis)
    assert problems(request)[0] is problem
    assert not request.is_bookable


@pytest.mark.parametrize(
    ("text", "problem", "readings"),
    [
        ("2027-03-28T02:30:00", Problem.TIME_DOES_NOT_EXIST, []),
        ("2026-10-25T02:30:00", Problem.TIME_AMBIGUOUS, ["2026-10-25T00:30:00+00:00", "2026-10-25T01:30:00+00:00"]),
    ],
)
def test_times_that_do_not_exist_or_exist_twice_are_asked_about(
    text: str, problem: Problem, readings: list[str]
) -> None:
    """Both readings are kept for people to choose from."""
    request = read({"preferred_start": text}, company=clinic(opening_hours=None, farthest_days=365))
    (trouble,) = request.troubles
    assert trouble.problem is problem
    assert [one.isoformat() for one in trouble.readings] == readings


def test_no_calendar_is_a_problem_of_its_own() -> None:
    """A company without Cal.com."""
    assert problems(read(offered=None)) == [Problem.NO_CALENDAR]


def test_an_event_type_that_vanished_is_said_to_be_gone() -> None:
    """Not that it never was."""
    (trouble,) = read(offered=[event_type("check-up", gone_at=NOW), CLEANING]).troubles
    assert (trouble.problem, "any more" in trouble.detail) == (Problem.UNKNOWN_SERVICE, True)


@pytest.mark.parametrize("said", ["Check-Up", "1", 1, "checkup please, a check up"])
def test_a_service_is_named_by_slug_id_or_within_words(said: Any) -> None:
    """However it is spelt."""
    assert read({"event_type_slug": said}).event_type == CHECK_UP


def test_a_default_service_is_taken_where_none_was_named() -> None:
    """So is the only one there is."""
    assert read({"event_type_slug": None}, company=clinic(default_service="cleaning")).event_type == CLEANING
    assert read({"event_type_slug": None}, offered=[CHECK_UP]).event_type == CHECK_UP


def test_nothing_wanted_is_no_problem() -> None:
    """A caller who asks for the way."""
    for analysis in ({"appointment_requested": False, "preferred_start": None}, {"appointment_requested": "nein"}):
        request = read({**analysis, "preferred_start": None})
        assert (request.wants_appointment, request.troubles) == (False, ())
    request = read(dict.fromkeys(("appointment_requested", "preferred_start", "event_type_slug")))
    assert not request.wants_appointment


def test_a_time_alone_says_that_an_appointment_is_wanted() -> None:
    """An agent that has no field for it."""
    assert read({"appointment_requested": None}).is_bookable


def test_the_caller_s_number_is_a_contact() -> None:
    """Nobody has to say it."""
    request = read({"customer_email": None, "customer_phone": None}, caller_number="+12137770000")
    assert (request.phone, request.is_bookable) == ("+12137770000", True)


def test_faults_that_do_not_matter_are_noticed() -> None:
    """An unreadable address where a number is known, a length that cannot be had."""
    request = read({"customer_email": "john at", "duration": 45, "language": 5, "notes": ["x"]})
    assert request.is_bookable
    assert {one.fact for one in request.notices} == {"email", "length", "language", "notes"}


def test_a_length_that_can_be_had_is_taken() -> None:
    """Else the usual one is."""
    assert read({"duration": "1 hour"}).ends_at == datetime(2026, 8, 4, 9, tzinfo=UTC)
    assert read({"duration": "3 hours"}).ends_at == datetime(2026, 8, 4, 8, 30, tzinfo=UTC)


def test_what_people_give_counts_before_what_was_read() -> None:
    """Also outside of the opening hours, and far ahead: they know."""
    far = read(mended={"starts_at": "2027-08-02T20:00:00+02:00"})
    assert far.is_bookable
    mended = {"starts_at": "2026-08-01T20:00:00+02:00", "service": "cleaning", "wants_appointment": True}
    request = read({"appointment_requested": False, "preferred_start": "whenever"}, mended=mended)
    assert (request.starts_at, request.event_type) == (datetime(2026, 8, 1, 18, tzinfo=UTC), CLEANING)
    assert (request.is_bookable, request.facts["starts_at"].source) == (True, "people")


def test_people_s_time_replaces_day_and_time_that_stand_apart() -> None:
    """What they corrected does not contradict them."""
    mended = {"starts_at": "2026-08-04T15:00:00+02:00"}
    request = read({"preferred_start": None, "preferred_date": "Friday", "preferred_time": "10:00"}, mended=mended)
    assert (problems(request), request.starts_at) == ([], datetime(2026, 8, 4, 13, tzinfo=UTC))


def test_people_may_say_that_nothing_is_wanted() -> None:
    """Whatever time was named."""
    request = read(mended={"wants_appointment": False})
    assert (request.wants_appointment, request.troubles) == (False, ())


def test_text_is_kept_letter_for_letter() -> None:
    """Names are not normalised."""
    name = "Zoë Nguyễn 👩‍🦰"
    request = read({"customer_name": name})
    assert (request.name, request.facts["name"].raw) == (name, name)


FIELDS = [
    *("appointment_requested", "wants_appointment", "customer_name", "customer_email", "customer_phone", "service"),
    *("preferred_start", "preferred_date", "preferred_time", "event_type_slug", "duration", "language", "notes"),
]
VALUES = JSON | st.sampled_from(
    [
        "next Tuesday at ten",
        "2026-10-25T02:30",
        "2027-03-28T02:30",
        "Thursday",
        "10",
        "check-up",
        "ja",
        "no",
        "now",
        10,
        -1,
        1e308,
    ]
)


@given(
    analysis=st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=5), VALUES, max_size=10) | JSON,
    mended=st.dictionaries(st.sampled_from(["starts_at", "service", "email", "phone", "length"]), VALUES, max_size=3),
    has_hours=st.booleans(),
    number=st.none() | st.just("+12137771234"),
)
def test_whatever_an_analysis_holds_becomes_a_request_or_a_problem(
    analysis: Any, mended: dict[str, Any], has_hours: bool, number: str | None
) -> None:
    """Never an error; what is bookable is whole; and all of it can be kept as JSON."""
    company = clinic() if has_hours else clinic(opening_hours=None)
    found = call(
        None, data={"custom_analysis_data": analysis, "metadata": analysis}, mended=mended, caller_number=number
    )
    request = extract(found, company, OFFERED, NOW)
    assert not request.is_bookable or (request.event_type and request.starts_at and request.starts_at > NOW)
    assert request.is_bookable or request.troubles or not request.wants_appointment
    text = json.dumps(request.as_json(), allow_nan=False, ensure_ascii=False)
    assert "\x00" not in text
    text.encode()
