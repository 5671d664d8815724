"""Objects that are written and read piece by piece."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared.messaging.testing import memory_storage
from shared.storage import PART, PIECE, Storage, StorageObjectMissing, StorageUnavailable, open_storage

LONG = bytes(range(251)) * (3 * PART // 251)
"""Some parts of a streamed write, the last of them not full."""


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    """A folder."""
    return open_storage(tmp_path.as_uri())


def pieces(content: bytes, size: int = 100_000) -> Iterator[bytes]:
    return (content[start : start + size] for start in range(0, len(content), size))


def files(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.rglob("*") if file.is_file())


@pytest.mark.parametrize("content", [b"", b"x", LONG])
def test_what_was_written_in_pieces_is_read_in_pieces(storage: Storage, content: bytes) -> None:
    """Whether it is nothing, little or much."""
    written = storage.put_stream("a/b", pieces(content), "application/zip")
    stream = storage.stream("a/b")
    read = list(stream.pieces)

    assert (written, stream.object.size, b"".join(read) == content) == (len(content), len(content), True)
    assert all(len(piece) >= PIECE for piece in read[:-1])


def test_memory_is_written_in_pieces_too() -> None:
    """What tests use instead of a folder."""
    storage = memory_storage()

    assert storage.put_stream("a/b", pieces(LONG), "application/zip") == len(LONG)
    assert storage.get("a/b") == LONG


@pytest.mark.parametrize(("start", "end"), [(0, 0), (5, 6), (PIECE - 1, PIECE + 1), (10, None), (len(LONG), None)])
def test_range_is_read_alone(storage: Storage, start: int, end: int | None) -> None:
    """`end` is the byte behind the last."""
    storage.put_stream("a/b", pieces(LONG), "application/zip")

    assert b"".join(storage.stream("a/b", start, end).pieces) == LONG[start:end]


@pytest.mark.parametrize(("start", "end"), [(-1, 2), (3, 2), (0, 4), (4, None)])
def test_range_outside_is_a_mistake_of_the_caller(storage: Storage, start: int, end: int | None) -> None:
    """It knows the size."""
    storage.put("a/b", b"abc", "text/plain")

    with pytest.raises(ValueError, match="3 bytes"):
        storage.stream("a/b", start, end)


def test_stream_of_nothing_is_missing(storage: Storage) -> None:
    """It is told before the first piece is asked for."""
    with pytest.raises(StorageObjectMissing):
        storage.stream("a/none")


def test_writer_that_fails_leaves_the_old_object_and_nothing_else(storage: Storage, tmp_path: Path) -> None:
    """Whoever makes the pieces fails in the middle: that error comes out, and no half of a file stays."""
    storage.put("a/b", b"old", "text/plain")

    def failing() -> Iterator[bytes]:
        yield LONG
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        storage.put_stream("a/b", failing(), "text/plain")
    assert (storage.get("a/b"), files(tmp_path)) == (b"old", ["b"])


def test_leftovers_of_killed_processes_are_removed_when_they_are_old(storage: Storage, tmp_path: Path) -> None:
    """What is being written just now, and what only looks alike, stays."""
    long_ago = datetime.now(UTC) - timedelta(days=2)
    for name in ("a/old.zip#1", "a/deep/old.jpg#12", "a/new.zip#1", "a/kept#x", "b/old.zip#1"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"half")
        if "new" not in name:
            os.utime(tmp_path / name, (long_ago.timestamp(), long_ago.timestamp()))

    assert storage.discard_unfinished("a", datetime.now(UTC) - timedelta(days=1)) == 2
    assert files(tmp_path) == ["kept#x", "new.zip#1", "old.zip#1"]


def test_leftovers_of_one_object_are_removed_at_once(storage: Storage, tmp_path: Path) -> None:
    """Those of its neighbours, whose names begin alike, stay."""
    for name in ("one.zip", "one.zip#1", "one.zip#7", "one.zip2#1", "two.zip#1"):
        (tmp_path / name).write_bytes(b"half")

    assert storage.discard_unfinished_of("one.zip") == 2
    assert files(tmp_path) == ["one.zip", "one.zip2#1", "two.zip#1"]


def test_twin_whose_file_was_removed_fails_at_its_end(storage: Storage) -> None:
    """Of two that write one object, the one that began last has its way."""

    def removed_meanwhile() -> Iterator[bytes]:
        yield LONG
        storage.discard_unfinished_of("one.zip")
        yield b"end"

    with pytest.raises(StorageUnavailable):
        storage.put_stream("one.zip", removed_meanwhile(), "application/zip")
    assert not storage.exists("one.zip")


def test_nothing_is_left_where_nobody_has_written(storage: Storage) -> None:
    """Neither a folder nor a bucket, whose parts are out of sight."""
    now = datetime.now(UTC)

    counts = [
        storage.discard_unfinished("none", now),
        storage.discard_unfinished_of("none/one"),
        memory_storage().discard_unfinished("none", now),
        memory_storage().discard_unfinished_of("none/one"),
    ]

    assert counts == [0, 0, 0, 0]
