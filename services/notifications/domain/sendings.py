"""A mail and a text message, as the steps of sending see them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from services.notifications.domain.progress import Progress


class Channel(StrEnum):
    """How somebody is reached."""

    EMAIL = "email"
    SMS = "sms"


@dataclass(frozen=True, slots=True)
class Email:
    """One mail to one recipient. `facts` is what its template says; `created_at` is the Date that the mail bears.

    One that `is_trimmed` has lost its facts to time.
    """

    id: UUID
    recipient: str
    recipient_name: str
    template: str
    facts: Mapping[str, Any]
    created_at: datetime
    progress: Progress
    organisation_id: UUID | None = None
    is_trimmed: bool = False


@dataclass(frozen=True, slots=True)
class TextMessage:
    """One text message to one telephone, in E.164. `started_at` is when its first try began."""

    id: UUID
    recipient: str
    body: str
    started_at: datetime
    progress: Progress
    organisation_id: UUID | None = None
    is_trimmed: bool = False


@dataclass(frozen=True, slots=True)
class ComposedMail:
    """What a mail server is given: the two addresses of the envelope, and the message with CRLF line ends.

    `content` is ASCII unless `needs_utf8`: then an address is not, and the server must know RFC 6531.
    """

    sender: str
    recipient: str
    content: bytes
    needs_utf8: bool = False
