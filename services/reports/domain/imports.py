"""An import of people: its states, what was asked of it, how its file is read, and where its files stand."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from shared.retention import Prefix, kept_with

IMPORTS: Final = Prefix("imports", kept_with("reports.imports"))
CHUNK_ROWS: Final = 1_000
"""Rows that one job takes in: they are there together, or none is."""
FIRST_ERRORS: Final = 20
"""How many failed rows are shown with an import; all of them are in its file."""
SAMPLES: Final = 5
"""Values of each column that are shown for a choice of what it means."""
LONGEST_SAMPLE: Final = 100


class ImportState(StrEnum):
    """From the upload to the end. `uploaded` waits for a person, everything before the last three for a job."""

    RECEIVING = "receiving"
    ANALYSING = "analysing"
    UPLOADED = "uploaded"
    CHECKING = "checking"
    SPLITTING = "splitting"
    RUNNING = "running"
    FINISHING = "finishing"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


OVER: Final = frozenset({ImportState.DONE, ImportState.CANCELLED, ImportState.FAILED})
WITH_BATCH: Final = frozenset({ImportState.SPLITTING, ImportState.RUNNING})
"""States in which a batch is under way, and can be cancelled."""
UNDER_WAY: Final = WITH_BATCH | {ImportState.FINISHING}
"""States in which jobs need the files of an import."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How the bytes of a file are read. What is None is found out by looking at them.

    `kind` is csv or xlsx. `sheet` names one of a workbook; the first one, if it does not. With `header` the first row
    that is not empty holds the headings.
    """

    kind: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    header: bool = True

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Options:
    """What an import is asked to do. With `welcome` each new person gets a mail, from `sender` with `text` in it.

    `country` (ISO 3166-1 alpha-2) is where phone numbers without a country's code are taken to be.
    """

    welcome: bool = False
    sender: str = ""
    text: str = ""
    country: str | None = None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Row:
    """A row that is not empty. `number` is as a spreadsheet program counts, from 1 and with the headings.

    `repeats` is the row in which the same mail address stood before.
    """

    number: int
    cells: tuple[str, ...]
    repeats: int | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """A column as it was found. `number` is counted from 1."""

    number: int
    heading: str
    samples: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {"number": self.number, "heading": self.heading, "samples": list(self.samples)}


@dataclass(frozen=True, slots=True)
class Found:
    """What looking through a file has shown."""

    reading: Reading
    columns: Sequence[Column]
    row_count: int


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a file cannot be taken: `code` for programs, `reason` for people."""

    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of rows."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    failed: int = 0

    @property
    def total(self) -> int:
        return self.created + self.updated + self.unchanged + self.failed

    def as_json(self) -> dict[str, int]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Import:
    """An import as it is written down. `reading` is a wish until the file was looked through. Times are in UTC."""

    id: UUID
    organisation_id: UUID
    file_name: str
    size: int | None
    language: str
    time_zone: str
    email: str
    state: ImportState
    options: Options
    reading: Reading
    columns: Sequence[Column]
    suggested: Mapping[str, Any] | None
    mapping: Mapping[str, Any] | None
    checked: Mapping[str, Any] | None
    batch_id: UUID | None
    row_count: int | None
    chunk_count: int | None
    counts: Counts
    failures_key: str | None
    failure_code: str | None
    failure: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    expires_at: datetime

    @property
    def source_key(self) -> str:
        return source_key(self.organisation_id, self.id)

    @property
    def failures_file_name(self) -> str:
        """What the file of failed rows is called when it is downloaded."""
        stem, _, ending = self.file_name.rpartition(".")
        return f"{stem or ending}-failures.csv"


def progress(state: ImportState, handled: int, row_count: int | None) -> int:
    """The percentage of the rows of which it is decided what became of them, rounded down: 100 is all of them."""
    if state is ImportState.DONE:
        return 100
    return min(100, 100 * handled // row_count) if row_count else 0


def reading_of(stored: Mapping[str, Any]) -> Reading:
    """A reading as it was written down."""
    return Reading(**stored)


def options_of(stored: Mapping[str, Any]) -> Options:
    """Options as they were written down."""
    return Options(**stored)


def columns_of(stored: Sequence[Mapping[str, Any]]) -> list[Column]:
    """Columns as they were written down."""
    return [Column(one["number"], one["heading"], tuple(one["samples"])) for one in stored]


def folder(organisation_id: UUID, import_id: UUID) -> str:
    """Below this key stands everything that an import keeps."""
    return IMPORTS.key(organisation_id, import_id)


def source_key(organisation_id: UUID, import_id: UUID) -> str:
    """Where the file is, as it was uploaded."""
    return f"{folder(organisation_id, import_id)}/source"


def chunk_key(organisation_id: UUID, import_id: UUID, chunk: int) -> str:
    """Where the rows of a chunk are."""
    return f"{folder(organisation_id, import_id)}/chunks/{chunk}.json"


def failures_key(organisation_id: UUID, import_id: UUID) -> str:
    """Where the file of the rows that failed is."""
    return f"{folder(organisation_id, import_id)}/failures.csv"


def failures_path(import_id: UUID) -> str:
    """The path of the link to that file, for people who have no key."""
    return f"/imports/{import_id}/failures"
