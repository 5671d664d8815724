"""Events, their ticket types, and what an order may take of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.ticketing.errors import TooManyPerOrderError, UnknownTicketTypeError

MAX_TICKETS_PER_ORDER = 20_000
"""As many as one event of a large hall: a list of them is still an answer that a browser shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something to be at. `currency` is that of all its prices: lower-case ISO 4217."""

    id: UUID
    organisation_id: UUID
    name: str
    venue: str | None
    currency: str
    starts_at: datetime
    ends_at: datetime | None

    @property
    def over_at(self) -> datetime:
        """When it ends, as far as it was said."""
        return self.ends_at or self.starts_at


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketType:
    """One kind of ticket of an event. `price` is in minor units; `reserved` of `quantity` are held or sold."""

    id: UUID
    organisation_id: UUID
    event_id: UUID
    name: str
    price: int
    quantity: int
    max_per_order: int | None
    reserved: int = 0

    @property
    def available(self) -> int:
        """How many can be ordered now; an overdue hold counts as taken until somebody needs it or the sweep comes."""
        return self.quantity - self.reserved


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """So many of one ticket type at one price, as they stand in an order."""

    ticket_type_id: UUID
    ticket_type: str
    quantity: int
    unit_price: int

    @property
    def amount(self) -> int:
        return self.quantity * self.unit_price


def merged(wanted: Iterable[tuple[UUID, int]]) -> dict[UUID, int]:
    """What is wanted of each ticket type, added up: asking twice does not get round a limit."""
    total: dict[UUID, int] = {}
    for ticket_type_id, quantity in wanted:
        total[ticket_type_id] = total.get(ticket_type_id, 0) + quantity
    return total


def lines(types: Mapping[UUID, TicketType], wanted: Mapping[UUID, int]) -> list[Line]:
    """The lines of an order at today's prices. `types` are those of the order's event.

    Raises UnknownTicketTypeError, TooManyPerOrderError.
    """
    if sum(wanted.values()) > MAX_TICKETS_PER_ORDER:
        raise TooManyPerOrderError(f"an order has at most {MAX_TICKETS_PER_ORDER} tickets: split it")
    return [_line(types.get(ticket_type_id), ticket_type_id, quantity) for ticket_type_id, quantity in wanted.items()]


def _line(kind: TicketType | None, ticket_type_id: UUID, quantity: int) -> Line:
    if kind is None:
        raise UnknownTicketTypeError(f"the event has no ticket type {ticket_type_id}")
    if quantity < 1:
        raise ValueError(f"an order takes at least one of a ticket type, not {quantity}")
    if kind.max_per_order is not None and quantity > kind.max_per_order:
        raise TooManyPerOrderError(
            f"at most {kind.max_per_order} of {kind.name!r} can be bought in one order, not {quantity}"
        )
    return Line(ticket_type_id=kind.id, ticket_type=kind.name, quantity=quantity, unit_price=kind.price)
