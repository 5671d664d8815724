"""What is told of orders and tickets fits into messages of 64 kB, however long people's names for things are."""

from collections.abc import Iterable, Sequence

from services.ticketing.domain.tickets import Ticket

BYTES_FOR_NAMES = 25_000
"""What the names of all ticket types of an order may take in one message, in UTF-8. Quotes take twice that in JSON."""

LONG_NAME_BYTES = 100
FEW = 50
"""So many tickets are told at once where one of them has a name over LONG_NAME_BYTES: a name has at most 800."""


def fitting(names: Sequence[str]) -> list[str]:
    """The names, cut where all of them together would be too long. Of 30 types, say, none ever is."""
    most = BYTES_FOR_NAMES // max(1, len(names))
    return [_cut(name, most) for name in names]


def parts(tickets: Sequence[Ticket], at_most: int) -> Iterable[Sequence[Ticket]]:
    """The tickets in parts that a message has room for, of `at_most` each."""
    is_long = any(len(ticket.ticket_type.encode()) > LONG_NAME_BYTES for ticket in tickets)
    size = min(at_most, FEW) if is_long else at_most
    return (tickets[start : start + size] for start in range(0, len(tickets), size))


def _cut(name: str, most: int) -> str:
    encoded = name.encode()
    if len(encoded) <= most:
        return name
    return encoded[: most - 3].decode(errors="ignore").rstrip() + "…"
