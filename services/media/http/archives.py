"""`/v1/archives`: the photos of an album or of an order as one ZIP file."""

from datetime import datetime, timedelta
from typing import Annotated, Self
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field, StringConstraints, model_validator

from services.media.adapters.zip_files import ZipFiles
from services.media.domain.archives import LONGEST_LIFE, SHORTEST_LIFE, Archive, ArchiveState, file_path
from services.media.domain.photos import Place
from services.media.handlers import archives
from services.media.handlers.archives import Wish
from services.media.http.dependencies import LinksDep, SettingsDep, WorkAtOnceDep, WorkDep
from services.media.settings import MediaSettings
from shared.api import Body, Caller, CallerDep, Resources, ResourcesDep, needs, problems
from shared.clock import now
from shared.database.session import UnitOfWork
from shared.errors import PermanentError, TransientError
from shared.signed_links import SignedLinks

router = APIRouter()

Seconds = Annotated[int, Field(ge=SHORTEST_LIFE.total_seconds(), le=LONGEST_LIFE.total_seconds())]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00]*$")]


class ArchiveIn(Body):
    """The photos of which album, or of which order."""

    album_id: UUID | None = None
    order_id: UUID | None = None
    name: Name | None = Field(None, description="what the file is called; left out, as the album is")
    expires_in: Seconds | None = Field(None, description="for how many seconds it can be fetched; usually a week")
    synchronous: bool = Field(default=False, description="wait for the file, if it is small")

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.album_id is None) == (self.order_id is None):
            raise ValueError("send either album_id or order_id")
        return self


class ArchiveOut(BaseModel):
    """An archive. `size` (bytes), `path` (its key in the storage) and `url` are there when it is `ready`.

    `failure` says why it is `failed`. Nothing of it is there any more after `expires_at`.
    """

    id: UUID
    state: ArchiveState
    name: str
    album_id: UUID | None
    order_id: UUID | None
    photo_count: int
    size: int | None
    path: str | None
    url: str | None
    failure: str | None
    expires_at: datetime
    created_at: datetime
    ready_at: datetime | None


@router.post(
    "/v1/archives",
    dependencies=[needs("photos:write")],
    status_code=202,
    responses={201: {"model": ArchiveOut, "description": "It was waited for"}, **problems(404, 409)},
)
def create_archive(
    body: ArchiveIn,
    caller: CallerDep,
    response: Response,
    settings: SettingsDep,
    resources: ResourcesDep,
    links: LinksDep,
    work: WorkDep,
    at_once: WorkAtOnceDep,
) -> ArchiveOut:
    """Have the photos that are there by now written into one ZIP file; ask for it until it is `ready`, or `failed`.

    With `synchronous` a small one is waited for: 201. A larger one, or one that the storage cannot take just now, is
    built in the background all the same: 202.
    """
    wish = _wish(body, caller, settings)
    if not wish.synchronous:
        with work() as session:
            return _shown(archives.ask(session, settings, wish, now())[0], links)
    with at_once() as session:
        archive, waits = archives.ask(session, settings, wish, now())
    if waits:
        archive = _built(archive, resources, work, at_once)
        response.status_code = 201 if archive.state in {ArchiveState.READY, ArchiveState.FAILED} else 202
    return _shown(archive, links)


@router.get("/v1/archives/{archive_id}", dependencies=[needs("photos:read")], responses=problems(404))
def get_archive(
    archive_id: UUID,
    caller: CallerDep,
    links: LinksDep,
    work: WorkDep,
    link_expires_in: Annotated[
        int | None,
        Query(ge=1, description="seconds after which this answer's `url` is no good; never beyond expires_at"),
    ] = None,
) -> ArchiveOut:
    """How far an archive is, and the link to its file."""
    with work() as session:
        archive = archives.get(session, caller.organisation_id, archive_id, now())
    return _shown(archive, links, link_expires_in)


def _wish(body: ArchiveIn, caller: Caller, settings: MediaSettings) -> Wish:
    seconds = body.expires_in if body.expires_in is not None else settings.archive_seconds
    return Wish(
        caller.organisation_id,
        Place(body.album_id, body.order_id),
        timedelta(seconds=seconds),
        name=body.name,
        synchronous=body.synchronous,
    )


def _built(archive: Archive, resources: Resources, work: UnitOfWork, at_once: UnitOfWork) -> Archive:
    """Build it here, with no transaction open while files are read and written."""
    zone = ZoneInfo(resources.settings.timezone)
    with at_once() as session:
        plan = archives.prepare(session, archive.id, zone, now())
    if plan is None:
        return archive
    try:
        size = archives.build(ZipFiles(resources.storage), plan)
    except TransientError:
        with work() as session:
            archives.build_in_background(session, archive)
        return archive
    except PermanentError as error:
        with work() as session:
            return archives.mark_failed(session, archive.id, str(error)) or archive
    with work() as session:
        return archives.record(session, plan, size, now())


def _shown(archive: Archive, links: SignedLinks, seconds: int | None = None) -> ArchiveOut:
    is_ready = archive.state is ArchiveState.READY
    return ArchiveOut(
        id=archive.id,
        state=archive.state,
        name=archive.name,
        album_id=archive.album_id,
        order_id=archive.order_id,
        photo_count=archive.photo_count,
        size=archive.size,
        path=archive.storage_key if is_ready else None,
        url=links.url(file_path(archive.id), _link_end(archive, seconds)) if is_ready else None,
        failure=archive.failure,
        expires_at=archive.expires_at,
        created_at=archive.created_at,
        ready_at=archive.ready_at,
    )


def _link_end(archive: Archive, seconds: int | None) -> datetime:
    if seconds is None or seconds >= LONGEST_LIFE.total_seconds():
        return archive.expires_at
    return min(archive.expires_at, now() + timedelta(seconds=seconds))
