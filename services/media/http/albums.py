"""`/v1/albums`: sets of photos."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field, StringConstraints

from services.media.domain.albums import Album
from services.media.domain.photos import Place
from services.media.handlers import albums, thumbnails
from services.media.http.dependencies import LinksDep, WorkDep
from services.media.http.photos import BatchOut, PhotoOut, shown
from services.media.repository.albums import Albums
from services.media.repository.photos import Photos
from shared.api import Body, CallerDep, CursorDep, Page, needs, problems

router = APIRouter()


class AlbumIn(Body):
    """A new album."""

    name: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$"),
        Field(examples=["Opening night"]),
    ]
    keeps_place: Annotated[
        bool, Field(description="whether where a photo was taken is read from it and shown; its thumbnails never tell")
    ] = False


class AlbumOut(BaseModel):
    """An album."""

    id: UUID
    name: str
    keeps_place: bool
    created_at: datetime


@router.post("/v1/albums", dependencies=[needs("photos:write")], status_code=201)
def create_album(body: AlbumIn, caller: CallerDep, work: WorkDep) -> AlbumOut:
    """Make an album."""
    with work() as session:
        return _shown(albums.create(session, caller.organisation_id, body.name, keeps_place=body.keeps_place))


@router.get("/v1/albums", dependencies=[needs("photos:read")])
def list_albums(caller: CallerDep, cursor: CursorDep, work: WorkDep) -> Page[AlbumOut]:
    """The organisation's albums, oldest first."""
    with work() as session:
        rows = Albums(session).page(caller.organisation_id, after=cursor.after, count=cursor.fetch)
    return cursor.page(rows, _shown, lambda row: row.id)


@router.get("/v1/albums/{album_id}", dependencies=[needs("photos:read")], responses=problems(404))
def get_album(album_id: UUID, caller: CallerDep, work: WorkDep) -> AlbumOut:
    """One album."""
    with work() as session:
        return _shown(albums.get(session, caller.organisation_id, album_id))


@router.get("/v1/albums/{album_id}/photos", dependencies=[needs("photos:read")], responses=problems(404))
def list_album_photos(
    album_id: UUID, caller: CallerDep, cursor: CursorDep, links: LinksDep, work: WorkDep
) -> Page[PhotoOut]:
    """The photos of an album, oldest first."""
    with work() as session:
        albums.get(session, caller.organisation_id, album_id)
        rows = Photos(session).page(
            caller.organisation_id, Place(album_id, None), after=cursor.after, count=cursor.fetch
        )
    return cursor.page(rows, lambda row: shown(row, links), lambda row: row.id)


@router.post(
    "/v1/albums/{album_id}/regenerate",
    dependencies=[needs("photos:write")],
    status_code=202,
    responses=problems(404, 409),
)
def regenerate_album(album_id: UUID, caller: CallerDep, work: WorkDep) -> BatchOut:
    """Make the thumbnails of all its photos anew. `/v1/batches/{batch_id}` shows how far it is."""
    with work() as session:
        return BatchOut(batch_id=thumbnails.regenerate_album(session, caller.organisation_id, album_id))


def _shown(album: Album) -> AlbumOut:
    return AlbumOut(id=album.id, name=album.name, keeps_place=album.keeps_place, created_at=album.created_at)
