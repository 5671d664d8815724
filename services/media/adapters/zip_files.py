"""ZIP files of photos, written into the storage while the photos are read from it."""

from collections.abc import Iterable, Iterator, Sequence
from stat import S_IFREG
from typing import Final, Protocol

from stream_zip import NO_COMPRESSION_64, CRC32IntegrityError, MemberFile, UncompressedSizeIntegrityError, stream_zip

from services.media.domain.archives import CONTENT_TYPE, Entry
from services.media.errors import ArchiveIncompleteError, PhotoDiffersError, PhotoGoneError
from shared.storage import StorageObjectMissing, StoredObject, Stream

PIECE: Final = 1024 * 1024
"""Bytes that are handed on at once."""
MODE: Final = S_IFREG | 0o644
"""Of the unpacked files: readable by all."""


class Storage(Protocol):
    """What is asked of the storage (shared.storage.Storage)."""

    def put_stream(self, key: str, pieces: Iterable[bytes], content_type: str) -> int: ...

    def stream(self, key: str) -> Stream: ...

    def head(self, key: str) -> StoredObject: ...

    def discard_unfinished_of(self, key: str) -> int: ...


class ZipFiles:
    """Writes archives as ZIP64 (PKWARE's APPNOTE 6.3, 4.3 and 4.5.3), stored and not deflated: pictures are compressed.

    Sizes and checksums are known beforehand and stand before each file, so that programs can unpack while they receive.
    Some megabytes are in memory at a time, however large the photos and the archive are.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def write(self, key: str, entries: Sequence[Entry]) -> int:
        """Write an archive under this key, over what is there, and return its size in bytes.

        What a killed process has left of an earlier try is removed first. Raises PhotoGoneError, PhotoDiffersError,
        ArchiveIncompleteError and what the storage raises; then there is no archive, or the one that was there before.
        """
        self._storage.discard_unfinished_of(key)
        size = self._storage.put_stream(key, self._pieces(entries), CONTENT_TYPE)
        self._make_sure(key, size)
        return size

    def _pieces(self, entries: Sequence[Entry]) -> Iterator[bytes]:
        at = _At()
        try:
            yield from stream_zip(self._members(entries, at), chunk_size=PIECE)
        except (CRC32IntegrityError, UncompressedSizeIntegrityError) as error:
            raise PhotoDiffersError(f"{at.entry}: its file is not the one that was uploaded") from error
        except StorageObjectMissing as error:
            raise PhotoGoneError(f"{at.entry}: its file is not in the storage any more") from error

    def _members(self, entries: Sequence[Entry], at: "_At") -> Iterator[MemberFile]:
        for entry in entries:
            at.entry = f"photo {entry.photo_id} ({entry.name})"
            method = NO_COMPRESSION_64(entry.size, entry.crc32)
            yield entry.name, entry.modified_at, MODE, method, self._content(entry)

    def _content(self, entry: Entry) -> Iterator[bytes]:
        yield from self._storage.stream(entry.storage_key).pieces

    def _make_sure(self, key: str, size: int) -> None:
        """A storage that says yes and has nothing, or half, is found out while there is still somebody to tell."""
        try:
            found = self._storage.head(key).size
        except StorageObjectMissing as error:
            raise ArchiveIncompleteError(f"{key} was written, and the storage does not have it") from error
        if found != size:
            raise ArchiveIncompleteError(f"{key} was written with {size} bytes, and the storage has {found}")


class _At:
    """Where the writing is: stream_zip's errors do not say which file they are about."""

    entry = ""
