"""Rows and events as the tests of notifications start from."""

from datetime import UTC, datetime
from io import BytesIO
from typing import Any
from uuid import UUID

import qrcode

from services.notifications.domain.progress import Progress
from services.notifications.domain.sendings import Email
from services.notifications.letters import TicketsLetter
from shared.contracts.ticketing import INLINE_TICKETS, IssuedTicket, OrderFulfilled

EMAIL_ID = UUID("01931d5e-0000-7000-8000-000000000007")
ORDER_ID = UUID("01931d5e-0000-7000-8000-000000000001")
STARTS_AT = datetime(2026, 11, 14, 18, 30, tzinfo=UTC)
WRITTEN_AT = datetime(2026, 9, 1, 8, 0, tzinfo=UTC)


def token(number: int) -> str:
    """A text as long as a ticket's token."""
    return f"BH1.{number:048d}.{number:086d}"


def qr_key(number: int) -> str:
    return f"qr/{number}.png"


def qr_image(key: str) -> bytes:
    """What the storage holds under `qr_key(number)`: the QR code of that ticket's token."""
    image = qrcode.make(token(int(key.removeprefix("qr/").removesuffix(".png"))), box_size=4)
    png = BytesIO()
    image.save(png, "PNG")
    return png.getvalue()


def order_fulfilled(ticket_count: int = 2, **changes: Any) -> OrderFulfilled:
    """An order of Ada's for a concert, its first tickets named as the contract says."""
    tickets = [
        IssuedTicket(
            id=UUID(int=number),
            code=f"K7PM-W{number:03d}",
            token=token(number),
            ticket_type="Standing",
            qr_key=qr_key(number),
        )
        for number in range(1, min(ticket_count, INLINE_TICKETS) + 1)
    ]
    fields: dict[str, Any] = {
        "order_id": ORDER_ID,
        "number": "BH-7K2P9M",
        "organisation_id": UUID(int=10),
        "event_id": UUID(int=11),
        "event_name": "An Evening with the Blue Note Quartet",
        "starts_at": STARTS_AT,
        "venue": "Blue Hall, Kantstraße 12, Berlin",
        "customer_name": "Ada Lovelace",
        "customer_email": "ada@example.org",
        "amount": 12_500,
        "currency": "eur",
        "ticket_count": ticket_count,
        "tickets": tickets,
        "tickets_url": "https://tickets.example.com/o/7K2P9M",
        "fulfilled_at": WRITTEN_AT,
    }
    return OrderFulfilled(**(fields | changes))


def tickets_email(ticket_count: int = 2, *, recipient: str = "ada@example.org", **changes: Any) -> Email:
    """The row of the mail log that such an order leads to."""
    event = order_fulfilled(ticket_count, **changes)
    return Email(
        id=EMAIL_ID,
        recipient=recipient,
        recipient_name=event.customer_name,
        template=TicketsLetter.template,
        facts=TicketsLetter.of(event).facts(),
        created_at=WRITTEN_AT,
        progress=Progress(),
    )
