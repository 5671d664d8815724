"""Links for people who have no API key: signed, so that nobody makes one up, and good for a limited time."""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from uuid import UUID

from services.ticketing.errors import LinkExpiredError, LinkInvalidError

KEPT_FOR = timedelta(days=30)
"""How long a link outlasts its event."""
SIGNATURE_BYTES = 16


def link_key(secret_key: str) -> bytes:
    """The key that links are signed with, derived from the installation's SECRET_KEY. Raises ValueError without one."""
    if not secret_key:
        raise ValueError("SECRET_KEY is empty: links to tickets cannot be signed")
    return hmac.digest(secret_key.encode(), b"bellhop ticketing links", hashlib.sha256)


def link_expiry(over_at: datetime, now: datetime) -> datetime:
    """30 days after the event, or after today where the event is over.

    It changes once a day at most, so that pictures stay in a browser's cache.
    """
    today = datetime.combine(now.date(), time(), tzinfo=now.tzinfo)
    return max(over_at, today) + KEPT_FOR


@dataclass(frozen=True, slots=True)
class Links:
    """Makes and checks links below `public_url`."""

    public_url: str
    key: bytes

    def qr_url(self, ticket_id: UUID, expires: datetime) -> str:
        """The picture of a ticket's QR code."""
        return self._signed(qr_path(ticket_id), expires)

    def order_url(self, order_id: UUID, expires: datetime) -> str:
        """The page with all tickets of an order."""
        return self._signed(order_path(order_id), expires)

    def check(self, path: str, expires: int, signature: str, now: datetime) -> None:
        """Raises LinkInvalidError, or LinkExpiredError for a genuine link whose time is over."""
        if not hmac.compare_digest(self._signature(path, expires).encode(), signature.encode()):
            raise LinkInvalidError("this link is not complete: open it exactly as it was sent")
        if expires <= now.timestamp():
            raise LinkExpiredError("this link has expired: ask the organiser for a new one")

    def _signed(self, path: str, expires: datetime) -> str:
        seconds = int(expires.timestamp())
        return f"{self.public_url.rstrip('/')}{path}?expires={seconds}&signature={self._signature(path, seconds)}"

    def _signature(self, path: str, expires: int) -> str:
        digest = hmac.digest(self.key, f"{path}?expires={expires}".encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest[:SIGNATURE_BYTES]).rstrip(b"=").decode("ascii")


def qr_path(ticket_id: UUID) -> str:
    """Not under /v1, where every call needs an API key: a browser fetches it for a page or a mail."""
    return f"/tickets/{ticket_id}/qr.png"


def order_path(order_id: UUID) -> str:
    return f"/orders/{order_id}/tickets"
