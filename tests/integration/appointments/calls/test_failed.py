"""Calls one of whose steps finally failed."""

from typing import Any

from shared.messaging.failed_jobs import list_failed, retry_failed
from tests.integration.appointments.calls.clinic import Clinic, analysed


def operations(clinic: Clinic) -> list[dict[str, Any]]:
    rows = clinic.database.query(
        "SELECT convert_from(body, 'UTF8')::jsonb -> 'kwargs' FROM messaging.outbox "
        "WHERE kind = 'notifications.operations.alert'"
    )
    return [row[0] for row in rows]


def test_operations_are_alerted_and_the_caller_hears_of_a_call_back(clinic: Clinic) -> None:
    """The failed step, why, and what can be done."""
    clinic.refuses_bookings = True
    clinic.hear("call_analyzed", analysed())
    assert clinic.calls() == [("failed", "step_failed")]
    assert clinic.appointments("state") == [("failed",)]
    (alert,) = operations(clinic)
    assert alert["severity"] == "critical"
    assert "Cal.com 401: revoked" in alert["text"]
    (letter,) = clinic.letters()
    assert (letter["letter"], letter["email"], letter["phone"]) == ("call_back", "zoe@example.com", "+12137771234")
    assert clinic.database.query("SELECT outcome FROM appointments.counted_calls") == [("failed",)]


def test_a_failed_step_can_be_retried_and_the_call_goes_on(clinic: Clinic) -> None:
    """To its confirmation."""
    clinic.refuses_bookings = True
    clinic.hear("call_analyzed", analysed())
    clinic.refuses_bookings = False
    with clinic.work() as session:
        retry_failed(session, list_failed(session)[0]["id"])
    clinic.inline.drain()
    assert clinic.appointments("state, reason") == [("booked", "confirmed")]
    assert clinic.calls("outcome, problem") == [("booked", None)]


def test_the_same_failure_of_many_calls_has_one_fingerprint(clinic: Clinic) -> None:
    """Operations are told once an hour, not once for each caller."""
    clinic.refuses_bookings = True
    for number in range(3):
        clinic.hear("call_analyzed", analysed(f"c{number}"))
    assert len({alert["fingerprint"] for alert in operations(clinic)}) == 1
    assert len(clinic.letters()) == 3
