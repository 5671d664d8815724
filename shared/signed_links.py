"""Links for people who have no API key: signed, so that nobody makes one up, and good for a limited time."""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final

from shared.errors import PermanentError

SIGNATURE_BYTES: Final = 16


class LinkInvalidError(PermanentError):
    """A link's signature is missing or wrong."""

    code: ClassVar[str] = "link_invalid"
    http_status: ClassVar[int] = 403


class LinkExpiredError(PermanentError):
    """A link was good once, and its time is over."""

    code: ClassVar[str] = "link_expired"
    http_status: ClassVar[int] = 410


def link_key(secret_key: str, service: str) -> bytes:
    """The key that the links of a service are signed with, derived from SECRET_KEY. Raises ValueError without one."""
    if not secret_key:
        raise ValueError(f"SECRET_KEY is empty: links of {service} cannot be signed")
    return hmac.digest(secret_key.encode(), f"bellhop {service} links".encode(), hashlib.sha256)


@dataclass(frozen=True, slots=True)
class SignedLinks:
    """Makes and checks links to paths below `public_url`. The signature is HMAC-SHA256, cut to 128 bits."""

    public_url: str
    key: bytes

    def url(self, path: str, expires: datetime) -> str:
        """The whole link to a path such as `/exports/0192…/file`. Moments are kept to the second."""
        seconds = int(expires.timestamp())
        return f"{self.public_url.rstrip('/')}{path}?expires={seconds}&signature={self._signature(path, seconds)}"

    def check(self, path: str, expires: int, signature: str, now: datetime) -> None:
        """Raises LinkInvalidError, or LinkExpiredError for a genuine link whose time is over."""
        if not hmac.compare_digest(self._signature(path, expires).encode(), signature.encode()):
            raise LinkInvalidError("this link is not complete: open it exactly as it was sent")
        if expires <= now.timestamp():
            raise LinkExpiredError("this link has expired: ask whoever sent it for a new one")

    def _signature(self, path: str, expires: int) -> str:
        digest = hmac.digest(self.key, f"{path}?expires={expires}".encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest[:SIGNATURE_BYTES]).rstrip(b"=").decode("ascii")
