"""Which event type is meant."""

from typing import Any

import pytest

from services.appointments.domain.appointments import EventType
from services.appointments.domain.problems import Problem, Trouble
from services.appointments.domain.services import choose
from tests.unit.appointments.domain.samples import CHECK_UP, CLEANING, OFFERED, event_type

ALIASES = {"Kontrolle": "check-up", "Zahnreinigung": "2", "Spa": "spa"}


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("check-up", CHECK_UP),
        ("Check Up", CHECK_UP),
        (" 2 ", CLEANING),
        ("kontrolle", CHECK_UP),
        ("eine Zahnreinigung, bitte", CLEANING),
        ("I need a cleaning", CLEANING),
    ],
)
def test_a_service_is_meant_by_slug_id_title_or_alias(said: str, meant: EventType) -> None:
    """Whole, or somewhere in what was said."""
    assert choose(said, ALIASES, None, OFFERED) == meant


@pytest.mark.parametrize(
    ("said", "default", "offered", "problem"),
    [
        ("surgery", None, OFFERED, Problem.UNKNOWN_SERVICE),
        ("Spa", None, OFFERED, Problem.UNKNOWN_SERVICE),
        (None, None, OFFERED, Problem.UNKNOWN_SERVICE),
        (None, "gone", OFFERED, Problem.UNKNOWN_SERVICE),
        (None, None, [], Problem.UNKNOWN_SERVICE),
        ("", None, OFFERED, Problem.UNKNOWN_SERVICE),
        ("a check-up or a cleaning", None, OFFERED, Problem.AMBIGUOUS_SERVICE),
        ("Same", None, [event_type("a", 1, title="Same"), event_type("b", 2, title="Same")], Problem.AMBIGUOUS_SERVICE),
    ],
)
def test_what_is_none_or_several_has_a_name(said: Any, default: Any, offered: Any, problem: Problem) -> None:
    """Nobody guesses."""
    chosen = choose(said, ALIASES, default, offered)
    assert isinstance(chosen, Trouble)
    assert chosen.problem is problem


def test_an_empty_name_is_within_nothing() -> None:
    """An event type whose title is only signs."""
    offered = [event_type("a", 1, title="***"), event_type("b", 2)]
    assert isinstance(choose("anything", {"!": "a"}, None, offered), Trouble)
