"""Calls from webhooks in any order, and the steps that they set off once."""

import itertools
from typing import Any

import orjson
import pytest

from services.appointments.domain.connections import Provider
from tests.integration.appointments.calls.clinic import Clinic, analysed, ended, wanted_time
from tests.support.databases import Database

BOTH = [("call_ended", ended), ("call_analyzed", analysed)]


def test_a_call_becomes_a_confirmed_appointment(clinic: Clinic) -> None:
    """Each step its own message, one after the other, in one chain."""
    ran = clinic.hear("call_analyzed", analysed())
    assert [one.kind.partition(".")[2] for one in ran] == [
        "retell.received",
        "call.extract",
        "customer.identify",
        "appointment.book",
        "appointment.confirm",
        "call.count",
    ]
    assert clinic.calls() == [("booked", None)]
    ((state, reason, name, email, phone, starts),) = clinic.appointments(
        "state, reason, name, email, phone, to_char(starts_at AT TIME ZONE 'Europe/Rome', 'YYYY-MM-DD\"T\"HH24:MI:SS')"
    )
    assert (state, reason, name, email, phone) == ("booked", "confirmed", "Zoë Doe", "zoe@example.com", "+12137771234")
    assert starts == wanted_time()
    assert clinic.database.query("SELECT outcome FROM appointments.counted_calls") == [("booked",)]


@pytest.mark.parametrize(
    "order",
    [*itertools.permutations(range(2)), (0,), (1,), (0, 0, 1, 1), (1, 0, 1, 0)],
    ids=lambda order: "-".join(BOTH[one][0] for one in order),
)
def test_webhooks_in_any_order_are_one_call_and_one_appointment(clinic: Clinic, order: tuple[int, ...]) -> None:
    """With or without the other, and twice."""
    for one in order:
        event, call = BOTH[one]
        clinic.hear(event, call())
    has_analysis = 1 in order
    assert clinic.calls("outcome, analysed_seen_at IS NOT NULL, ended_seen_at IS NOT NULL") == [
        ("booked" if has_analysis else "awaiting_analysis", has_analysis, True)
    ]
    assert len(clinic.appointments()) == int(has_analysis)
    assert clinic.database.value("SELECT count(*) FROM messaging.chain") == int(has_analysis)


def test_everything_delivered_twice_is_done_once(database: Database) -> None:
    """As a broker may do."""
    clinic = Clinic(database, twice=True)
    clinic.set_up()
    clinic.open_calendar()
    clinic.hear("call_ended", ended())
    clinic.hear("call_analyzed", analysed())
    assert (clinic.calls(), clinic.appointments()) == ([("booked", None)], [("booked",)])


@pytest.mark.parametrize("reason", ["dial_no_answer", "a_reason_of_tomorrow"])
def test_a_call_that_was_not_connected_goes_no_further(clinic: Clinic, reason: str) -> None:
    """It is recorded and counted, whatever the reason is called, analysed or not."""
    call: dict[str, Any] = {
        "call_status": "not_connected",
        "disconnection_reason": reason,
        "start_timestamp": None,
        "transcript": None,
    }
    clinic.hear("call_ended", ended(**call))
    ran = clinic.hear("call_analyzed", analysed(**call))
    assert [one.outcome for one in ran] == ["done"]
    assert clinic.calls("outcome, disconnection_reason, chain_id") == [("not_connected", reason, None)]
    assert clinic.database.query("SELECT outcome FROM appointments.counted_calls") == [("not_connected",)]
    assert clinic.inline.drain_all() == []


def test_an_unknown_reason_for_the_end_is_recorded(clinic: Clinic) -> None:
    """A connected call is one, whatever ended it."""
    clinic.hear("call_analyzed", analysed(disconnection_reason="a_reason_of_tomorrow"))
    assert clinic.calls("outcome, disconnection_reason") == [("booked", "a_reason_of_tomorrow")]


@pytest.mark.parametrize("event", ["call_started", "transcript_updated", "an_event_of_tomorrow"])
def test_other_events_leave_no_trace(clinic: Clinic, event: str) -> None:
    """A chat's neither."""
    clinic.hear(event, ended())
    clinic.hear("chat_ended", {"chat_id": "x"})
    assert clinic.calls() == []


def test_text_stays_as_it_was_said(clinic: Clinic) -> None:
    """Non-ASCII text in names, transcript and analysis, letter for letter; the caller's own words beside the request."""
    said = "Grüß Gott, Zoë Nguyễn 👩‍🦰; é und e\u0301"
    clinic.hear("call_analyzed", analysed(analysis={"customer_name": said}, transcript=f"Agent: Hi\nUser: {said}\n"))
    ((transcript, request, analysis),) = clinic.calls("transcript, request, analysis")
    assert transcript == f"Agent: Hi\nUser: {said}\n"
    assert (request["words"], request["facts"]["name"]["raw"]) == ([said], said)
    assert analysis["custom_analysis_data"]["customer_name"] == said
    assert clinic.appointments("name") == [(said,)]


def test_what_postgresql_cannot_hold_is_no_error(clinic: Clinic) -> None:
    """NUL in text, in names of fields."""
    call = analysed(analysis={"customer_name": "Zo\x00ë", "a\x00b": ["\x00"]}, transcript="User: a\x00b")
    clinic.hear("call_analyzed", call)
    assert clinic.calls("outcome, transcript") == [("booked", "User: a\ufffdb")]


def test_a_webhook_too_large_for_a_message_is_read_from_storage(clinic: Clinic) -> None:
    """As it came, raw."""
    long = analysed(transcript="User: " + "ä" * 100_000)
    clinic.storage.put("k", orjson.dumps({"event": "call_analyzed", "call": long}), "application/json")
    ran = clinic.hear("call_analyzed", None, storage_key="k")
    assert [one.kind for one in ran][:2] == ["webhooks.retell.received", "appointments.call.read_stored"]
    assert clinic.calls("outcome, length(transcript)") == [("booked", 100_006)]


def test_calls_of_two_connections_with_one_id_are_two(clinic: Clinic) -> None:
    """Ids are the provider's, of one account each."""
    clinic.hear("call_ended", ended())
    clinic.retell = clinic.connect(Provider.RETELL)
    clinic.hear("call_ended", ended())
    assert len(clinic.calls()) == 2


def test_a_call_for_nobody_fails_by_name(database: Database) -> None:
    """The connection of the settings, while no company is set up: the alert says what to do."""
    clinic = Clinic(database)
    clinic.retell = None
    (ran,) = clinic.hear("call_analyzed", analysed())
    assert (ran.outcome, "PUT /v1/company" in str(ran.error)) == ("failed", True)
    assert clinic.alerts() == [("notifications.operations.alert_failure",)]
