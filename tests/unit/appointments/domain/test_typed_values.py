"""Values of analyses as facts."""

from collections.abc import Callable
from typing import Any

import pytest

from services.appointments.domain import typed_values
from services.appointments.domain.typed_values import WrongTypeError


@pytest.mark.parametrize(
    ("read", "written", "value"),
    [
        (typed_values.text, "  Ann \n Lee ", "Ann Lee"),
        (typed_values.text_or_number, 12, "12"),
        (typed_values.text_or_number, 491701234567.0, "491701234567"),
        (typed_values.yes_or_no, True, True),
        (typed_values.yes_or_no, "Ja.", True),
        (typed_values.yes_or_no, "No", False),
        (typed_values.yes_or_no, 0, False),
        (typed_values.email, "John.Doe@Example.COM.", "john.doe@example.com"),
        (typed_values.email, "john dot doe at example dot com", "john.doe@example.com"),
        (typed_values.email, "anna punkt lee ät beispiel punkt de", "anna.lee@beispiel.de"),
        (typed_values.minutes, 30, 30),
        (typed_values.minutes, "45 min", 45),
        (typed_values.minutes, "1.5 hours", 90),
        (typed_values.minutes, "1 Stunde 15 Minuten", 75),
        (typed_values.language, "German", "de"),
        (typed_values.language, "en-US", "en"),
    ],
)
def test_what_agents_write_is_read(read: Callable[[Any], Any], written: Any, value: Any) -> None:
    """In the spellings that they use."""
    assert read(written) == value


WRONG: list[tuple[Callable[[Any], Any], list[Any]]] = [
    (typed_values.text, [1, True, None, [], {}]),
    (typed_values.text_or_number, [True, 1.5, float("nan"), float("inf"), 10**30, []]),
    (typed_values.yes_or_no, ["maybe", 2, [], {}, ""]),
    (typed_values.email, ["john", "john@", "@example.com", "a b@", 7, "x@y", "a@b@c.de"]),
    (typed_values.minutes, ["", "soon", -30, 0, 4, 100_000, True, []]),
    (typed_values.language, ["Klingonisch", "", 5]),
]


@pytest.mark.parametrize(("read", "written"), [(read, value) for read, values in WRONG for value in values])
def test_everything_else_is_of_the_wrong_type(read: Callable[[Any], Any], written: Any) -> None:
    """One error, which says what is expected."""
    with pytest.raises(WrongTypeError):
        read(written)
