"""What goes into and comes out of the endpoints of imports."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from services.reports.domain.imports import Counts, Import, ImportState, Options, Reading, failures_path, progress
from services.reports.domain.mapping import LONGEST_EXTRA_NAME
from shared.api import Body
from shared.signed_links import SignedLinks

ColumnName = Annotated[
    int | Annotated[str, StringConstraints(min_length=1, max_length=100)],
    Field(description="a column by its heading, or by its number from 1", examples=["E-Mail", 3]),
]
ExtraName = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_EXTRA_NAME, pattern=r"^[^\x00-\x1f]+$")]


class MappingIn(Body):
    """Which column means what. A name is made of `name`, `first_name` and `last_name`, as far as there are columns."""

    email: ColumnName
    name: ColumnName | None = None
    first_name: ColumnName | None = None
    last_name: ColumnName | None = None
    phone: ColumnName | None = None
    language: ColumnName | None = None
    extra: dict[ExtraName, ColumnName] = Field(
        {}, description="further columns to keep, by the names to keep them under"
    )


class OptionsIn(Body):
    """What the import is to do."""

    welcome: bool = Field(False, description="write a welcome to each person who is new")
    sender: Annotated[str, StringConstraints(max_length=100, strip_whitespace=True)] = ""
    text: Annotated[str, StringConstraints(max_length=2_000)] = ""
    country: Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2}$", to_upper=True)] | None = Field(
        None, description="where phone numbers without a country code are taken to be (ISO 3166-1 alpha-2)"
    )

    def options(self) -> Options:
        return Options(self.welcome, self.sender, self.text, self.country)


class ReadingIn(Body):
    """How to read the file, where looking at it is not enough."""

    encoding: str | None = Field(None, pattern=r"^(utf-8|utf-8-sig|utf-16|utf-16-le|utf-16-be|cp1252|iso-8859-(1|15))$")
    delimiter: str | None = Field(None, pattern=r"^[,;\t|]$")
    sheet: str | None = Field(None, max_length=100, description="a sheet of a workbook; the first one by default")
    header: bool = Field(True, description="the first row holds the headings")

    def reading(self) -> Reading:
        return Reading(encoding=self.encoding, delimiter=self.delimiter, sheet=self.sheet, header=self.header)


class UploadOptionsIn(OptionsIn, ReadingIn):
    """What can be said with the upload: how to read the file, and what the import is to do."""


class ChoiceIn(Body):
    """What is not said is as it was said before; a mapping that never was is the suggested one."""

    mapping: MappingIn | None = None
    options: OptionsIn | None = None

    def wanted(self) -> tuple[dict[str, Any] | None, Options | None]:
        mapping = self.mapping.model_dump() if self.mapping else None
        return mapping, self.options.options() if self.options else None


class ColumnOut(BaseModel):
    """A column of the file."""

    number: int
    heading: str
    samples: list[str]


class CountsOut(BaseModel):
    """What became of the rows so far: of whole chunks, each of which is taken in at once."""

    created: int
    updated: int
    unchanged: int
    failed: int


class FailureOut(BaseModel):
    """Why an import came to nothing."""

    code: str
    detail: str


class ImportOut(BaseModel):
    """An import."""

    id: UUID
    file_name: str
    size: int | None
    state: ImportState
    language: str
    time_zone: str
    email: str
    options: dict[str, Any]
    reading: dict[str, Any]
    columns: list[ColumnOut]
    suggested_mapping: dict[str, Any] | None
    mapping: dict[str, Any] | None
    row_count: int | None = Field(description="rows that are not empty, beneath the headings")
    progress: int = Field(description="percentage of the rows of which it is decided what became of them")
    counts: CountsOut
    checked: dict[str, Any] | None = Field(description="what the dry run saw: rows, good, failed, first_errors")
    first_errors: list[dict[str, Any]] = Field(description="the first rows that failed; only with one import")
    failures_url: str | None = Field(description="the file of the rows that failed; a link that needs no key")
    batch_id: UUID | None
    failure: FailureOut | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    expires_at: datetime = Field(description="when its files are removed, and it is forgotten; the people stay")


class StartedOut(ImportOut):
    """An import whose batch was started."""

    batch_id: UUID


def fields_of(
    found: Import, counts: Counts, links: SignedLinks, first_errors: list[Mapping[str, Any]]
) -> dict[str, Any]:
    """An import as its organisation sees it. `counts` are those of now."""
    own = {name: getattr(found, name) for name in ImportOut.model_fields if hasattr(found, name)}
    return {
        **own,
        "options": found.options.as_json(),
        "reading": found.reading.as_json(),
        "columns": [column.as_json() for column in found.columns],
        "suggested_mapping": found.suggested,
        "progress": progress(found.state, counts.total, found.row_count),
        "counts": counts.as_json(),
        "first_errors": first_errors,
        "failures_url": links.url(failures_path(found.id), found.expires_at) if found.failures_key else None,
        "failure": {"code": found.failure_code, "detail": found.failure} if found.failure_code else None,
    }
