"""What is left lying is removed: the object first, then the row."""

import os
from datetime import timedelta

from services.media.domain.archives import ArchiveState
from services.media.domain.photos import PhotoState, Place
from services.media.handlers import sweeping
from shared.clock import now
from shared.contracts.media import RemoveArchive, SweepMedia
from shared.messaging.outbox import publish
from shared.messaging.testing import assert_published
from shared.storage import Storage, StorageUnavailable
from tests.integration.media.archives.scene import Scene


class Stuck(Storage):
    """A folder in which nothing can be deleted."""

    def delete(self, key: str) -> None:
        raise StorageUnavailable(f"deleting {key}: the file system is read-only")


def swept(scene: Scene) -> list[tuple[str, str]]:
    """Sweep, and run what this leads to."""
    with scene.database.work("media")() as session:
        publish(session, SweepMedia())
    return [(one.kind, one.outcome) for one in scene.inline(twice=True).drain()]


def test_archive_whose_time_is_over_is_removed_with_its_file(scene: Scene) -> None:
    """Others stay, and the photos stay anyway."""
    place = Place(scene.album(), None)
    photo = scene.photo(place)
    short, long = scene.ask(place, life=timedelta(hours=1)), scene.ask(place)
    scene.inline().drain()
    scene.late = timedelta(hours=2)

    swept(scene)

    assert scene.archive(short.id) is None
    assert scene.standing(long.id).state is ArchiveState.READY
    assert scene.keys() == [long.storage_key]
    assert scene.keys("photos") == [scene.key_of(photo)]
    assert scene.database.value("SELECT count(*) FROM media.archive_photos") == 1


def test_archive_that_may_still_be_written_is_left_for_a_day(scene: Scene) -> None:
    """Nobody writes a file for a row that is gone."""
    place = Place(scene.album(), None)
    scene.photo(place)
    asked = scene.ask(place, life=timedelta(hours=1))
    scene.database.query("UPDATE media.archives SET state = 'building'")
    scene.database.query("DELETE FROM messaging.outbox")
    found = []
    for hours in (2, 26):
        scene.late = timedelta(hours=hours)
        swept(scene)
        found.append(scene.archive(asked.id) is not None)

    assert found == [True, False]


def test_file_that_cannot_be_removed_keeps_its_row(scene: Scene) -> None:
    """Else nobody would know of it any more. Next time it goes."""
    place = Place(scene.album(), None)
    scene.photo(place)
    asked = scene.ask(place, life=timedelta(hours=1))
    scene.inline().drain()
    storage, scene.storage = scene.storage, Stuck(scene.storage._store, scene.folder)
    scene.late = timedelta(hours=2)

    assert (RemoveArchive.kind, "retry") in swept(scene)
    assert (scene.standing(asked.id).state, len(scene.keys())) == (ArchiveState.READY, 1)
    scene.storage = storage
    scene.inline().drain_all()
    assert (scene.archive(asked.id), scene.keys()) == (None, [])


def test_removal_that_was_asked_for_too_early_removes_nothing(scene: Scene) -> None:
    """Whoever publishes it."""
    place = Place(scene.album(), None)
    scene.photo(place)
    asked = scene.ask(place)
    scene.inline().drain()
    with scene.database.work("media")() as session:
        publish(session, RemoveArchive(archive_id=asked.id))

    scene.inline().drain()

    assert (scene.standing(asked.id).state, scene.keys()) == (ArchiveState.READY, [asked.storage_key])


def test_upload_that_never_ended_is_removed_after_a_day(scene: Scene) -> None:
    """Row, object and the half of a file; what came in today, and what is whole, stays."""
    place = Place(scene.album(), None)
    abandoned, coming, whole = (
        scene.photo(place, name, state=state)
        for name, state in (
            ("abandoned.jpg", PhotoState.RECEIVING),
            ("coming.jpg", PhotoState.RECEIVING),
            ("whole.jpg", PhotoState.UPLOADED),
        )
    )
    long_ago = now() - timedelta(days=2)
    scene.database.query("UPDATE media.photos SET created_at = %s WHERE id = ANY(%s)", long_ago, [abandoned, whole])
    old, new = (scene.folder / f"{scene.key_of(abandoned)}#{number}" for number in (1, 2))
    for half in (old, new):
        half.write_bytes(b"half")
    os.utime(old, (long_ago.timestamp(), long_ago.timestamp()))

    swept(scene)

    left = scene.database.query("SELECT id FROM media.photos ORDER BY id")
    assert left == [(coming,), (whole,)]
    assert scene.keys("photos") == sorted([scene.key_of(coming), scene.key_of(whole), f"{scene.key_of(abandoned)}#2"])


def test_sweep_of_many_goes_on_in_steps(scene: Scene) -> None:
    """Each step has its own transactions, and the next one follows when the first is through."""
    place = Place(scene.album(), None)
    scene.photo(place)
    asked = [scene.ask(place, life=timedelta(hours=1)) for _ in range(5)]
    scene.database.query("UPDATE media.archives SET state = 'failed'")
    scene.database.query("DELETE FROM messaging.outbox")
    scene.late = timedelta(hours=2)

    later = now() + scene.late
    with scene.database.work("media")() as session:
        sweeping.record(session, sweeping.prepare(session, later, at_once=2), later)
        assert assert_published(session, SweepMedia).is_scheduled
    scene.inline().drain()
    assert len([one for one in asked if scene.archive(one.id)]) == 3
    scene.inline().drain_all()

    assert [one for one in asked if scene.archive(one.id)] == []
