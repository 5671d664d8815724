"""Links for ticket holders, who have no API key."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from uuid import UUID

from shared.signed_links import SignedLinks

KEPT_FOR = timedelta(days=30)
"""How long a link outlasts its event."""


def link_expiry(over_at: datetime, now: datetime) -> datetime:
    """30 days after the event, or after today where the event is over.

    It changes once a day at most, so that pictures stay in a browser's cache.
    """
    today = datetime.combine(now.date(), time(), tzinfo=now.tzinfo)
    return max(over_at, today) + KEPT_FOR


@dataclass(frozen=True, slots=True)
class Links:
    """The links of ticketing: what may be fetched by whoever was sent one."""

    signed: SignedLinks

    def qr_url(self, ticket_id: UUID, expires: datetime) -> str:
        """The picture of a ticket's QR code."""
        return self.signed.url(qr_path(ticket_id), expires)

    def order_url(self, order_id: UUID, expires: datetime) -> str:
        """The page with all tickets of an order."""
        return self.signed.url(order_path(order_id), expires)

    def check(self, path: str, expires: int, signature: str, now: datetime) -> None:
        """Raises LinkInvalidError or LinkExpiredError."""
        self.signed.check(path, expires, signature, now)


def qr_path(ticket_id: UUID) -> str:
    """Not under /v1, where every call needs an API key: a browser fetches it for a page or a mail."""
    return f"/tickets/{ticket_id}/qr.png"


def order_path(order_id: UUID) -> str:
    return f"/orders/{order_id}/tickets"
