"""What is told fits into a message."""

from uuid import UUID

import pytest

from services.ticketing.domain.tickets import Ticket
from services.ticketing.domain.told import BYTES_FOR_NAMES, fitting, parts


def ticket(number: int, ticket_type: str) -> Ticket:
    nobody = UUID(int=0)
    return Ticket(
        id=UUID(int=number),
        organisation_id=nobody,
        event_id=nobody,
        order_id=nobody,
        order_item_id=nobody,
        ticket_type=ticket_type,
        code=f"C{number}",
        token="",
        qr_key="",
    )


def test_names_of_an_ordinary_order_are_told_as_they_are() -> None:
    """Thirty types may have the longest names there are."""
    names = ["🎟" * 200] * 30
    assert fitting(names) == names


def test_only_long_names_of_many_types_are_cut() -> None:
    """At a character's end, and seen to be cut."""
    cut, whole = fitting(["Stehplätze " * 40, *["Loge"] * 99])[:2]
    assert len(cut.encode()) <= BYTES_FOR_NAMES // 100
    assert (cut.startswith("Stehplätze Stehplätze"), cut.endswith("…"), whole) == (True, True, "Loge")


@pytest.mark.parametrize(("name", "sizes"), [("Standing", [200, 51]), ("x" * 101, [50, 50, 50, 50, 50, 1])])
def test_tickets_are_told_in_parts_that_have_room(name: str, sizes: list[int]) -> None:
    """Fewer at once where one of them has a long name; each of them once."""
    tickets = [ticket(number, name if number == 7 else "Standing") for number in range(251)]
    told = list(parts(tickets, 200))
    assert [len(part) for part in told] == sizes
    assert [one for part in told for one in part] == tickets
