"""The columns of each kind of export, in their order, and what stands in them."""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from services.reports.domain.exports import Kind


class Content(Enum):
    """What the cells of a column hold."""

    TEXT = auto()
    WORD = auto()
    """One of few words, kept as a code and written in the asker's language."""
    MOMENT = auto()
    NUMBER = auto()
    AMOUNT = auto()
    """Minor units of the currency in the row's column `currency`."""


@dataclass(frozen=True, slots=True)
class Column:
    """`width` is in characters, as a spreadsheet shows it. `is_printed` says whether a page has room for it."""

    name: str
    content: Content = Content.TEXT
    width: int = 16
    is_printed: bool = True


_CODE = Column("code", width=13)
_TICKET_TYPE = Column("ticket_type", width=18)
_NAME = Column("name", width=24)
_EMAIL = Column("email", width=30)
_ORDER = Column("order_number", width=14)
_EVENT = Column("event", width=26)
_STATUS = Column("status", Content.WORD, width=13)
_AMOUNT = Column("amount", Content.AMOUNT, width=12)
_CURRENCY = Column("currency", width=9)


def _moment(name: str, *, is_printed: bool = True) -> Column:
    return Column(name, Content.MOMENT, width=18, is_printed=is_printed)


COLUMNS: Final[dict[Kind, tuple[Column, ...]]] = {
    Kind.ATTENDEES: (
        _CODE,
        _TICKET_TYPE,
        _NAME,
        _EMAIL,
        Column("phone", width=18, is_printed=False),
        _ORDER,
        _EVENT,
        _moment("event_starts_at", is_printed=False),
        _STATUS,
        _moment("issued_at"),
        _moment("checked_in_at"),
    ),
    Kind.ORDERS: (
        _ORDER,
        _STATUS,
        _EVENT,
        _NAME,
        _EMAIL,
        Column("phone", width=18, is_printed=False),
        Column("tickets", Content.NUMBER, width=9),
        _AMOUNT,
        _CURRENCY,
        _moment("placed_at"),
        _moment("paid_at"),
        _moment("fulfilled_at", is_printed=False),
        _moment("expired_at", is_printed=False),
        _moment("cancelled_at", is_printed=False),
    ),
    Kind.PAYMENTS: (
        _moment("received_at"),
        Column("provider", width=11),
        Column("reference", width=32),
        _AMOUNT,
        _CURRENCY,
        _ORDER,
        _EVENT,
        _NAME,
        _EMAIL,
    ),
    Kind.CHECK_INS: (_moment("checked_in_at"), _CODE, _TICKET_TYPE, _NAME, _EMAIL, _ORDER, _EVENT),
    Kind.APPOINTMENTS: (
        Column("service", width=28),
        _moment("starts_at"),
        _moment("ends_at"),
        _STATUS,
        Column("moves", Content.NUMBER, width=11),
        Column("by_phone", Content.WORD, width=14),
        _moment("booked_at"),
        _moment("cancelled_at"),
        Column("reason", width=32),
    ),
}
"""The names are those of words.HEADINGS, and of the columns that the repository selects, in this order."""
