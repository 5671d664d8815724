"""`/v1/company`: how an organisation's calls are understood, with errors that say what is wrong."""

from typing import Any

import pytest

from shared.contracts.appointments import SyncCalendar
from shared.messaging.testing import assert_nothing_published, assert_published
from tests.integration.appointments.front import Front

COMPANY: dict[str, Any] = {"name": "Example Dental", "time_zone": "Europe/Rome"}
WHOLE: dict[str, Any] = {
    **COMPANY,
    "language": "de",
    "country": "IT",
    "date_order": "DMY",
    "next_weekday": "coming",
    "opening_hours": {"monday": [{"opens": "09:00", "closes": "12:30"}, {"opens": "14:00", "closes": "18:00"}]},
    "exceptions": [{"first": "2026-12-24", "last": "2027-01-06"}, {"first": "2026-12-28", "hours": []}],
    "mapping": {"starts_at": ["custom_analysis_data.termin.wann", "wunschtermin"]},
    "services": {"Kontrolle": "check-up"},
    "default_service": "check-up",
    "reminders": [1440, 60],
    "farthest_days": 90,
}


@pytest.fixture
def key(front: Front) -> str:
    return front.key("Practice")[1]


def test_a_company_is_set_up_and_replaced(front: Front, key: str) -> None:
    """201, then 200; all of it is replaced; what is left out has its default."""
    assert front.call("GET", "/v1/company", key=key).status == 404
    made = front.call("PUT", "/v1/company", WHOLE, key=key)
    shown = front.call("GET", "/v1/company", key=key).body
    assert (made.status, shown) == (201, made.body)
    assert (shown["mapping"]["starts_at"], shown["exceptions"][1]["last"]) == (
        ["custom_analysis_data.termin.wann", "wunschtermin"],
        "2026-12-28",
    )
    again = front.call("PUT", "/v1/company", COMPANY, key=key)
    assert (again.status, again.body["language"], again.body["opening_hours"]) == (200, "en", None)
    assert "customer_name" in again.body["mapping"]["name"]


def test_companies_belong_to_their_organisation(front: Front, key: str) -> None:
    """Nobody sees another's."""
    front.call("PUT", "/v1/company", COMPANY, key=key)
    assert front.call("GET", "/v1/company", key=front.key("Other")[1]).status == 404
    assert front.call("GET", "/v1/company").status == 401


def test_misspelt_field_is_named_with_the_one_that_was_meant(front: Front, key: str) -> None:
    """It would be taken for one that was not sent."""
    answered = front.call("PUT", "/v1/company", {**COMPANY, "opening_ours": {}}, key=key)
    assert (answered.status, answered.body["code"]) == (422, "unknown_field")
    assert "did you mean 'opening_hours'?" in answered.body["detail"]


@pytest.mark.parametrize(
    ("changes", "pointer", "words"),
    [
        ({"time_zone": "Mars/Olympus"}, "#/time_zone", "Europe/Berlin"),
        ({"time_zone": "../../etc/passwd"}, "#/time_zone", "time zone"),
        ({"time_zone": "CET+1\x00"}, "#/time_zone", "time zone"),
        ({"country": "XX"}, "#/country", "ISO 3166-1"),
        ({"country": "it"}, "#/country", ""),
        ({"language": "deutsch"}, "#/language", ""),
        ({"name": ""}, "#/name", ""),
        ({"name": "a\nb"}, "#/name", ""),
        ({"opening_hours": {"funday": []}}, "#/opening_hours/funday/[key]", "monday"),
        ({"opening_hours": {"monday": [{"opens": "25:00", "closes": "10:00"}]}}, "", "09:30"),
        ({"opening_hours": {"monday": [{"opens": "9", "closes": "10:00"}]}}, "", ""),
        ({"exceptions": [{"first": "2026-12-24", "last": "2026-12-23"}]}, "#/exceptions/0", "last is before first"),
        ({"exceptions": [{"first": "2026-02-30"}]}, "#/exceptions/0/first", ""),
        ({"mapping": {"colour": ["x"]}}, "#/mapping/colour/[key]", "wants_appointment"),
        ({"mapping": {"name": "customer_name"}}, "#/mapping/name", "list"),
        ({"reminders": [0]}, "#/reminders/0", ""),
        ({"farthest_days": 0}, "#/farthest_days", ""),
    ],
)
def test_what_is_wrong_is_said(front: Front, key: str, changes: dict[str, Any], pointer: str, words: str) -> None:
    """Where it stands, and what it should be; nothing is kept."""
    answered = front.call("PUT", "/v1/company", {**COMPANY, **changes}, key=key)
    assert (answered.status, answered.body["code"]) == (422, "validation_failed")
    (fault,) = answered.body["errors"]
    assert fault["pointer"].startswith(pointer)
    assert words in fault["detail"]
    assert front.call("GET", "/v1/company", key=key).status == 404


def test_the_calendar_of_the_settings_is_read_for_a_new_company(front: Front, key: str) -> None:
    """Whom it serves is known from now on."""
    front.configure(calcom_api_key="cal_live_0123456789")
    front.call("PUT", "/v1/company", COMPANY, key=key)
    with front.database.work("appointments")() as session:
        assert_published(session, SyncCalendar)


def test_without_a_calendar_there_is_nothing_to_read(front: Front, key: str) -> None:
    """No message."""
    front.call("PUT", "/v1/company", COMPANY, key=key)
    with front.database.work("appointments")() as session:
        assert_nothing_published(session)
