"""Archives of photos: asked for, built, marked as failed, removed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Final, Protocol
from uuid import UUID

from services.media.domain import archives as rules
from services.media.domain.archives import Archive, ArchivedPhoto, ArchiveState, Entry, Limits
from services.media.domain.failures import told
from services.media.domain.photos import Place
from services.media.errors import ArchiveExpiredError, PhotoGoneError, UnknownAlbumError, UnknownArchiveError
from services.media.handlers import dependencies
from services.media.repository.albums import Albums
from services.media.repository.archives import Archives
from shared.contracts.media import ArchiveReady, BuildArchive, MarkArchiveFailed, RemoveArchive
from shared.ids import new_id
from shared.messaging.outbox import Session, publish

SAFETY_NET: Final = timedelta(minutes=15)
"""After this a worker looks at an archive that somebody waits for: should that process have died, it builds it."""


class Facts(Protocol):
    """What the settings say of archives."""

    @property
    def archive_photos(self) -> int: ...

    @property
    def archive_size(self) -> int: ...

    @property
    def synchronous_photos(self) -> int: ...

    @property
    def synchronous_size(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asks for: the photos of a place, for so long. `name` is None where the album's is good."""

    organisation_id: UUID
    place: Place
    life: timedelta
    name: str | None = None
    synchronous: bool = False


@dataclass(frozen=True, slots=True)
class Build:
    """All that writing an archive needs. The same on every attempt."""

    archive_id: UUID
    storage_key: str
    entries: tuple[Entry, ...]


def ask(session: Session, facts: Facts, wish: Wish, now: datetime) -> tuple[Archive, bool]:
    """Write the archive down with what is to be in it, and whether it is small enough to be waited for, as was wished.

    Raises UnknownAlbumError, NoPhotosError, ArchiveTooLargeError.
    """
    archives, limits = Archives(session), Limits(facts.archive_photos, facts.archive_size)
    name = _name(session, wish)
    photos = rules.in_order(archives.photos_in(wish.organisation_id, wish.place, limits.photos))
    rules.check(photos, limits)
    archive = _new(wish, name, len(photos), now)
    archives.add(archive, photos, rules.names(photos))
    waits = wish.synchronous and _is_small(facts, photos)
    publish(
        session,
        BuildArchive(archive_id=archive.id),
        due=SAFETY_NET if waits else None,
        organisation_id=wish.organisation_id,
    )
    return archive, waits


def prepare(session: Session, archive_id: UUID, zone: tzinfo, now: datetime) -> Build | None:
    """What is to be written; None where the archive is ready, or gone. Raises ArchiveExpiredError, PhotoGoneError."""
    archives = Archives(session)
    archive = archives.lock(archive_id)
    if archive is None or archive.state is ArchiveState.READY:
        return None
    if archive.expires_at <= now:
        raise ArchiveExpiredError("its time was over before it was built")
    photos, names = archives.contents(archive.id)
    if len(photos) != archive.photo_count:
        raise PhotoGoneError(f"{archive.photo_count - len(photos)} of its photos were deleted")
    archives.change(archive.id, {"state": ArchiveState.BUILDING, "started_at": now, "failure": None})
    return Build(archive.id, archive.storage_key, tuple(rules.entries(photos, names, zone)))


def build(files: dependencies.Archives, plan: Build) -> int:
    """Write the file, and return its size in bytes. Written twice, it is the same under the same key."""
    return files.write(plan.storage_key, plan.entries)


def record(session: Session, plan: Build, size: int, now: datetime) -> Archive:
    """The archive can be fetched. Raises UnknownArchiveError."""
    archives = Archives(session)
    archive = archives.lock(plan.archive_id)
    if archive is None:
        raise UnknownArchiveError(f"there is no archive {plan.archive_id}")
    if archive.state is ArchiveState.READY:
        return archive
    values = {"state": ArchiveState.READY, "size": size, "ready_at": now, "failure": None}
    ready = archives.change(archive.id, values)
    event = ArchiveReady(
        archive_id=ready.id,
        organisation_id=ready.organisation_id,
        photo_count=ready.photo_count,
        size=size,
        expires_at=ready.expires_at,
    )
    publish(session, event, organisation_id=ready.organisation_id)
    return ready


def build_in_background(session: Session, archive: Archive) -> None:
    """Nobody waits for it any more: a worker takes it as soon as it can."""
    publish(session, BuildArchive(archive_id=archive.id), organisation_id=archive.organisation_id)


def notice_failure(session: Session, notice: MarkArchiveFailed) -> None:
    """Building it finally failed: its row says why."""
    mark_failed(session, BuildArchive.model_validate(notice.fields).archive_id, told(notice.error))


def mark_failed(session: Session, archive_id: UUID, why: str) -> Archive | None:
    """Say that an archive failed; None where there is none. One that is ready stays so."""
    archives = Archives(session)
    archive = archives.lock(archive_id)
    if archive is None or archive.state is ArchiveState.READY:
        return archive
    return archives.change(archive_id, {"state": ArchiveState.FAILED, "failure": why})


def get(session: Session, organisation_id: UUID, archive_id: UUID, now: datetime) -> Archive:
    """The organisation's archive. Raises UnknownArchiveError, also for one whose time is over."""
    archive = Archives(session).get(organisation_id, archive_id)
    if archive is None or archive.expires_at <= now:
        raise UnknownArchiveError(f"there is no archive {archive_id}, or its time is over")
    return archive


def prepare_removal(session: Session, message: RemoveArchive, now: datetime) -> Archive | None:
    """The archive whose object is to be removed; None where it is gone already, or its time is not over."""
    archive = Archives(session).find(message.archive_id)
    return archive if archive is not None and archive.expires_at <= now else None


def record_removal(session: Session, archive: Archive) -> None:
    """Its object is gone, now its row. In this order nothing is left lying that no row knows of."""
    Archives(session).delete(archive.id)


def _name(session: Session, wish: Wish) -> str:
    """Raises UnknownAlbumError."""
    if wish.place.album_id is None:
        return wish.name or f"order {wish.place.order_id}"
    album = Albums(session).get(wish.organisation_id, wish.place.album_id)
    if album is None:
        raise UnknownAlbumError(f"there is no album {wish.place.album_id}")
    return wish.name or album.name


def _new(wish: Wish, name: str, photo_count: int, now: datetime) -> Archive:
    archive_id = new_id()
    return Archive(
        id=archive_id,
        organisation_id=wish.organisation_id,
        album_id=wish.place.album_id,
        order_id=wish.place.order_id,
        name=name,
        state=ArchiveState.QUEUED,
        photo_count=photo_count,
        storage_key=rules.archive_key(wish.organisation_id, archive_id),
        size=None,
        failure=None,
        expires_at=now + wish.life,
        created_at=now,
        started_at=None,
        ready_at=None,
    )


def _is_small(facts: Facts, photos: Sequence[ArchivedPhoto]) -> bool:
    size = sum(photo.size for photo in photos)
    return len(photos) <= facts.synchronous_photos and size <= facts.synchronous_size
