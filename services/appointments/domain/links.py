"""Links for customers, who have no API key: signed, for one purpose each, and good until their appointment is over.

A link is all that a customer needs to cancel or move an appointment. So its token cannot be made up, says itself what
it is good for, and is short enough for a text message.
"""

import base64
import hashlib
import hmac
import re
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from uuid import UUID

from services.appointments.errors import LinkExpiredError, LinkInvalidError

KEPT_FOR = timedelta(days=1)
"""How long an appointment can be looked at after its end. Nothing about it can be changed by then."""

_VERSION = 1
_FIELDS = struct.Struct(">BB16sII")
"""Version, purpose, appointment, expiry, and the offered time (0 without one), both in seconds since 1970."""
_SIGNATURE_BYTES = 16
_TOKEN = re.compile(r"[A-Za-z0-9_-]{56}")
"""42 bytes in base64url, whose last character has no spare bits that could be bent."""


class Purpose(IntEnum):
    """What a link is good for: to see, cancel and move an appointment; or to take one time that was offered."""

    MANAGE = 1
    TAKE = 2


@dataclass(frozen=True, slots=True)
class Grant:
    """What a genuine token allows. `starts_at` is the time that was offered, and None where the purpose is MANAGE."""

    purpose: Purpose
    appointment_id: UUID
    expires: datetime
    starts_at: datetime | None = None


def link_key(secret_key: str) -> bytes:
    """The key that links are signed with, derived from the installation's SECRET_KEY. Raises ValueError without one."""
    if not secret_key:
        raise ValueError("SECRET_KEY is empty: links to appointments cannot be signed")
    return hmac.digest(secret_key.encode(), b"bellhop appointments links", hashlib.sha256)


@dataclass(frozen=True, slots=True)
class Links:
    """Makes and reads links below `public_url`."""

    public_url: str
    key: bytes

    def manage_url(self, appointment_id: UUID, ends_at: datetime) -> str:
        """The page to see, cancel and move an appointment. Where it has moved to a later end, make a new link."""
        return self.url(self.token(Grant(Purpose.MANAGE, appointment_id, ends_at + KEPT_FOR)))

    def offer_url(self, appointment_id: UUID, starts_at: datetime) -> str:
        """The page to take one offered time. It is over when that time has come."""
        return self.url(self.token(Grant(Purpose.TAKE, appointment_id, starts_at, starts_at)))

    def url(self, token: str) -> str:
        return f"{self.public_url.rstrip('/')}{link_path(token)}"

    def token(self, grant: Grant) -> str:
        """The token of a grant. Moments are kept to the second."""
        offered = int(grant.starts_at.timestamp()) if grant.starts_at else 0
        expires = int(grant.expires.timestamp())
        packed = _FIELDS.pack(_VERSION, grant.purpose, grant.appointment_id.bytes, expires, offered)
        return base64.urlsafe_b64encode(packed + self._signature(packed)).decode("ascii")

    def read(self, token: str, now: datetime) -> Grant:
        """What a token allows. Raises LinkInvalidError, or LinkExpiredError for a genuine one whose time is over."""
        packed = self._verified(token)
        version, purpose, appointment, expires, offered = _FIELDS.unpack(packed)
        if version != _VERSION or purpose not in set(Purpose):
            raise LinkInvalidError("this link is of a kind that is not known here")
        if expires <= now.timestamp():
            raise LinkExpiredError("this link has expired")
        starts_at = datetime.fromtimestamp(offered, UTC) if offered else None
        return Grant(Purpose(purpose), UUID(bytes=appointment), datetime.fromtimestamp(expires, UTC), starts_at)

    def _verified(self, token: str) -> bytes:
        # The decoder would take `+` for `-` and `/` for `_`, and so one link for several.
        raw = base64.urlsafe_b64decode(token) if _TOKEN.fullmatch(token) else b""
        packed, signature = raw[:-_SIGNATURE_BYTES], raw[-_SIGNATURE_BYTES:]
        if not raw or not hmac.compare_digest(self._signature(packed), signature):
            raise LinkInvalidError("this link is not complete: open it exactly as it was sent")
        return packed

    def _signature(self, packed: bytes) -> bytes:
        return hmac.digest(self.key, packed, hashlib.sha256)[:_SIGNATURE_BYTES]


def link_path(token: str) -> str:
    """Short, since it stands in text messages, and not under /v1, where every call needs an API key."""
    return f"/a/{token}"
