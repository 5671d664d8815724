"""What the use cases need from outside, put together once in each process."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Protocol

from services.media.domain.archives import Entry
from services.media.domain.pictures import Picture
from shared.clock import Clock, now


class StoredObject(Protocol):
    """What is known of an object: `size` in bytes, `etag` changes whenever it does."""

    @property
    def key(self) -> str: ...

    @property
    def size(self) -> int: ...

    @property
    def etag(self) -> str | None: ...


class Stream(Protocol):
    """An object to be read once, piece by piece."""

    @property
    def object(self) -> StoredObject: ...

    @property
    def pieces(self) -> Iterator[bytes]: ...


class Storage(Protocol):
    """What is asked of the storage (shared.storage.Storage). All methods raise BellhopError."""

    def put(self, key: str, data: bytes, content_type: str) -> None: ...

    def put_stream(self, key: str, pieces: Iterable[bytes], content_type: str) -> int: ...

    def stream(self, key: str, start: int = 0, end: int | None = None) -> Stream: ...

    def head(self, key: str) -> StoredObject: ...

    def exists(self, key: str) -> bool: ...

    def delete(self, key: str) -> None: ...

    def discard_unfinished(self, prefix: str, before: datetime) -> int: ...


class Pictures(Protocol):
    """What is asked of the adapter that knows the kinds of picture.

    `look` reads a file and makes its thumbnails, of these longest edges; it never fails for what is in the file, but
    names what is wrong with it.
    """

    def look(
        self, pieces: Iterable[bytes], content_type: str, edges: Sequence[int], *, keeps_place: bool
    ) -> Picture: ...


class Links(Protocol):
    """What is asked of whoever makes links for people who have no API key (shared.signed_links.SignedLinks)."""

    def url(self, path: str, expires: datetime) -> str: ...


class Facts(Protocol):
    """What the settings say (settings.MediaSettings is one)."""

    @property
    def thumbnails(self) -> tuple[int, ...]: ...

    @property
    def upload_limit(self) -> int: ...


class Archives(Protocol):
    """What is asked of the adapter that writes archives (adapters.zip_files.ZipFiles). Raises BellhopError."""

    def write(self, key: str, entries: Sequence[Entry]) -> int: ...


@dataclass(frozen=True)
class Dependencies:
    """What a worker of media has at hand. `zone` is where cameras are that do not tell their offset from UTC."""

    storage: Storage
    pictures: Pictures
    archives: Archives
    links: Links
    facts: Facts
    zone: tzinfo = UTC
    clock: Clock = now
