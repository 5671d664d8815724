"""ZIP files of photos: readable by others, whole or not there at all."""

import random
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from io import BytesIO
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from obstore.store import LocalStore

from services.media.adapters.zip_files import ZipFiles
from services.media.domain.archives import Entry
from services.media.errors import ArchiveIncompleteError, PhotoDiffersError, PhotoGoneError
from shared.storage import Storage, StorageUnavailable, StoredObject

KEY = "archives/one/two.zip"
TAKEN = datetime(2026, 6, 1, 19, 30, 6, tzinfo=ZoneInfo("Asia/Tokyo"))
NAMES = ["1 plain.jpg", "2 写真 📷.jpg", "3 صورة.jpg", "4 empty.jpg"]
LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, 3_000_000))
from tests.unit.media.adapters.test_zip_files import photos_in
from services.media.adapters.zip_files import ZipFiles
from shared.storage import StorageUnavailable, open_storage
storage = open_storage(sys.argv[1])
try:
    ZipFiles(storage).write("archives/one/two.zip", photos_in(storage, 20))
except StorageUnavailable as error:
    print(error)
"""


class Losing(Storage):
    """A folder that says yes, and then has nothing, or not all of it."""

    keeps: int | None = None

    def put_stream(self, key: str, pieces: Iterable[bytes], content_type: str) -> int:
        written = super().put_stream(key, pieces, content_type)
        kept = None if self.keeps is None else self.get(key)[: self.keeps]
        self.delete(key)
        if kept is not None:
            self.put(key, kept, content_type)
        return written


class Full(Storage):
    """A folder whose disk is full after so many bytes."""

    room = 1_500_000

    def put_stream(self, key: str, pieces: Iterable[bytes], content_type: str) -> int:
        return super().put_stream(key, self._while_there_is_room(pieces), content_type)

    def _while_there_is_room(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        written = 0
        for piece in pieces:
            written += len(piece)
            if written > self.room:
                raise StorageUnavailable("the disk is full")
            yield piece


class Shrinking(Storage):
    """A folder in which a photo is cut off after it was found."""

    def head(self, key: str) -> StoredObject:
        found = super().head(key)
        return StoredObject(key, found.size - 10, found.modified_at, found.etag)


def content_of(number: int, size: int = 300_000) -> bytes:
    """The bytes of a photo: the same each time."""
    return random.Random(number).randbytes(size)


def photos_in(storage: Storage, count: int) -> list[Entry]:
    """Photos in the storage, the fourth of them empty."""
    entries = []
    for number in range(1, count + 1):
        content = b"" if number == 4 else content_of(number)
        key, name = f"photos/{number}", NAMES[number - 1] if number <= len(NAMES) else f"{number}.jpg"
        storage.put(key, content, "image/jpeg")
        entries.append(Entry(name, UUID(int=number), key, len(content), zlib.crc32(content), TAKEN))
    return entries


def opened(folder: Path, kind: type[Storage] = Storage) -> Storage:
    return kind(LocalStore(folder, mkdir=True), folder)


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    """A folder."""
    return opened(tmp_path)


def files_below(folder: Path) -> list[str]:
    """What lies in the archives' folder, unfinished files too."""
    return sorted(file.name for file in (folder / "archives").rglob("*") if file.is_file())


def test_archive_holds_each_photo_under_its_name_and_is_what_was_announced(storage: Storage) -> None:
    """Python's own reader checks every checksum."""
    entries = photos_in(storage, 4)
    size = ZipFiles(storage).write(KEY, entries)

    content = storage.get(KEY)
    with zipfile.ZipFile(BytesIO(content)) as archive:
        assert (len(content), archive.testzip(), archive.namelist()) == (size, None, NAMES)
        assert archive.read(NAMES[1]) == content_of(2)
        assert archive.read(NAMES[3]) == b""


def test_files_are_stored_with_size_checksum_and_times_before_them(storage: Storage) -> None:
    """So that a program can unpack while it receives, and shows when a photo was taken, on whatever system."""
    ZipFiles(storage).write(KEY, photos_in(storage, 2))

    with zipfile.ZipFile(BytesIO(storage.get(KEY))) as archive:
        for info in archive.infolist():
            assert info.compress_type == zipfile.ZIP_STORED
            assert info.flag_bits == 0x800, "UTF-8 names, and no data descriptor behind the file"
            assert info.date_time == (2026, 6, 1, 19, 30, 6)
            assert info.external_attr >> 16 == 0o100644
            assert int(TAKEN.timestamp()).to_bytes(4, "little") in info.extra


def test_written_twice_it_is_the_same(storage: Storage) -> None:
    """A job that is taken up again leaves what one run would have."""
    entries, files = photos_in(storage, 3), ZipFiles(storage)
    files.write(KEY, entries)
    first = storage.get(KEY)
    files.write(KEY, entries)

    assert storage.get(KEY) == first


def test_what_a_killed_process_has_left_is_removed_first(storage: Storage, tmp_path: Path) -> None:
    """Of this archive; what another is writing stays."""
    entries = photos_in(storage, 2)
    for name in ("two.zip#1", "two.zip#2", "other.zip#1"):
        (tmp_path / "archives/one").mkdir(parents=True, exist_ok=True)
        (tmp_path / "archives/one" / name).write_bytes(b"half")
    ZipFiles(storage).write(KEY, entries)

    assert files_below(tmp_path) == ["other.zip#1", "two.zip"]


def test_photo_that_is_gone_fails_the_archive_by_name(storage: Storage, tmp_path: Path) -> None:
    """The storage has lost it after it said yes: an archive without it is not what was asked for."""
    entries = photos_in(storage, 3)
    storage.delete(entries[1].storage_key)

    with pytest.raises(PhotoGoneError, match=f"{UUID(int=2)} .*写真"):
        ZipFiles(storage).write(KEY, entries)
    assert files_below(tmp_path) == []


@pytest.mark.parametrize("content", [content_of(99), content_of(2)[:-1], content_of(2) + b"x", b""])
def test_photo_that_is_another_fails_the_archive_by_name(storage: Storage, tmp_path: Path, content: bytes) -> None:
    """Of another content, shorter, longer or empty: its checksum or its size tells."""
    entries = photos_in(storage, 3)
    storage.put(entries[1].storage_key, content, "image/jpeg")

    with pytest.raises(PhotoDiffersError, match=str(UUID(int=2))):
        ZipFiles(storage).write(KEY, entries)
    assert files_below(tmp_path) == []


def test_photo_that_is_cut_off_while_it_is_read_fails_the_archive(tmp_path: Path) -> None:
    """Found with one size, read with another."""
    storage = opened(tmp_path, Shrinking)

    with pytest.raises(PhotoDiffersError):
        ZipFiles(storage).write(KEY, photos_in(storage, 2))


@pytest.mark.parametrize("keeps", [None, 1000])
def test_storage_that_loses_the_archive_after_it_said_yes_is_found_out(tmp_path: Path, keeps: int | None) -> None:
    """Nothing is there, or not all of it: it is tried again."""
    storage = Losing(LocalStore(tmp_path), tmp_path)
    storage.keeps = keeps

    with pytest.raises(ArchiveIncompleteError):
        ZipFiles(storage).write(KEY, photos_in(storage, 2))


def test_disk_that_becomes_full_leaves_nothing_behind(tmp_path: Path) -> None:
    """Half an archive would keep it full."""
    storage = opened(tmp_path, Full)

    with pytest.raises(StorageUnavailable):
        ZipFiles(storage).write(KEY, photos_in(storage, 8))
    assert files_below(tmp_path) == []


def test_system_that_refuses_to_write_on_leaves_nothing_behind(tmp_path: Path) -> None:
    """A limit on the size of files stands for a disk that is full: the system's own error, in the middle of a write."""
    told = subprocess.run(
        [sys.executable, "-c", LIMITED, tmp_path.as_uri()], capture_output=True, text=True, check=True
    )

    assert "writing archives/one/two.zip: the file is larger than" in told.stdout
    assert files_below(tmp_path) == []
