"""Calls that Retell is asked for: without their analysis, or without any webhook."""

from datetime import timedelta
from uuid import UUID

import pytest

from deploy.local.providers.client import Retell
from services.appointments.domain.calls import LOOK_AGAIN_SECONDS, MOST_LOOKS
from shared.contracts.appointments import FetchCall, FindMissedCalls
from tests.integration.appointments.calls.clinic import Clinic, ended, wanted_time


def analysis() -> dict[str, object]:
    """What a caller wants."""
    return {"customer_name": "Zoë", "preferred_start": wanted_time(), "event_type_slug": "check-up"}


def test_an_analysis_that_does_not_come_is_asked_for(asking: Clinic, retell: Retell) -> None:
    """A minute after the end, once, with the connection's own key."""
    call_id = retell.end_call({"analysis": analysis()}, events=[])
    asking.hear("call_ended", ended(call_id))
    asking.inline.travel(59)
    assert asking.inline.drain() == []
    asking.inline.travel(2)
    assert asking.inline.drain()[0].outcome == "done"
    assert (asking.calls(), asking.appointments()) == ([("booked", None)], [("booked",)])
    assert (retell.counts().get("get_call"), retell.violations()) == (1, [])


def test_an_analysis_that_came_is_not_asked_for(asking: Clinic, retell: Retell) -> None:
    """The planned question ends quietly."""
    call_id = retell.end_call({"analysis": analysis()}, events=[])
    asking.hear("call_ended", ended(call_id))
    found = next(call for call in retell.calls() if call["call_id"] == call_id)
    asking.hear("call_analyzed", found)
    asking.inline.drain_all()
    assert retell.counts().get("get_call", 0) == 0
    assert len(asking.appointments()) == 1


def test_an_analysis_that_is_late_is_asked_for_again(asking: Clinic, retell: Retell) -> None:
    """What is known is kept meanwhile."""
    call_id = retell.end_call({"analysis": analysis()}, events=[], analysis_after=3_000)
    asking.publish(FetchCall(connection_id=_own(asking), external_id=call_id))
    asking.inline.drain()
    assert asking.calls("outcome, transcript IS NOT NULL") == [("awaiting_analysis", True)]
    retell.advance(3_600)
    asking.inline.drain_all()
    assert asking.calls() == [("booked", None)]
    assert retell.counts()["get_call"] == 2


def test_an_analysis_that_never_comes_is_left_to_people(asking: Clinic, retell: Retell) -> None:
    """After the last look."""
    call_id = retell.end_call({"call_analysis": None}, events=[])
    asking.publish(FetchCall(connection_id=_own(asking), external_id=call_id))
    asking.inline.drain_all()
    assert asking.calls() == [("needs_attention", "no_analysis")]
    assert retell.counts()["get_call"] == len(LOOK_AGAIN_SECONDS) + 1
    assert asking.database.query("SELECT outcome FROM appointments.counted_calls") == [("needs_attention",)]


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_retell_that_has_no_time_is_asked_again(asking: Clinic, retell: Retell, status: int) -> None:
    """Nothing is lost by it."""
    call_id = retell.end_call({"analysis": analysis()}, events=[])
    retell.fail("get_call", status, times=2)
    asking.publish(FetchCall(connection_id=_own(asking), external_id=call_id))
    assert [one.outcome for one in asking.inline.drain()] == ["retry"]
    asking.inline.drain_all()
    assert asking.calls() == [("booked", None)]


@pytest.mark.parametrize("operation", ["get_call", "list_calls"])
def test_a_lost_answer_is_asked_for_again(asking: Clinic, retell: Retell, operation: str) -> None:
    """Asking changes nothing, so it is simply repeated."""
    call_id = retell.end_call({"analysis": analysis(), "minutes_ago": 5}, events=[])
    retell.lose(operation, times=1)
    asking.publish(FindMissedCalls(connection_id=_own(asking)))
    asking.inline.drain_all()
    assert asking.calls("external_id, outcome") == [(call_id, "booked")]


def test_a_call_that_is_under_way_is_looked_at_for_some_hours(asking: Clinic, retell: Retell) -> None:
    """Nothing is recorded of it, and it is not looked at for ever."""
    call_id = retell.end_call({"call_status": "ongoing", "call_analysis": None}, events=[])
    asking.publish(FetchCall(connection_id=_own(asking), external_id=call_id))
    asking.inline.drain_all()
    assert asking.calls() == []
    assert retell.counts()["get_call"] == MOST_LOOKS + 1


def test_calls_that_are_under_way_are_not_missed_yet(asking: Clinic, retell: Retell) -> None:
    """They are listed, and left alone."""
    retell.end_call({"call_status": "ongoing", "call_analysis": None, "minutes_ago": 1}, events=[])
    asking.publish(FindMissedCalls(connection_id=_own(asking)))
    asking.inline.drain_all()
    assert retell.counts().get("get_call", 0) == 0


def test_a_call_that_retell_does_not_know_fails_by_name(asking: Clinic) -> None:
    """At once."""
    asking.publish(FetchCall(connection_id=_own(asking), external_id="../never/was?x=1"))
    (ran,) = asking.inline.drain()
    assert (ran.outcome, "404" in str(ran.error)) == ("failed", True)


def test_calls_that_never_reached_us_are_found(asking: Clinic, retell: Retell) -> None:
    """Over all pages; those that are known are left alone, and nothing is done twice."""
    known = retell.end_call({"analysis": analysis(), "minutes_ago": 50}, events=[])
    asking.hear("call_analyzed", next(call for call in retell.calls() if call["call_id"] == known))
    retell.lists(page_size=2)
    missed = retell.end_calls([{"analysis": {}, "minutes_ago": minute} for minute in (40, 30, 20)], events=[])
    for _ in range(2):
        asking.publish(FindMissedCalls(connection_id=_own(asking)))
        asking.inline.drain()
    asking.inline.drain_all()
    assert {row[0] for row in asking.calls("external_id")} == {known, *missed}
    assert (retell.counts()["get_call"], retell.violations()) == (3, [])
    assert asking.calls("outcome")[0] == ("booked",)


def test_a_call_that_a_list_leaves_out_is_found_by_the_next_look(asking: Clinic, retell: Retell) -> None:
    """Each look begins a day before the last one."""
    call_id = retell.end_call({"analysis": {}, "minutes_ago": 5}, events=[])
    retell.lists(leave_out=[0])
    asking.publish(FindMissedCalls(connection_id=_own(asking)))
    asking.inline.drain_all()
    assert asking.calls() == []
    retell.lists()
    asking.publish(FindMissedCalls(connection_id=_own(asking)))
    asking.inline.drain_all()
    assert asking.calls("external_id, outcome") == [(call_id, "no_request")]


def test_a_list_that_fails_is_looked_at_again(asking: Clinic, retell: Retell) -> None:
    """Where the last look ended is only noted when a look succeeds."""
    retell.fail("list_calls", 500, times=1)
    asking.publish(FindMissedCalls(connection_id=_own(asking)))
    assert [one.outcome for one in asking.inline.drain()] == ["retry"]
    asking.inline.travel(timedelta(minutes=2).total_seconds())
    assert [one.outcome for one in asking.inline.drain()] == ["done"]
    seen = "SELECT calls_seen_until IS NOT NULL FROM appointments.connections WHERE provider = 'retell'"
    assert asking.database.query(seen) == [(True,)]


def test_a_refused_key_is_shown_with_its_connection(asking: Clinic, retell: Retell) -> None:
    """And told to operations, once it is final: at once."""
    retell.fail("list_calls", 401, times=1)
    asking.publish(FindMissedCalls(connection_id=_own(asking)))
    assert [one.outcome for one in asking.inline.drain()] == ["failed"]
    (error,) = asking.database.query("SELECT last_error FROM appointments.connections WHERE provider = 'retell'")[0]
    assert "Retell 401" in error
    assert asking.alerts() == [("notifications.operations.alert_failure",)]


def _own(clinic: Clinic) -> UUID:
    assert clinic.retell is not None
    return clinic.retell
