"""What an order may take."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ticketing.domain.events import MAX_TICKETS_PER_ORDER, TicketType, lines, merged
from services.ticketing.errors import TooManyPerOrderError, UnknownTicketTypeError

STANDING, SEATED = UUID(int=1), UUID(int=2)


def ticket_type(identity: UUID = STANDING, price: int = 2_000, max_per_order: int | None = None) -> TicketType:
    return TicketType(
        id=identity,
        organisation_id=UUID(int=7),
        event_id=UUID(int=8),
        name="Standing",
        price=price,
        quantity=10_000,
        reserved=100,
        max_per_order=max_per_order,
    )


def test_available_is_what_is_neither_held_nor_sold() -> None:
    """The counter holds both."""
    assert ticket_type().available == 9_900


@given(st.lists(st.tuples(st.sampled_from([STANDING, SEATED]), st.integers(1, 50)), max_size=20))
def test_asking_twice_for_a_type_adds_up(wanted: list[tuple[UUID, int]]) -> None:
    """Splitting a wish into many items changes nothing."""
    total = merged(wanted)
    assert sum(total.values()) == sum(quantity for _, quantity in wanted)
    assert set(total) == {kind for kind, _ in wanted}


def test_lines_carry_todays_price_and_name() -> None:
    """What the order keeps does not follow later changes of the type."""
    (line,) = lines({STANDING: ticket_type()}, {STANDING: 3})
    assert (line.ticket_type, line.unit_price, line.amount) == ("Standing", 2_000, 6_000)


@pytest.mark.parametrize(("limit", "quantity"), [(1, 2), (4, 5), (None, MAX_TICKETS_PER_ORDER + 1)])
def test_more_than_allowed_per_order_is_refused(limit: int | None, quantity: int) -> None:
    """A type's own limit, and that of any order."""
    with pytest.raises(TooManyPerOrderError) as refused:
        lines({STANDING: ticket_type(max_per_order=limit)}, {STANDING: quantity})
    assert str(limit or MAX_TICKETS_PER_ORDER) in str(refused.value)


@pytest.mark.parametrize(("limit", "quantity"), [(1, 1), (4, 4), (None, MAX_TICKETS_PER_ORDER)])
def test_as_many_as_allowed_is_accepted(limit: int | None, quantity: int) -> None:
    """The limit itself is allowed."""
    (line,) = lines({STANDING: ticket_type(max_per_order=limit)}, {STANDING: quantity})
    assert line.quantity == quantity


def test_a_type_of_another_event_is_unknown() -> None:
    """Only the event's own types are handed in, so a foreign id is not among them."""
    with pytest.raises(UnknownTicketTypeError) as refused:
        lines({STANDING: ticket_type()}, {SEATED: 1})
    assert str(SEATED) in str(refused.value)


def test_a_quantity_below_one_is_a_bug_of_the_caller() -> None:
    """The API refuses it before; here it must not pass as a way to give stock back."""
    with pytest.raises(ValueError, match="at least one"):
        lines({STANDING: ticket_type()}, {STANDING: 0})
