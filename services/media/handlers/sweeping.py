"""What is left lying: archives whose time is over, uploads that never ended, halves of files."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

from services.media.domain.archives import ARCHIVES, GRACE
from services.media.domain.photos import PHOTOS
from services.media.repository.archives import Archives
from shared.contracts.media import RemoveArchive, SweepMedia
from shared.messaging.outbox import Session, publish

FOLDERS: Final = (PHOTOS.name, ARCHIVES.name)
AT_ONCE: Final = 500
NEXT_STEP: Final = timedelta(minutes=10)
"""Where there are more, they are looked for again when these are gone."""


class Storage(Protocol):
    """What is asked of the storage (shared.storage.Storage)."""

    def delete(self, key: str) -> None: ...

    def discard_unfinished(self, prefix: str, before: datetime) -> int: ...


@dataclass(frozen=True, slots=True)
class Sweep:
    """The uploads of one step, id and key, and the moment since when nobody has worked on anything older.

    `at_once` is how many uploads, and how many archives, a step takes.
    """

    uploads: tuple[tuple[UUID, str], ...]
    before: datetime
    at_once: int


def prepare(session: Session, now: datetime, at_once: int = AT_ONCE) -> Sweep:
    """Which uploads were given up."""
    before = now - GRACE
    return Sweep(tuple(Archives(session).unfinished_uploads(before, at_once)), before, at_once)


def sweep(storage: Storage, plan: Sweep) -> None:
    """Remove their objects, should there be any, and what killed processes have left of the files they were writing."""
    for _, key in plan.uploads:
        storage.delete(key)
    for folder in FOLDERS:
        storage.discard_unfinished(folder, plan.before)


def record(session: Session, plan: Sweep, now: datetime) -> None:
    """Remove the rows of these uploads, and have each archive whose time is over removed by a message of its own."""
    archives = Archives(session)
    archives.delete_uploads([photo_id for photo_id, _ in plan.uploads])
    over = archives.over(now, plan.at_once)
    for archive_id, organisation_id in over:
        publish(session, RemoveArchive(archive_id=archive_id), organisation_id=organisation_id)
    if plan.at_once in {len(over), len(plan.uploads)}:
        publish(session, SweepMedia(), due=NEXT_STEP)
