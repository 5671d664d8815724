"""Exports as tests ask for them."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.reports.domain.cells import Row, Style
from services.reports.domain.documents import Document
from services.reports.domain.exports import Filter, Format, Kind, Language, Wanted

NOON = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


def wanted(kind: Kind = Kind.ATTENDEES, format: Format = Format.CSV, **says: Any) -> Wanted:  # noqa: A002 - its name
    """An export in English and UTC, unless said."""
    usual: dict[str, Any] = {"filter": Filter(), "language": Language.EN, "time_zone": "UTC"}
    ids = {"id": UUID(int=1), "organisation_id": UUID(int=2), "key_id": UUID(int=3)}
    return Wanted(**{"kind": kind, "format": format, **usual, **ids, **says})


def document(count: int = 1, **says: Any) -> Document:
    """What its file is made of."""
    export = wanted(**says)
    return Document(export, Style(export.language, ZoneInfo(export.time_zone)), NOON, count)


def attendee(name: str = "Ada Lovelace", **says: Any) -> Row:
    """A row of attendees, in the order of their columns."""
    usual = {
        "code": "ABCD-EFGH",
        "ticket_type": "Standing",
        "name": name,
        "email": "ada@example.com",
        "phone": "+4930901820",
        "order_number": "B-1001",
        "event": "Spring Ball",
        "event_starts_at": NOON,
        "status": "issued",
        "issued_at": NOON,
        "checked_in_at": None,
    }
    return tuple({**usual, **says}.values())


def order(amount: int | None, currency: str | None, **says: Any) -> Row:
    """A row of orders, in the order of their columns."""
    usual = {
        "order_number": "B-1001",
        "status": "paid",
        "event": "Spring Ball",
        "name": "Ada Lovelace",
        "email": "ada@example.com",
        "phone": None,
        "tickets": 2,
        "amount": amount,
        "currency": currency,
        "placed_at": NOON,
        "paid_at": NOON,
        "fulfilled_at": None,
        "expired_at": None,
        "cancelled_at": None,
    }
    return tuple({**usual, **says}.values())
