"""Mail addresses: what is one, and what a server is given for it."""

import re
from dataclasses import dataclass

from services.notifications.errors import RecipientRefusedError

_NAMED = re.compile(r'\s*"?(?P<name>[^<>\x00-\x1f\x7f]*?)"?\s*<(?P<address>[^<>]+)>\s*')
_USER = re.compile(r'[^\s\x00-\x1f\x7f"(),:;<>@\[\\\]]{1,64}')
_HOST = re.compile(
    r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*|\[[0-9a-f.:]+\]"
)


@dataclass(frozen=True, slots=True)
class Mailbox:
    """`name` is what people read, and may be empty; `domain` is in ASCII (IDNA), `user` need not be."""

    user: str
    domain: str
    name: str = ""

    @property
    def address(self) -> str:
        return f"{self.user}@{self.domain}"


def mailbox(text: str, name: str = "") -> Mailbox:
    """One address, bare or as `Name <address>`. The quoted form of a user part (RFC 5321, section 4.1.2) is not taken.

    Raises RecipientRefusedError for anything else: what is no address now will be none later.
    """
    named = _NAMED.fullmatch(text)
    address = named["address"] if named else text
    user, _, host = address.strip().rpartition("@")
    domain = _ascii(host)
    if not _USER.fullmatch(user) or not _HOST.fullmatch(domain):
        raise RecipientRefusedError(f"{text!r} is not a mail address")
    return Mailbox(user, domain, name or (named["name"].strip() if named else ""))


def _ascii(host: str) -> str:
    try:
        return host.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return ""


def mailboxes(text: str) -> tuple[Mailbox, ...]:
    """The addresses of a list with commas, as in OPERATIONS_EMAIL. Raises RecipientRefusedError."""
    return tuple(mailbox(part) for part in text.split(",") if part.strip())
