"""What words of a provider add to a call."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from services.appointments.domain.calls import Call, CallTold, Outcome, changes, words_of_other_side

NOW = datetime(2026, 7, 30, 8, 35, tzinfo=UTC)


def recorded(**changes: Any) -> Call:
    empty: dict[str, Any] = dict.fromkeys(Call.__slots__)
    given = {"id": uuid4(), "external_id": "c1", "variables": {}, "outcome": Outcome.AWAITING_ANALYSIS}
    return Call(**{**empty, **given, "created_at": NOW, **changes})


@pytest.mark.parametrize(
    ("told", "is_connected"),
    [
        (CallTold("c1", status="ended", disconnection_reason="a_reason_of_tomorrow"), True),
        (CallTold("c1", status="not_connected", disconnection_reason="dial_no_answer"), False),
        (CallTold("c1", status="a_status_of_tomorrow"), True),
        (CallTold("c1", started_at=NOW), True),
        (CallTold("c1"), False),
    ],
)
def test_whether_somebody_was_spoken_to_is_the_status(told: CallTold, is_connected: bool) -> None:
    """Reasons are not looked at; without a status, that it began."""
    assert told.is_connected is is_connected


def test_the_analysed_word_is_the_whole_one() -> None:
    """An older word that comes late only fills what is missing."""
    call = recorded(analysed_seen_at=NOW, summary="new", variables={"metadata": {"a": 1}})
    late = CallTold("c1", summary="old", transcript="User: hello", variables={"metadata": {"a": 0}})
    assert changes(call, late) == {"transcript": "User: hello"}


def test_what_is_not_said_takes_nothing_away() -> None:
    """The second word may be shorter."""
    call = recorded(transcript="User: hello")
    assert changes(call, CallTold("c1", status="ended", analysis={})) == {"status": "ended", "analysis": {}}


def test_the_number_is_that_of_the_other_side() -> None:
    """Whoever called whom."""
    numbers = {"from_number": "+1", "to_number": "+2"}
    assert recorded(direction="inbound", **numbers).number_of_other_side == "+1"
    assert recorded(direction="outbound", **numbers).number_of_other_side == "+2"


def test_the_caller_s_own_words_are_kept_apart() -> None:
    """Without the agent's."""
    transcript = "Agent: How can I help?\nUser: A check-up: next Tuesday.\nUser:\nNoise\nAgent: Fine."
    assert words_of_other_side(transcript) == ["A check-up: next Tuesday."]


def test_an_analysis_of_another_shape_holds_nothing() -> None:
    """No error where the data is a list."""
    assert recorded(analysis={"custom_analysis_data": ["x"]}).data == {"custom_analysis_data": {}}
