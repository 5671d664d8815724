"""The files that travel in a mail: pictures that its page shows, and files to be opened."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from services.notifications.domain.sendings import Email
from services.notifications.domain.texts import one_line
from services.notifications.errors import MailTooLargeError, PictureLostError
from services.notifications.letters import Letter, ReportLetter, TicketsLetter
from shared.storage import StorageObjectMissing

ReadObject = Callable[[str], bytes]
"""Reads an object of the storage by its key."""

ENCLOSED_BYTES = 10 * 1024 * 1024
"""Of all files of one mail together. In base64 they grow by 37 %, and many mail servers stop at 20 MB."""


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A file of the storage. What has a `content_id` is a picture in the page, described by `description`. One that is
    `drawn_again` where it is lost is worth waiting for.
    """

    key: str
    name: str
    content_type: str
    content_id: str = ""
    description: str = ""
    drawn_again: bool = False

    @property
    def types(self) -> tuple[str, str]:
        """`image`, `png` of `image/png`. Parameters of the type are dropped. Raises ValueError for what is no type."""
        main, _, sub = self.content_type.partition(";")[0].strip().partition("/")
        if not main or not sub:
            raise ValueError(f"{self.content_type!r} is no content type ({self.key})")
        return main, sub


def enclosures_of(letter: Letter, email: Email, domain: str) -> Sequence[Enclosure]:
    """The files of a letter, in their order. A repeat of the mail gives them the same ids."""
    if isinstance(letter, TicketsLetter):
        return [
            Enclosure(
                ticket.qr_key,
                f"{one_line(ticket.code)}.png",
                "image/png",
                f"ticket-{number}.{email.id}@{domain}",
                drawn_again=True,
            )
            for number, ticket in enumerate(letter.tickets, 1)
        ]
    if isinstance(letter, ReportLetter):
        return [
            Enclosure(
                file.storage_key,
                one_line(file.name),
                file.content_type,
                f"file-{number}.{email.id}@{domain}" if file.inline else "",
                one_line(file.description or file.name, 500),
            )
            for number, file in enumerate(letter.attachments, 1)
        ]
    return []


def read_all(read_object: ReadObject, enclosures: Sequence[Enclosure]) -> Sequence[tuple[Enclosure, bytes]]:
    """The files with their bytes. Raises MailTooLargeError, PictureLostError, and what reading raises."""
    read: list[tuple[Enclosure, bytes]] = []
    left = ENCLOSED_BYTES
    for enclosure in enclosures:
        content = _read(read_object, enclosure)
        left -= len(content)
        if left < 0:
            raise MailTooLargeError(f"the files of this mail have over {ENCLOSED_BYTES:,} bytes ({enclosure.key})")
        read.append((enclosure, content))
    return read


def _read(read_object: ReadObject, enclosure: Enclosure) -> bytes:
    try:
        return read_object(enclosure.key)
    except StorageObjectMissing as error:
        if enclosure.drawn_again:
            raise PictureLostError(str(error)) from error
        raise
