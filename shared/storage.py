"""Files and where they are kept: a folder (`file:///…`) or a bucket (`s3://bucket/prefix`), through one interface.

A write is atomic and durable: a reader gets the old object, the new one, or none, never half of one, and what was written
is there after a power cut, in a folder as in a bucket.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, Final
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, S3Store

from shared.errors import BellhopError, PermanentError, TransientError
from shared.ids import new_id
from shared.local_files import ADVICE, IMPOSSIBLE_NAME, Made, write_durably
from shared.retention import Prefix, kept_until

LONGEST_KEY: Final = 900
"""S3 allows 1,024 bytes, of which the prefix needs some."""
CHECK: Final = Prefix("storage-check", kept_until("the check that wrote it has ended, a moment later"))
PIECE: Final = 1024 * 1024
"""Bytes that a reader of a stream is given at least, but for the last piece."""
PART: Final = 8 * 1024 * 1024
"""Bytes of one part of a streamed write. S3 takes 10,000 parts: 80 GB."""
PARTS_AT_ONCE: Final = 2

_SEGMENT = re.compile(r"[A-Za-z0-9_=@+-][A-Za-z0-9._=@+-]{0,199}")
_UNFINISHED = re.compile(r".+#\d+")
"""How the file of a write is named that is not complete, by us as by obstore."""
_OS_ERROR = re.compile(r"\(os error (\d+)\)")


class StorageObjectMissing(PermanentError):  # noqa: N818 - says what is the matter
    """There is no object of this key."""

    code: ClassVar[str] = "storage_object_missing"


class StorageKeyInvalid(PermanentError):  # noqa: N818 - says what is the matter
    """No object can have this key: it is malformed, or another key is a folder in its way."""

    code: ClassVar[str] = "storage_key_invalid"


class StorageUnavailable(TransientError):  # noqa: N818 - says what is the matter
    """The storage is full, read-only, out of reach or refuses us; the message says what an operator can do."""

    code: ClassVar[str] = "storage_unavailable"


@dataclass(frozen=True, slots=True)
class StoredObject:
    """What is known of an object without reading it. `size` is in bytes; `etag` changes whenever the object does."""

    key: str
    size: int
    modified_at: datetime
    etag: str | None


@dataclass(frozen=True, slots=True)
class Stream:
    """An object, or a range of it, to be read once, piece by piece. Reading raises what the methods of Storage raise."""

    object: StoredObject
    start: int
    end: int
    pieces: Iterator[bytes]


def open_storage(url: str) -> "Storage":
    """Open the storage that STORAGE_URL names.

    `file:///folder` is made if it is not there. `s3://bucket/prefix` takes endpoint, region and credentials from the
    usual `AWS_*` variables. ValueError for any other address; StorageUnavailable if the folder cannot be made.
    """
    parts = urlsplit(url)
    if parts.scheme == "file" and not parts.netloc and parts.path.startswith("/"):
        folder = Path(unquote(parts.path))
        with _translated(f"opening {folder}"):
            return Storage(LocalStore(folder, mkdir=True), folder)
    if parts.scheme == "s3" and parts.netloc:
        return Storage(_bucket(parts.netloc, parts.path.strip("/") or None))
    raise ValueError(f"STORAGE_URL must be file:///an/absolute/folder or s3://bucket/prefix, not {parts.scheme}:…")


def _bucket(name: str, prefix: str | None) -> S3Store:
    """Return a bucket whose calls end within half a minute: a job is retried by its queue, not by its client."""
    return S3Store(
        name,
        prefix=prefix,
        client_options={
            "allow_http": True,  # the operator's AWS_ENDPOINT_URL says whether it is https
            "connect_timeout": timedelta(seconds=5),
            "timeout": timedelta(seconds=30),
        },
        retry_config={"max_retries": 2, "retry_timeout": timedelta(seconds=20)},
    )


class Storage:
    """A set of objects, each with a key like `tickets/2026/0192….png`; safe to share among threads, not among forks.

    Every method raises StorageUnavailable if the storage cannot be used, and StorageKeyInvalid for a key that is not
    relative, has `..` in it, or characters beyond letters, digits and `. _ - = @ +`.
    """

    def __init__(self, store: ObjectStore, folder: Path | None = None) -> None:
        """Wrap a store of obstore; use `open_storage`. `folder` is set if it is a local one."""
        self._store = store
        self._folder = folder

    def put(self, key: str, data: bytes, content_type: str) -> None:
        """Write an object, over any old one. A folder does not keep the content type."""
        path = _valid(key)
        if self._folder is not None:
            self._write(self._folder, path, [data])
            return
        with _translated(f"writing {key}"):
            self._store.put(path, data, attributes={"Content-Type": content_type})

    def _write(self, folder: Path, path: str, pieces: Iterable[bytes]) -> int:
        self._assure_folder()
        made = Made(pieces)
        try:
            return write_durably(folder, path, made)
        except OSError as error:
            if made.failed is error:
                raise
            raise translate(error, f"writing {path}") from error

    def put_stream(self, key: str, pieces: Iterable[bytes], content_type: str) -> int:
        """Write an object piece by piece, with two parts of 8 MiB in memory; returns its size in bytes.

        It is there when all is written. An error in between, also one of whoever makes the pieces, leaves no object; a
        process that is killed leaves what `discard_unfinished` removes (in a bucket, the bucket's own rule for
        incomplete uploads).
        """
        path, size = _valid(key), 0
        if self._folder is not None:
            return self._write(self._folder, path, pieces)
        attributes = {"Content-Type": content_type}
        with _translated(f"writing {key}"):
            writer = obstore.open_writer(
                self._store, path, attributes=attributes, buffer_size=PART, max_concurrency=PARTS_AT_ONCE
            )
        for piece in pieces:
            with _translated(f"writing {key}"):
                writer.write(piece)
            size += len(piece)
        with _translated(f"writing {key}"):
            writer.close()
        return size

    def stream(self, key: str, start: int = 0, end: int | None = None) -> Stream:
        """Open an object to be read from byte `start` up to, but not including, `end` (None: to its end).

        StorageObjectMissing if there is none; ValueError for a range outside of it.
        """
        found = self.head(key)
        stop = found.size if end is None else end
        if not 0 <= start <= stop <= found.size:
            raise ValueError(f"{key} has {found.size} bytes, none from {start} to {end}")
        return Stream(found, start, stop, self._pieces(found, start, stop))

    def _pieces(self, found: StoredObject, start: int, end: int) -> Iterator[bytes]:
        if start == end:
            return
        with _translated(f"reading {found.key}"):
            for piece in self._store.get(found.key, options={"range": (start, end)}).stream(min_chunk_size=PIECE):
                yield bytes(piece)

    def get(self, key: str) -> bytes:
        """Return the whole object; StorageObjectMissing if there is none."""
        path = _valid(key)
        try:
            with _translated(f"reading {key}"):
                return bytes(self._store.get(path).bytes())
        except StorageObjectMissing:
            self._assure_folder()
            raise

    def head(self, key: str) -> StoredObject:
        """Return what is known of an object; StorageObjectMissing if there is none."""
        path = _valid(key)
        try:
            with _translated(f"looking for {key}"):
                return _stored(self._store.head(path))
        except StorageObjectMissing:
            self._assure_folder()
            raise

    def exists(self, key: str) -> bool:
        """Say whether there is such an object."""
        try:
            self.head(key)
        except StorageObjectMissing:
            return False
        return True

    def delete(self, key: str) -> None:
        """Remove an object; one that is not there is as good as removed."""
        path = _valid(key)
        try:
            with _translated(f"deleting {key}"):
                self._store.delete(path)
        except StorageObjectMissing:
            self._assure_folder()

    def list(self, prefix: str = "") -> Iterator[str]:
        """Yield the keys below a prefix of whole segments (`tickets/2026`), in no order, a thousand at a time."""
        return (found.key for found in self.objects(prefix))

    def objects(self, prefix: str = "") -> Iterator[StoredObject]:
        """Yield the objects below a prefix of whole segments, in no order, a thousand at a time."""
        path = _valid(prefix) if prefix else None
        with _translated(f"listing {prefix or 'all'}"):
            for page in self._store.list(path, chunk_size=1000):
                yield from map(_stored, page)

    def discard_unfinished(self, prefix: str, before: datetime) -> int:
        """Remove what killed processes have left of streamed writes below a prefix and have not touched since `before`.

        Returns how many. A bucket keeps such parts out of sight: it needs a rule of its own that aborts them.
        """
        return self._discard(_valid(prefix), "**/*#*", before)

    def discard_unfinished_of(self, key: str) -> int:
        """Remove what killed processes have left of streamed writes of this one object, for whoever writes it anew.

        Returns how many. A twin that is writing it still fails at its end.
        """
        folder, _, name = _valid(key).rpartition("/")
        return self._discard(folder, f"{name}#*", None)

    def _discard(self, folder: str, pattern: str, before: datetime | None) -> int:
        removed = 0
        with _translated(f"clearing {folder}"):
            for file in (self._folder / folder).glob(pattern) if self._folder else ():
                with suppress(FileNotFoundError):  # it was whole in this moment, and has its own name now
                    if _UNFINISHED.fullmatch(file.name) and (not before or file.stat().st_mtime < before.timestamp()):
                        file.unlink()
                        removed += 1
        return removed

    def check(self) -> None:
        """Write and delete a small object; StorageUnavailable says why the storage cannot be written to."""
        key = CHECK.key(new_id())
        self.put(key, b"ok", "text/plain")
        self.delete(key)

    def _assure_folder(self) -> None:
        """Tell a missing file from a missing folder: when the disk is not mounted, trying again later does help."""
        if self._folder is not None and not self._folder.is_dir():
            raise StorageUnavailable(f"the storage folder {self._folder} is gone: is its disk mounted?")


def _stored(meta: Mapping[str, Any]) -> StoredObject:
    return StoredObject(meta["path"], meta["size"], meta["last_modified"], meta["e_tag"])


def _valid(key: str) -> str:
    segments = key.split("/")
    if len(key) > LONGEST_KEY or not all(_SEGMENT.fullmatch(segment) for segment in segments):
        raise StorageKeyInvalid(f"not a storage key: {key[:200]!r}")
    return key


@contextmanager
def _translated(doing: str) -> Iterator[None]:
    """Raise Bellhop's errors in place of obstore's and the system's."""
    try:
        yield
    except (BaseError, OSError) as error:
        raise translate(error, doing) from error


def translate(error: Exception, doing: str) -> BellhopError:
    """Return our error for one of obstore's.

    obstore has no classes for a full or read-only disk; the number of the system's error is in its text.
    """
    text = str(error).partition("\n\nDebug source")[0]
    if isinstance(error, FileNotFoundError) and not ("NoSuchBucket" in text or doing.startswith("writing")):
        return StorageObjectMissing(f"{doing}: there is no such object")
    found = _OS_ERROR.search(text)
    number = int(found.group(1)) if found else getattr(error, "errno", None)
    if number in IMPOSSIBLE_NAME:
        return StorageKeyInvalid(f"{doing}: another object is in the way, or the name is too long ({text})")
    advice = ADVICE.get(number or 0)
    if advice is None:
        advice = "check STORAGE_URL, the AWS_* variables, the bucket's rights, and that the storage is up"
    return StorageUnavailable(f"{doing}: {advice} ({text})")
