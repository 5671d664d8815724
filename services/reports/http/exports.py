"""`/v1/exports`: files of what an organisation has; and the link by which a person fetches one."""

from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, StringConstraints

from services.reports.domain.contacts import MAX_EMAIL, is_email_address
from services.reports.domain.exports import (
    CONTENT_TYPES,
    Asked,
    Export,
    Filter,
    Format,
    Kind,
    Language,
    State,
    public_path,
)
from services.reports.domain.preferences import Preferences
from services.reports.domain.zones import known_zone
from services.reports.handlers import exports
from services.reports.http.dependencies import LinksDep, WorkDep
from services.reports.repository.preferences import AllPreferences
from shared.api import Body, CallerDep, CursorDep, Page, Problem, ResourcesDep, needs, problems
from shared.clock import now
from shared.downloads import file_response

router = APIRouter()

ASK_AGAIN_SECONDS = 2
PERIOD = "of when it was issued (attendees), placed (orders), received (payments), checked in, or starts (appointments)"


_BINARY: Final = {"schema": {"type": "string", "format": "binary"}}
FILE_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": dict.fromkeys(CONTENT_TYPES.values(), _BINARY)},
    206: {"description": "A part of it"},
    304: {"description": "The caller has it"},
    **problems(403, 404, 410, 416),
}


def _address(text: str) -> str:
    address = text.strip()
    if not is_email_address(address):
        raise ValueError("is not an e-mail address such as ada@example.com")
    return address


def _in_our_time(moment: datetime) -> datetime:
    if not 1970 <= moment.year < 2200:
        raise ValueError("is not between 1970 and 2199")
    return moment


EmailAddress = Annotated[
    str, StringConstraints(max_length=MAX_EMAIL + 50), AfterValidator(_address), Field(examples=["ada@example.com"])
]
TimeZone = Annotated[
    str, StringConstraints(max_length=64), AfterValidator(known_zone), Field(examples=["Europe/Berlin"])
]
Moment = Annotated[AwareDatetime, AfterValidator(_in_our_time)]


class FilterIn(Body):
    """Which rows; all of them where nothing is said."""

    event_id: Annotated[UUID | None, Field(description="of one event; appointments belong to none")] = None
    since: Annotated[Moment | None, Field(description=f"from this moment on: {PERIOD}")] = None
    until: Annotated[Moment | None, Field(description="before this moment")] = None
    status: Annotated[list[str], Field(max_length=10, description="any of these")] = Field([])


class ExportIn(Body):
    """What is to be exported. Language and time zone are those of the organisation's preferences unless said here."""

    kind: Kind
    format: Format
    filter: FilterIn = FilterIn()
    language: Annotated[Language | None, Field(description="of headings and states")] = None
    time_zone: Annotated[TimeZone | None, Field(description="in which times are written")] = None
    email: Annotated[EmailAddress | None, Field(description="who is told when it is ready, or failed")] = None


class AcceptedOut(BaseModel):
    """An export that will be made. `url` is where to ask for it."""

    id: UUID
    state: State
    url: str


class ListedExportOut(BaseModel):
    """An export as it stands. `progress` is a percentage, `size` in bytes; `failure` says why there is no file."""

    id: UUID
    kind: Kind
    format: Format
    filter: FilterIn
    language: Language
    time_zone: str
    email: str | None
    state: State
    progress: int
    rows: int | None
    file_name: str
    size: int | None
    failure_code: str | None
    failure: str | None
    created_at: datetime
    finished_at: datetime | None
    expires_at: datetime | None


class ExportOut(ListedExportOut):
    """An export that is ready. Whoever has its `url` can fetch the file until it expires, without a key."""

    url: str


@router.post("/v1/exports", dependencies=[needs("exports:write")], status_code=202, responses=problems(422, 429))
def create_export(
    body: ExportIn, caller: CallerDep, work: WorkDep, resources: ResourcesDep, response: Response
) -> AcceptedOut:
    """Ask for a file. It is made soon: ask for it at `url`, or let yourself be told by mail. Two run at a time."""
    with work() as session:
        usual = AllPreferences(session).of(caller.organisation_id) or Preferences(time_zone=resources.settings.timezone)
        export_id = exports.ask(session, caller.organisation_id, caller.key_id, _asked(body, usual))
    url = f"/v1/exports/{export_id}"
    response.headers["Location"] = url
    return AcceptedOut(id=export_id, state=State.QUEUED, url=url)


@router.get("/v1/exports", dependencies=[needs("exports:read")])
def list_exports(caller: CallerDep, cursor: CursorDep, work: WorkDep) -> Page[ListedExportOut]:
    """The organisation's exports that are still kept, newest first."""
    with work() as session:
        rows = exports.page(session, caller.organisation_id, after=cursor.after, count=cursor.fetch)
    return cursor.page(rows, lambda row: ListedExportOut.model_validate(_fields(row)), lambda row: row.id)


@router.get("/v1/exports/{export_id}", dependencies=[needs("exports:read")], responses=problems(404, 409, 410))
def get_export(export_id: UUID, caller: CallerDep, work: WorkDep, links: LinksDep) -> ExportOut:
    """An export with the link to its file: 200 when it is ready, 409 `export_running` with a `percentage` until then,
    410 `export_failed` with the reason, and 404 when it has expired.
    """
    with work() as session:
        found = exports.show(session, caller.organisation_id, export_id, now())
    if found.state is State.FAILED:
        raise Problem(410, "export_failed", found.failure or "", reason=found.failure_code)
    if found.state is not State.READY:
        again = {"Retry-After": str(ASK_AGAIN_SECONDS)}
        detail = "the file is being made: ask again soon"
        raise Problem(409, "export_running", detail, headers=again, state=found.state, percentage=found.progress)
    return ExportOut.model_validate({**_fields(found), "url": exports.link(links, found)})


@router.head("/exports/{export_id}/file", include_in_schema=False)
@router.get("/exports/{export_id}/file", response_class=Response, responses=FILE_ANSWERS)
def download_export(
    export_id: UUID,
    request: Request,
    work: WorkDep,
    links: LinksDep,
    resources: ResourcesDep,
    expires: Annotated[int, Query(ge=0, le=10**11, description="seconds since 1970")] = 0,
    signature: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    """The file of an export, for whoever has the link to it. A download that broke off can go on (`Range`)."""
    links.check(public_path(export_id), expires, signature, now())
    with work() as session:
        found = exports.to_download(session, export_id, now())
    return file_response(
        request, resources.storage, found.storage_key, file_name=found.file_name, content_type=found.content_type
    )


def _asked(body: ExportIn, usual: Preferences) -> Asked:
    chosen = body.filter
    return Asked(
        kind=body.kind,
        format=body.format,
        filter=Filter(chosen.event_id, chosen.since, chosen.until, tuple(dict.fromkeys(chosen.status))),
        language=body.language or Language(usual.spoken),
        time_zone=body.time_zone or usual.time_zone,
        email=body.email or "",
    )


def _fields(row: Export) -> dict[str, Any]:
    own = {name: getattr(row, name) for name in ListedExportOut.model_fields if name not in {"rows", "filter", "email"}}
    return {**own, "rows": row.row_count, "filter": row.filter.as_stored(), "email": row.email or None}
