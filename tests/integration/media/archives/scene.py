"""An organisation with photos, and a worker's jobs without a broker."""

import random
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.media.actors.archives import build_archive, mark_archive_failed, remove_archive, sweep_media
from services.media.adapters.zip_files import ZipFiles
from services.media.domain.archives import Archive
from services.media.domain.photos import PhotoState, Place, Upload, original_key
from services.media.domain.pictures import Picture
from services.media.handlers import archives
from services.media.handlers.archives import Wish
from services.media.handlers.dependencies import Dependencies
from services.media.repository.albums import Albums
from services.media.repository.archives import Archives
from services.media.repository.photos import Photos
from services.media.settings import MediaSettings
from shared.clock import now
from shared.ids import new_id
from shared.messaging.actor import ActorDeclaration
from shared.messaging.testing import Inline
from shared.signed_links import SignedLinks, link_key
from shared.storage import Storage, open_storage
from tests.support.databases import SECRET_KEY, Database

TAKEN = datetime(2026, 6, 1, 19, 30, 5, tzinfo=UTC)
ACTORS = [build_archive, mark_archive_failed, remove_archive, sweep_media]
WEEK = timedelta(days=7)


class NoPictures:
    """Nobody looks into a picture here."""

    def look(self, *_: Any, **__: Any) -> Picture:
        raise AssertionError


@dataclass
class Scene:
    """What the tests of archives act on. `storage` is what the jobs are given; the photos' files lie in `folder`."""

    database: Database
    folder: Path
    storage: Storage
    settings: MediaSettings = field(default_factory=MediaSettings)
    organisation_id: UUID = field(default_factory=new_id)
    late: timedelta = timedelta(0)
    """How far the clock of the jobs is ahead."""

    @classmethod
    def on(cls, database: Database, folder: Path) -> "Scene":
        return cls(database, folder, open_storage(folder.as_uri()))

    def album(self, name: str = "Summer in Łódź") -> UUID:
        """A new album."""
        album_id = new_id()
        with self.database.work("media")() as session:
            Albums(session).add(album_id, self.organisation_id, name, keeps_place=False)
        return album_id

    def photo(
        self,
        place: Place,
        name: str = "one.jpg",
        *,
        content: bytes | None = None,
        taken_at: datetime | None = TAKEN,
        state: PhotoState = PhotoState.READY,
    ) -> UUID:
        """A photo, with its file."""
        photo_id, content = new_id(), content if content is not None else random.Random(name).randbytes(20_000)
        upload = Upload(name, "image/jpeg", len(content), sha256(content).digest(), zlib.crc32(content))
        key = original_key(self.organisation_id, photo_id)
        open_storage(self.folder.as_uri()).put(key, content, "image/jpeg")
        with self.database.work("media")() as session:
            photos = Photos(session)
            photos.add(photo_id, self.organisation_id, place, upload, storage_key=key)
            photos.change(photo_id, {"state": state, "taken_at": taken_at})
        return photo_id

    def key_of(self, photo_id: UUID) -> str:
        return original_key(self.organisation_id, photo_id)

    def ask(self, place: Place, *, life: timedelta = WEEK, name: str | None = None) -> Archive:
        """Ask for an archive, which is built in the background."""
        wish = Wish(self.organisation_id, place, life, name)
        with self.database.work("media")() as session:
            return archives.ask(session, self.settings, wish, now())[0]

    def archive(self, archive_id: UUID) -> Archive | None:
        """The archive as it stands."""
        with self.database.work("media")() as session:
            return Archives(session).find(archive_id)

    def standing(self, archive_id: UUID) -> Archive:
        """As `archive`, of one that is there."""
        found = self.archive(archive_id)
        assert found is not None
        return found

    def inline(self, actors: Sequence[ActorDeclaration] = ACTORS, *, twice: bool = False) -> Inline:
        """A worker's jobs."""
        dependencies = Dependencies(
            storage=self.storage,
            pictures=NoPictures(),
            archives=ZipFiles(self.storage),
            links=self.links(),
            facts=self.settings,
            zone=ZoneInfo("Europe/Berlin"),
            clock=lambda: now() + self.late,
        )
        return Inline(self.database.engine, actors, {"media": dependencies}, twice=twice)

    def links(self) -> SignedLinks:
        """What makes the links that the gateway accepts."""
        return SignedLinks("http://testserver", link_key(SECRET_KEY, "media"))

    def limited(self, **limits: Any) -> "Scene":
        """The same with other settings."""
        return replace(self, settings=MediaSettings(**limits))

    def keys(self, prefix: str = "archives") -> list[str]:
        """What lies in the storage, halves of files too."""
        return sorted(
            str(file.relative_to(self.folder)) for file in (self.folder / prefix).rglob("*") if file.is_file()
        )


def names_in(content: bytes) -> Sequence[str]:
    """The names in a ZIP file, each of whose files is whole."""
    with zipfile.ZipFile(BytesIO(content)) as opened:
        assert opened.testzip() is None
        return opened.namelist()
