"""An organisation that uploads photos, and the worker that reads them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient
from httpx2 import Response
from obstore.store import LocalStore

from services.media.actors.photos import mark_photo_failed, process_photo, regenerate_thumbnails
from services.media.adapters.images import PillowPictures
from services.media.adapters.zip_files import ZipFiles
from services.media.handlers.dependencies import Dependencies
from services.media.settings import MediaSettings
from shared.ids import new_id
from shared.messaging.testing import Inline, subscribe
from shared.signed_links import SignedLinks
from shared.storage import Storage, StorageUnavailable
from tests.support.databases import Database
from tests.support.photos import photo

ACTORS = [process_photo, regenerate_thumbnails, mark_photo_failed]


class FaultyStorage(Storage):
    """A folder whose disk can be full, and can lose what it said it had written."""

    is_full = False
    forgets = False
    full_times = 0

    def put(self, key: str, data: bytes, content_type: str) -> None:
        if self.full_times > 0:
            self.full_times -= 1
            raise StorageUnavailable("the disk is full")
        super().put(key, data, content_type)

    def put_stream(self, key: str, pieces: Iterable[bytes], content_type: str) -> int:
        if self.is_full:
            raise StorageUnavailable("the disk is full")
        size = super().put_stream(key, pieces, content_type)
        if self.forgets:
            self.delete(key)
        return size


def storage_in(folder: Path) -> FaultyStorage:
    return FaultyStorage(LocalStore(folder, mkdir=True), folder)


@dataclass
class Studio:
    """What the tests of photos act on."""

    database: Database
    folder: Path
    storage: FaultyStorage
    api: TestClient
    settings: MediaSettings = field(default_factory=lambda: MediaSettings(thumbnails=(64, 128, 256)))

    def inline(self, *, twice: bool = False) -> Inline:
        """The worker's jobs."""
        dependencies = Dependencies(
            storage=self.storage,
            pictures=PillowPictures(self.settings.decode_memory),
            archives=ZipFiles(self.storage),
            links=SignedLinks("http://testserver", b"key"),
            facts=self.settings,
        )
        return Inline(self.database.engine, ACTORS, {"media": dependencies}, twice=twice)

    def subscribe(self) -> None:
        """Write down who hears what, as a migration does."""
        with self.database.work("media")() as session:
            subscribe(session, ACTORS)

    def album(self, **fields: Any) -> str:
        """A new album."""
        answered = self.api.post("/v1/albums", json={"name": "Opening night", **fields})
        assert answered.status_code == 201, answered.text
        return str(answered.json()["id"])

    def send(self, data: bytes, name: str = "me.jpg", **place: str) -> Response:
        """Upload a file."""
        return self.api.post("/v1/photos", files={"file": (name, data)}, data=place)

    def sent(self, number: int = 0, **place: str) -> dict[str, Any]:
        """Upload a photo, into an album of its own unless another place is named."""
        answered = self.send(photo(number), f"IMG_{number:04}.JPG", **(place or {"album_id": self.album()}))
        assert answered.status_code == 201, answered.text
        body: dict[str, Any] = answered.json()
        return body

    def shown(self, photo_id: object) -> dict[str, Any]:
        """A photo as it stands."""
        body: dict[str, Any] = self.api.get(f"/v1/photos/{photo_id}").json()
        return body

    def files(self) -> list[str]:
        """What lies in the storage, halves of files too."""
        return sorted(str(file.relative_to(self.folder)) for file in self.folder.rglob("*") if file.is_file())

    def states(self) -> list[str]:
        """Of all photos, the oldest first."""
        return [row[0] for row in self.database.query("SELECT state FROM media.photos ORDER BY id")]


def an_order() -> str:
    """The id of an order, of which media knows no more."""
    return str(new_id())
