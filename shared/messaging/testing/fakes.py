"""What stands in for the world outside, passed as a plain argument: storage in memory, mails and texts that stay here."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from obstore.store import MemoryStore

from shared.ids import new_id
from shared.storage import Storage

MailT = TypeVar("MailT")


def memory_storage() -> Storage:
    """The real Storage, with its keys and its errors, over a store in memory. Each has objects of its own."""
    return Storage(MemoryStore())


@dataclass(frozen=True, slots=True)
class SentText:
    """A text message that was handed over."""

    to: str
    body: str
    sid: str


class FakeMailer(Generic[MailT]):
    """Takes mails as the adapter for SMTP does, and keeps them in `sent`. Each of `errors` is raised once, in order."""

    def __init__(self, errors: Iterable[Exception] = ()) -> None:
        self.sent: list[MailT] = []
        self._errors = deque(errors)

    def send(self, mail: MailT) -> str:
        """Keep the mail, and answer as a mail server does."""
        if self._errors:
            raise self._errors.popleft()
        self.sent.append(mail)
        return f"250 queued as {len(self.sent)}"


class FakeTexter:
    """Takes text messages as the adapter for a provider does, and keeps them in `sent`.

    Each of `errors` is raised once, in order; after one in `kept_errors` the message was sent all the same.
    """

    def __init__(self, errors: Iterable[Exception] = (), *, kept_errors: Iterable[Exception] = ()) -> None:
        self.sent: list[SentText] = []
        self._errors = deque(errors)
        self._kept_errors = deque(kept_errors)

    def send(self, to: str, body: str) -> str:
        """Keep the text message. Returns the provider's id of it."""
        if self._errors:
            raise self._errors.popleft()
        text = SentText(to, body, f"SM{new_id().hex}")
        self.sent.append(text)
        if self._kept_errors:
            raise self._kept_errors.popleft()
        return text.sid

    def find(self, to: str, body: str, since: datetime) -> str | None:  # noqa: ARG002 - the adapter's signature; nothing here is old
        """The id of such a message, if it was sent."""
        return next((text.sid for text in self.sent if (text.to, text.body) == (to, body)), None)
