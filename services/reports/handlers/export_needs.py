"""What exports need from outside, put together once in each process."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.reports.domain.cells import Row
from services.reports.domain.documents import Document
from shared.clock import Clock, now
from shared.messaging.outbox import Session


class ExportFile(Protocol):
    """A file in the making. All methods raise ScratchUnavailableError."""

    def add(self, rows: Iterable[Row]) -> None: ...

    def finish(self) -> None: ...

    def pieces(self) -> Iterator[bytes]: ...


class ExportFiles(Protocol):
    """What is asked of whoever makes files (adapters.export_files): they are gone at the end of the block."""

    def begin(self, document: Document) -> AbstractContextManager[ExportFile]: ...


class StoredObject(Protocol):
    """What the storage knows of an object."""

    @property
    def size(self) -> int: ...


class StoredObjects(Protocol):
    """What is asked of the storage. Its methods raise BellhopError."""

    def put_stream(self, key: str, pieces: Iterable[bytes], content_type: str) -> int: ...

    def head(self, key: str) -> StoredObject: ...

    def delete(self, key: str) -> None: ...


class Links(Protocol):
    """What is asked of whoever makes links for people who have no API key (shared.signed_links)."""

    def url(self, path: str, expires: datetime) -> str: ...


@dataclass(frozen=True, kw_only=True)
class ExportNeeds:
    """`work` is a short transaction beside the message's own, `snapshot` a longer one that reads and sees nothing change.

    `pdf_rows` is how many rows a PDF file may have, `rows_at_once` how many are in memory at a time.
    """

    work: Callable[[], AbstractContextManager[Session]]
    snapshot: Callable[[], AbstractContextManager[Session]]
    files: ExportFiles
    storage: StoredObjects
    links: Links
    pdf_rows: int
    rows_at_once: int = 2_000
    clock: Clock = now
