"""Archives from the wish to the file, or to the reason why there is none."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from threading import Event

import pytest
from obstore.store import LocalStore

from services.media.actors.archives import build_archive, mark_archive_failed
from services.media.domain.archives import ArchiveState
from services.media.domain.photos import PhotoState, Place
from services.media.errors import ArchiveTooLargeError, NoPhotosError, UnknownAlbumError
from services.media.handlers import archives
from shared.contracts.media import ArchiveReady, BuildArchive
from shared.ids import new_id
from shared.messaging.testing import assert_published
from shared.storage import Storage, StorageUnavailable, Stream
from tests.integration.media.archives.scene import TAKEN, Scene, names_in


class Troubled(Storage):
    """A folder that cannot be written to for the first so many times."""

    troubles = 1

    def put_stream(self, key: str, pieces: Iterable[bytes], content_type: str) -> int:
        if self.troubles:
            self.troubles -= 1
            raise StorageUnavailable("the disk is full: free some space")
        return super().put_stream(key, pieces, content_type)


class Slow(Storage):
    """A folder out of which a photo comes in drops."""

    def stream(self, key: str, start: int = 0, end: int | None = None) -> Stream:
        whole = super().stream(key, start, end)
        content = b"".join(whole.pieces)
        return Stream(whole.object, whole.start, whole.end, map(self._drop, (content[i : i + 1] for i in range(5_000))))

    def _drop(self, drop: bytes) -> bytes:
        Event().wait(0.002)
        return drop


def outcomes(scene: Scene, *, twice: bool = False) -> list[str]:
    return [one.outcome for one in scene.inline(twice=twice).drain_all()]


def test_photos_of_an_album_become_one_file(scene: Scene) -> None:
    """In the order in which they were taken; what is not whole, or in another album, is left out."""
    place, other = Place(scene.album(), None), Place(scene.album(), None)
    scene.photo(place, "second.jpg", taken_at=TAKEN + timedelta(minutes=1))
    scene.photo(place, "undated 写真.jpg", taken_at=None)
    scene.photo(place, "first.jpg")
    scene.photo(place, "first.jpg", state=PhotoState.UPLOADED)
    scene.photo(place, "not whole.jpg", state=PhotoState.RECEIVING)
    scene.photo(other, "elsewhere.jpg")
    asked = scene.ask(place)

    assert outcomes(scene) == ["done"]
    ready = scene.standing(asked.id)
    content = scene.storage.get(ready.storage_key)
    assert (ready.state, ready.size, ready.photo_count, ready.failure) == (ArchiveState.READY, len(content), 4, None)
    assert names_in(content) == [
        "1 2026-06-01 19-30-05 first.jpg",
        "2 2026-06-01 19-30-05 first.jpg",
        "3 2026-06-01 19-31-05 second.jpg",
        "4 undated 写真.jpg",
    ]
    with scene.database.work("media")() as session:
        assert_published(session, ArchiveReady, archive_id=asked.id, size=ready.size, photo_count=4)


def test_photos_of_an_order_become_one_file(scene: Scene) -> None:
    """Orders belong to ticketing: media knows no more than the id that photos were uploaded with."""
    place = Place(None, new_id())
    scene.photo(place)
    asked = scene.ask(place, name="Order 4711")

    assert outcomes(scene) == ["done"]
    assert (scene.standing(asked.id).state, asked.name) == (ArchiveState.READY, "Order 4711")


def test_what_is_uploaded_afterwards_is_not_in_it(scene: Scene) -> None:
    """An archive holds what was there when it was asked for, whenever it is built."""
    place = Place(scene.album(), None)
    scene.photo(place, "one.jpg")
    asked = scene.ask(place)
    scene.photo(place, "two.jpg")

    outcomes(scene)

    assert names_in(scene.storage.get(asked.storage_key)) == ["1 2026-06-01 19-30-05 one.jpg"]


def test_delivered_twice_it_is_built_once(scene: Scene) -> None:
    """The second delivery finds it done."""
    place = Place(scene.album(), None)
    scene.photo(place)
    asked = scene.ask(place)

    assert outcomes(scene, twice=True) == ["done", "quiet"]
    with scene.database.work("media")() as session:
        assert_published(session, ArchiveReady, archive_id=asked.id)
    assert len(scene.keys()) == 1


def test_storage_that_is_full_is_tried_again(scene: Scene) -> None:
    """The second time there is room."""
    place = Place(scene.album(), None)
    scene.photo(place)
    asked = scene.ask(place)
    scene.storage = Troubled(LocalStore(scene.folder), scene.folder)

    assert outcomes(scene) == ["retry", "done"]
    assert scene.standing(asked.id).state is ArchiveState.READY


def test_storage_that_stays_full_fails_the_archive_and_says_why(scene: Scene) -> None:
    """Retried by an operator when there is room, it is built all the same."""
    place = Place(scene.album(), None)
    scene.photo(place)
    asked = scene.ask(place)
    scene.storage = Troubled(LocalStore(scene.folder), scene.folder)
    scene.storage.troubles = 2

    assert outcomes(scene) == ["retry", "failed", "done"]
    failed = scene.standing(asked.id)
    assert (failed.state, failed.size, scene.keys()) == (ArchiveState.FAILED, None, [])
    assert failed.failure == "the disk is full: free some space"
    with scene.database.work("media")() as session:
        archives.build_in_background(session, failed)
    assert outcomes(scene) == ["done"]
    assert (scene.standing(asked.id).state, scene.standing(asked.id).failure) == (ArchiveState.READY, None)


def test_storage_that_is_too_slow_fails_the_archive_and_says_so(scene: Scene) -> None:
    """The time limit strikes in the middle of the file, and nothing of it is left."""
    place = Place(scene.album(), None)
    scene.photo(place, content=b"x" * 5_000)
    asked = scene.ask(place)
    scene.storage = Slow(LocalStore(scene.folder), scene.folder)
    impatient = replace(build_archive, policy=replace(build_archive.policy, tries=1, time_limit=0.3))

    ran = scene.inline([impatient, mark_archive_failed]).drain_all()

    assert [one.outcome for one in ran] == ["failed", "done"]
    assert scene.standing(asked.id).failure == "it could not be done in time"
    assert scene.keys() == []


def test_photo_whose_file_was_lost_fails_the_archive_by_name(scene: Scene) -> None:
    """At once: trying again brings nothing back."""
    place = Place(scene.album(), None)
    scene.photo(place, "kept.jpg")
    lost = scene.photo(place, "lost.jpg")
    asked = scene.ask(place)
    scene.storage.delete(scene.key_of(lost))

    assert outcomes(scene) == ["failed", "done"]
    failed = scene.standing(asked.id)
    assert (failed.state, scene.keys()) == (ArchiveState.FAILED, [])
    assert str(lost) in str(failed.failure)
    assert "lost.jpg" in str(failed.failure)


def test_photo_whose_file_has_changed_fails_the_archive_by_name(scene: Scene) -> None:
    """Its checksum is another than when it was uploaded."""
    place = Place(scene.album(), None)
    changed = scene.photo(place, "changed.jpg")
    asked = scene.ask(place)
    scene.storage.put(scene.key_of(changed), b"x" * 20_000, "image/jpeg")

    assert outcomes(scene) == ["failed", "done"]
    assert str(changed) in str(scene.standing(asked.id).failure)


def test_archive_that_expired_before_it_was_built_is_not_built(scene: Scene) -> None:
    """The queue was long."""
    place = Place(scene.album(), None)
    scene.photo(place)
    asked = scene.ask(place, life=timedelta(minutes=1))
    scene.late = timedelta(hours=1)

    assert outcomes(scene) == ["failed", "done"]
    assert "its time was over" in str(scene.standing(asked.id).failure)


def test_photo_that_was_deleted_meanwhile_fails_the_archive(scene: Scene) -> None:
    """It is not silently one photo short."""
    place = Place(scene.album(), None)
    scene.photo(place, "kept.jpg")
    deleted = scene.photo(place, "deleted.jpg")
    asked = scene.ask(place)
    scene.database.query("DELETE FROM media.photos WHERE id = %s", deleted)

    assert outcomes(scene) == ["failed", "done"]
    assert scene.standing(asked.id).failure == "1 of its photos were deleted"


def test_failure_that_comes_late_does_not_unmake_an_archive(scene: Scene) -> None:
    """A message that was discarded by hand, of an archive that a second one has built."""
    place = Place(scene.album(), None)
    scene.photo(place)
    asked = scene.ask(place)
    outcomes(scene)

    with scene.database.work("media")() as session:
        archives.mark_failed(session, asked.id, "discarded")
        assert archives.mark_failed(session, new_id(), "unknown") is None
    assert scene.standing(asked.id).state is ArchiveState.READY


def test_album_that_is_unknown_or_a_stranger_s_has_no_archive(scene: Scene) -> None:
    """Neither is there one of an order without photos."""
    album = scene.album()
    scene.photo(Place(album, None))
    scene.organisation_id = new_id()

    for place, error in ((Place(album, None), UnknownAlbumError), (Place(None, new_id()), NoPhotosError)):
        with pytest.raises(error):
            scene.ask(place)


def test_archive_of_too_much_is_refused_at_once(scene: Scene) -> None:
    """Too many photos, or too many bytes."""
    place = Place(scene.album(), None)
    for _ in range(2):
        scene.photo(place, content=b"x" * 600_000)

    for limit in ({"archive_photos": 1}, {"archive_size": 1024 * 1024}):
        with pytest.raises(ArchiveTooLargeError):
            scene.limited(**limit).ask(place)
    assert scene.database.value("SELECT count(*) FROM media.archives") == 0


def test_wish_is_published_with_its_row(scene: Scene) -> None:
    """One transaction: neither is there without the other."""
    place = Place(scene.album(), None)
    scene.photo(place)
    asked = scene.ask(place)

    assert asked.expires_at - asked.created_at == timedelta(days=7)
    with scene.database.work("media")() as session:
        assert_published(session, BuildArchive, archive_id=asked.id)
