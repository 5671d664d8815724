"""What the use cases need from outside, put together once in each process."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from services.notifications.composing import Composer
from services.notifications.domain.retention import Keep
from services.notifications.domain.sendings import ComposedMail


class Mailer(Protocol):
    """What is asked of the adapter that knows mail servers."""

    def send(self, mail: ComposedMail) -> str: ...


class Texter(Protocol):
    """What is asked of the adapter that knows a provider of text messages."""

    def send(self, to: str, body: str) -> str: ...

    def find(self, to: str, body: str, since: datetime) -> str | None: ...


@dataclass(frozen=True)
class Dependencies:
    """`mailer` and `texter` are None where they are not set up; `operations` is who is mailed alerts."""

    composer: Composer
    mailer: Mailer | None = None
    texter: Texter | None = None
    operations: tuple[str, ...] = ()
    keep: Keep = field(default_factory=Keep)
