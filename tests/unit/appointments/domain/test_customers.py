"""Which customers are one."""

from typing import Any
from uuid import uuid4

import pytest

from services.appointments.domain.customers import Caller, Customer, are_one, learnt


def customer(**known: Any) -> Customer:
    return Customer(
        uuid4(), **{"name": None, "email": None, "phone": None, "language": None, "time_zone": None, **known}
    )


@pytest.mark.parametrize(
    ("by_phone", "by_email", "is_one"),
    [
        ({"phone": "+1"}, {"email": "a@b.c"}, True),
        ({"phone": "+1", "name": "Ann"}, {"email": "a@b.c", "name": "ANN"}, True),
        ({"phone": "+1", "name": "Ann"}, {"email": "a@b.c", "name": "Bob"}, False),
        ({"phone": "+1", "email": "x@y.z"}, {"email": "a@b.c"}, False),
        ({"phone": "+1"}, {"email": "a@b.c", "phone": "+2"}, False),
    ],
)
def test_two_are_one_where_nothing_speaks_against_it(
    by_phone: dict[str, str], by_email: dict[str, str], is_one: bool
) -> None:
    """Two persons in one row would be worse than one person in two."""
    assert are_one(customer(**by_phone), customer(**by_email)) is is_one


def test_a_call_adds_what_was_missing() -> None:
    """What is known stays; the language is the one spoken last."""
    known = customer(name="Ann", language="en")
    assert learnt(known, Caller("Anna", "a@b.c", None, "de", None)) == {"email": "a@b.c", "language": "de"}
