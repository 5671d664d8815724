"""What imports need from outside, put together once in each process."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from services.reports.domain.imports import Found, Reading, Row
from services.reports.domain.people import FailedRow
from shared.clock import Clock, now


class ImportFiles(Protocol):
    """What is asked of the adapter that knows the files of imports (adapters.import_files).

    `look_through` and `rows` raise FileRefusedError for what is no list of people. `chunk` is None where the storage has
    lost it. All of them raise what the storage raises.
    """

    def look_through(self, key: str, wish: Reading) -> Found: ...

    def rows(self, key: str, reading: Reading) -> AbstractContextManager[Iterator[Row]]: ...

    def put_chunk(self, key: str, rows: Sequence[Row]) -> None: ...

    def chunk(self, key: str) -> list[Row] | None: ...

    def put_failures(self, key: str, headings: Sequence[str], rows: Iterable[FailedRow]) -> None: ...

    def remove_all(self, folder: str) -> None: ...


class FailedRows(Protocol):
    """What is asked of whoever reads the failed rows of an import while no transaction is open."""

    def of(self, import_id: UUID) -> Iterator[FailedRow]: ...


class Links(Protocol):
    """What is asked of whoever makes links for people who have no API key (shared.signed_links)."""

    def url(self, path: str, expires: datetime) -> str: ...


@dataclass(frozen=True, kw_only=True)
class ImportNeeds:
    """`days` is how long the files of an import are kept after its end, and after its upload."""

    files: ImportFiles
    failed_rows: FailedRows
    links: Links
    days: int
    clock: Clock = now
