"""Which word of a provider is newer."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.appointments.domain.appointments import AT_PROVIDER, TRANSITIONS, Appointment, State, may_follow
from services.appointments.domain.bookings import STATES, Standing, Word, is_news
from shared.ids import new_id

T0 = datetime(2026, 8, 3, 9, tzinfo=UTC)
START = datetime(2026, 8, 4, 8, tzinfo=UTC)


def appointment(**changes: Any) -> Appointment:
    """One that is booked, as of sequence 1."""
    values: dict[str, Any] = dict.fromkeys(Appointment.__dataclass_fields__)
    values |= {
        "id": new_id(), "state": State.BOOKED, "starts_at": START, "ends_at": START + timedelta(minutes=30),
        "booking_uid": "one", "sequence": 1, "told_at": T0, "moves": 0,
    }  # fmt: skip
    return Appointment(**{**values, **changes})


WORD = Word("one", Standing.ACCEPTED, START, START + timedelta(minutes=30), T0, sequence=1)


@pytest.mark.parametrize(
    ("changes", "is_newer"),
    [
        ({}, False),
        ({"told_at": T0 + timedelta(seconds=1)}, True),
        ({"told_at": T0 - timedelta(seconds=1)}, False),
        ({"sequence": 2, "told_at": T0 - timedelta(hours=1)}, True),
        ({"sequence": 0, "told_at": T0 + timedelta(hours=1)}, False),
        ({"sequence": None, "told_at": T0 + timedelta(seconds=1)}, True),
        ({"sequence": None}, False),
        ({"uid": "two", "former_uid": "one", "sequence": None, "told_at": T0 - timedelta(hours=1)}, True),
        ({"uid": "zero", "sequence": 0}, False),
    ],
)
def test_the_sequence_decides_then_the_moment(changes: dict[str, Any], is_newer: bool) -> None:
    """A word about what the booking was moved to is newer than all about what it was."""
    assert is_news(appointment(), replace(WORD, **changes)) is is_newer


def test_everything_is_news_of_what_nothing_is_known_of() -> None:
    """The answer to our own booking, say."""
    assert is_news(appointment(booking_uid=None, told_at=None), WORD)


@pytest.mark.parametrize("state", State)
def test_whatever_was_thought_here_the_provider_may_say_otherwise(state: State) -> None:
    """Its calendar is the truth."""
    assert all(may_follow(state, said) for said in STATES.values())


def test_every_state_has_its_transitions() -> None:
    """Nobody who stands in the calendar is booked again, and what was never asked for does not end as absent."""
    assert set(TRANSITIONS) == set(State)
    assert not any(may_follow(state, State.BOOKING) for state in AT_PROVIDER)
    assert not may_follow(State.WANTED, State.NO_SHOW)
