"""`/v1/imports`: files of people, from the upload to the rows that failed."""

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from typing import IO, Annotated, Any, Final, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import APIRouter, Form, Query, Request, UploadFile
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import AfterValidator, BaseModel, Field, StringConstraints, ValidationError

from services.reports.domain.contacts import is_email_address
from services.reports.domain.imported_rows import error_as_json
from services.reports.domain.imports import FIRST_ERRORS, Import, failures_path, source_key
from services.reports.domain.row_faults import LANGUAGES
from services.reports.errors import ImportNotFoundError, UploadRefusedError
from services.reports.handlers import imports
from services.reports.http.dependencies import LinksDep, SettingsDep, WorkAtOnceDep, WorkDep
from services.reports.http.import_views import (
    ChoiceIn,
    ImportOut,
    MappingIn,
    OptionsIn,
    ReadingIn,
    StartedOut,
    UploadOptionsIn,
    fields_of,
)
from services.reports.repository.imports import Imports, NewImport
from shared.api import CallerDep, CursorDep, Page, Problem, ResourcesDep, needs, problems
from shared.clock import now
from shared.downloads import file_response
from shared.ids import new_id

router = APIRouter()
PIECE: Final = 1024 * 1024
CSV: Final = "text/csv; charset=utf-8"
FILE_RESPONSE: Final[dict[int | str, dict[str, Any]]] = {200: {"content": {"text/csv": {}}}}

ModelT = TypeVar("ModelT", bound=BaseModel)


def _zone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("is not a time zone such as Europe/Berlin") from error


def _address(text: str) -> str:
    if text and not is_email_address(text):
        raise ValueError("is not an e-mail address such as ada@example.com")
    return text


Language = Annotated[str, Form(pattern=rf"^({'|'.join(LANGUAGES)})$", description="of reasons, and of the letter")]
Zone = Annotated[str, Form(max_length=100), AfterValidator(_zone)]
Address = Annotated[
    str,
    Form(description="who is told how it ended; nobody, if empty"),
    StringConstraints(strip_whitespace=True, max_length=254),
    AfterValidator(_address),
]
JsonForm = Annotated[str | None, Form(max_length=50_000), Field(description="JSON")]


@router.post("/v1/imports", dependencies=[needs("imports:write")], status_code=201, responses=problems(413, 422))
def upload_import(
    file: UploadFile,
    caller: CallerDep,
    settings: SettingsDep,
    resources: ResourcesDep,
    links: LinksDep,
    begin: WorkAtOnceDep,
    work: WorkDep,
    language: Language = "en",
    time_zone: Zone = "UTC",
    email: Address = "",
    mapping: JsonForm = None,
    options: JsonForm = None,
) -> ImportOut:
    """Take in a CSV file or an Excel workbook (.xlsx). It is looked through in the background: poll the import.

    `mapping` and `options` are JSON, as with `/start`; options may say as well how the file is read: `encoding`,
    `delimiter`, `sheet`, `header`.
    """
    wanted = _parsed(MappingIn, mapping, "mapping")
    chosen = _parsed(UploadOptionsIn, options, "options") or UploadOptionsIn()
    import_id = new_id()
    new = NewImport(
        id=import_id,
        organisation_id=caller.organisation_id,
        key_id=caller.key_id,
        file_name=_file_name(file.filename),
        storage_key=source_key(caller.organisation_id, import_id),
        language=language,
        time_zone=time_zone,
        email=email,
        reading=ReadingIn(**chosen.model_dump(include=set(ReadingIn.model_fields))).reading(),
        options=OptionsIn(**chosen.model_dump(include=set(OptionsIn.model_fields))).options(),
        mapping=wanted.model_dump() if wanted else None,
        expires_at=now() + timedelta(days=settings.import_days),
    )
    upload = _Upload(file.file, settings.import_limit)
    with begin() as session:
        imports.register(session, new)
    size = resources.storage.put_stream(new.storage_key, upload.pieces(), "application/octet-stream")
    with work() as session:
        found = imports.received(session, caller.organisation_id, import_id, size=size, sha256=upload.sha256)
    return ImportOut(**fields_of(found, found.counts, links, []))


@router.get("/v1/imports", dependencies=[needs("imports:read")])
def list_imports(caller: CallerDep, cursor: CursorDep, links: LinksDep, work: WorkDep) -> Page[ImportOut]:
    """The organisation's imports, newest first."""
    with work() as session:
        stored = Imports(session)
        rows = [
            (row, stored.counted(row.id) if row.finished_at is None else row.counts)
            for row in stored.page(caller.organisation_id, after=cursor.after, count=cursor.fetch)
        ]
    return cursor.page(rows, lambda row: ImportOut(**fields_of(*row, links, [])), lambda row: row[0].id)


@router.get("/v1/imports/{import_id}", dependencies=[needs("imports:read")], responses=problems(404))
def get_import(import_id: UUID, caller: CallerDep, links: LinksDep, work: WorkDep) -> ImportOut:
    """An import as it stands, with the first rows that failed."""
    with work() as session:
        found = _found(Imports(session).get(import_id, organisation_id=caller.organisation_id), import_id)
        counts = found.counts if found.finished_at else Imports(session).counted(import_id)
        failed = Imports(session).failed(import_id, count=FIRST_ERRORS) if counts.failed else []
    return ImportOut(**fields_of(found, counts, links, [error_as_json(one) for one in failed]))


@router.post(
    "/v1/imports/{import_id}/dry-run",
    dependencies=[needs("imports:write")],
    status_code=202,
    responses=problems(404, 409),
)
def dry_run_import(import_id: UUID, body: ChoiceIn, caller: CallerDep, links: LinksDep, work: WorkDep) -> ImportOut:
    """Look at all rows as if the import ran, and change nothing: `checked` shows what was seen."""
    with work() as session:
        found = imports.check(session, caller.organisation_id, import_id, *body.wanted())
    return ImportOut(**fields_of(found, found.counts, links, []))


@router.post(
    "/v1/imports/{import_id}/start",
    dependencies=[needs("imports:write")],
    status_code=202,
    responses=problems(404, 409),
)
def start_import(import_id: UUID, body: ChoiceIn, caller: CallerDep, links: LinksDep, work: WorkDep) -> StartedOut:
    """Take the people in, a thousand rows at a time. The same file once more changes nothing."""
    with work() as session:
        found = imports.start(session, caller.organisation_id, import_id, *body.wanted(), now=now())
    return StartedOut(**fields_of(found, found.counts, links, []))


@router.post(
    "/v1/imports/{import_id}/cancel",
    dependencies=[needs("imports:write")],
    status_code=202,
    responses=problems(404, 409),
)
def cancel_import(import_id: UUID, caller: CallerDep, links: LinksDep, work: WorkDep) -> ImportOut:
    """Take in no further rows. Those that were taken in stay."""
    with work() as session:
        found = imports.cancel(session, caller.organisation_id, import_id, now=now())
        counts = Imports(session).counted(import_id)
    return ImportOut(**fields_of(found, counts, links, []))


@router.get(
    "/v1/imports/{import_id}/failures",
    dependencies=[needs("imports:read")],
    response_class=Response,
    responses={**FILE_RESPONSE, **problems(404, 410)},
)
def download_failures(
    import_id: UUID, request: Request, caller: CallerDep, resources: ResourcesDep, work: WorkDep
) -> Response:
    """The rows that failed as CSV: number, why, and the cells. 404 `no_failures` where there are none (yet)."""
    with work() as session:
        found = _found(Imports(session).get(import_id, organisation_id=caller.organisation_id), import_id)
    return _failures(found, request, resources)


@router.get(
    "/imports/{import_id}/failures",
    response_class=Response,
    responses={**FILE_RESPONSE, **problems(403, 404, 410)},
)
def failures_by_link(
    import_id: UUID,
    request: Request,
    resources: ResourcesDep,
    links: LinksDep,
    work: WorkDep,
    expires: Annotated[int, Query(ge=0, le=10**11, description="seconds since 1970")] = 0,
    signature: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    """The same file, for whoever has the signed link to it."""
    links.check(failures_path(import_id), expires, signature, now())
    with work() as session:
        found = _found(Imports(session).get(import_id), import_id)
    return _failures(found, request, resources)


def _failures(found: Import, request: Request, resources: ResourcesDep) -> Response:
    if found.expires_at <= now():
        raise Problem(410, "link_expired", "the files of this import are no longer kept")
    if found.failures_key is None:
        raise Problem(404, "no_failures", "no row of this import has failed, or it has not ended")
    return file_response(
        request, resources.storage, found.failures_key, file_name=found.failures_file_name, content_type=CSV
    )


class _Upload:
    """A file on its way into the storage: counted and summed up as it passes."""

    def __init__(self, file: IO[bytes], limit: int) -> None:
        """Raises Problem 422 for a file that is empty, UploadRefusedError for one that is too large."""
        self._file, self._hash = file, hashlib.sha256()
        size = file.seek(0, 2)
        file.seek(0)
        if size == 0:
            raise Problem(422, "upload_empty", "the file is empty: was it the right one?")
        if size > limit:
            raise UploadRefusedError(f"the file has {size:,} bytes, and {limit:,} are the most that are taken")

    def pieces(self) -> Iterator[bytes]:
        while piece := self._file.read(PIECE):
            self._hash.update(piece)
            yield piece

    @property
    def sha256(self) -> bytes:
        return self._hash.digest()


def _parsed(model: type[ModelT], text: str | None, field: str) -> ModelT | None:
    """The model in a form's field. Raises RequestValidationError, as for any other field."""
    if text is None or not text.strip():
        return None
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        faults = [
            {
                "type": one["type"].replace("json_invalid", "not_json"),
                "loc": ("body", field, *one["loc"]),
                "msg": one["msg"],
            }
            for one in error.errors(include_input=False)
        ]
        raise RequestValidationError(faults) from error


def _file_name(name: str | None) -> str:
    """The last part of the name, without what no name has."""
    last = (name or "").replace("\\", "/").rpartition("/")[2]
    return "".join(sign for sign in last if sign.isprintable())[:200].strip() or "people"


def _found(found: Import | None, import_id: UUID) -> Import:
    if found is None:
        raise ImportNotFoundError(f"there is no import {import_id}")
    return found
