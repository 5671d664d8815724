"""`/v1/photos`: what is uploaded, and what is known of it."""

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Query, Response, UploadFile
from pydantic import BaseModel, Field

from services.media.domain.photos import Photo, Place
from services.media.handlers import photos, thumbnails
from services.media.http.dependencies import LinksDep, SettingsDep, WorkAtOnceDep, WorkDep, link_expiry
from services.media.http.uploads import pieces_of, read_upload
from services.media.repository.photos import Photos
from shared.api import CallerDep, CursorDep, Page, Problem, ResourcesDep, needs, problems
from shared.clock import now
from shared.signed_links import SignedLinks

router = APIRouter()


class ThumbnailOut(BaseModel):
    """A thumbnail. `name` is the longest edge that was asked for, and the format; `size` is in bytes."""

    name: str
    width: int
    height: int
    size: int
    url: str


class PhotoOut(BaseModel):
    """A photo. `width` and `height` are those of the upright picture; `url` and those of the thumbnails expire."""

    id: UUID
    album_id: UUID | None
    order_id: UUID | None
    state: Annotated[str, Field(description="uploaded, ready, or failed; receiving while its upload has not ended")]
    file_name: str
    content_type: Annotated[str | None, Field(description="by what is in the file, not by its name")]
    size: int | None
    sha256: Annotated[str | None, Field(description="of the original, in hex")]
    width: int | None
    height: int | None
    taken_at: Annotated[
        str | None,
        Field(
            description="the camera's clock; with an offset where the file names one", examples=["2026-05-01T12:00:00"]
        ),
    ]
    facts: Annotated[
        dict[str, Any],
        Field(description="camera, lens, iso, exposure (s), aperture, focal_length (mm), place, as far as told"),
    ]
    faults: Annotated[list[str], Field(description="what was wrong with the file; it was kept all the same")]
    url: Annotated[str | None, Field(description="the original, as it was sent")]
    thumbnails: list[ThumbnailOut]
    duplicate_of: Annotated[UUID | None, Field(description="an earlier photo of yours elsewhere with the same bytes")]
    failure: str | None
    created_at: datetime
    processed_at: datetime | None


class UploadedOut(PhotoOut):
    """What came of an upload. `duplicate`: the same place had these bytes already, and this is that photo."""

    duplicate: bool


class BatchOut(BaseModel):
    """Work that was begun: `/v1/batches/{batch_id}` shows how far it is."""

    batch_id: UUID


@router.post(
    "/v1/photos",
    dependencies=[needs("photos:write")],
    status_code=201,
    responses={
        200: {"model": UploadedOut, "description": "the place had these bytes already"},
        **problems(404, 413, 415),
    },
)
def upload_photo(
    file: UploadFile,
    caller: CallerDep,
    settings: SettingsDep,
    resources: ResourcesDep,
    links: LinksDep,
    begin: WorkAtOnceDep,
    work: WorkDep,
    response: Response,
    album_id: Annotated[UUID | None, Form(description="the album that it goes into")] = None,
    order_id: Annotated[UUID | None, Form(description="or the order that it belongs to")] = None,
) -> UploadedOut:
    """Take in a JPEG, PNG, GIF, WebP, TIFF, HEIC or AVIF file. It is read and made smaller in the background."""
    place = _place(album_id, order_id)
    upload = read_upload(file.file, file.filename, settings.upload_limit)
    with begin() as session:
        received = photos.begin(session, caller.organisation_id, place, upload)
    if not received.is_duplicate:
        photos.store(resources.storage, received.photo, pieces_of(file.file))
        with work() as session:
            received = photos.finish(session, received.photo)
    response.status_code = 200 if received.is_duplicate else 201
    return UploadedOut(**_fields(received.photo, links), duplicate=received.is_duplicate)


@router.get("/v1/photos", dependencies=[needs("photos:read")])
def list_order_photos(
    order_id: Annotated[UUID, Query(description="whose photos; those of an album are at /v1/albums/{id}/photos")],
    caller: CallerDep,
    cursor: CursorDep,
    links: LinksDep,
    work: WorkDep,
) -> Page[PhotoOut]:
    """The photos of an order, oldest first."""
    place = Place(None, order_id)
    with work() as session:
        rows = Photos(session).page(caller.organisation_id, place, after=cursor.after, count=cursor.fetch)
    return cursor.page(rows, lambda row: shown(row, links), lambda row: row.id)


@router.get("/v1/photos/{photo_id}", dependencies=[needs("photos:read")], responses=problems(404))
def get_photo(photo_id: UUID, caller: CallerDep, links: LinksDep, work: WorkDep) -> PhotoOut:
    """One photo."""
    with work() as session:
        return shown(photos.get(session, caller.organisation_id, photo_id), links)


@router.post("/v1/photos/regenerate", dependencies=[needs("photos:write")], status_code=202, responses=problems(409))
def regenerate_all(caller: CallerDep, work: WorkDep) -> BatchOut:
    """Make the thumbnails of all photos of the organisation anew."""
    with work() as session:
        return BatchOut(batch_id=thumbnails.regenerate_all(session, caller.organisation_id))


@router.post(
    "/v1/photos/{photo_id}/regenerate",
    dependencies=[needs("photos:write")],
    status_code=202,
    responses=problems(404, 409),
)
def regenerate_photo(photo_id: UUID, caller: CallerDep, work: WorkDep) -> BatchOut:
    """Read the photo again, and make its thumbnails anew."""
    with work() as session:
        return BatchOut(batch_id=thumbnails.regenerate_one(session, caller.organisation_id, photo_id))


def shown(photo: Photo, links: SignedLinks) -> PhotoOut:
    """A photo as a caller sees it."""
    return PhotoOut(**_fields(photo, links))


def _place(album_id: UUID | None, order_id: UUID | None) -> Place:
    if (album_id is None) == (order_id is None):
        raise Problem(422, "album_or_order", "name the album that the photo goes into, or its order: one of the two")
    return Place(album_id, order_id)


def _fields(photo: Photo, links: SignedLinks) -> dict[str, Any]:
    expires = link_expiry(now())
    own = {name: getattr(photo, name) for name in PhotoOut.model_fields if hasattr(photo, name)}
    return {
        **own,
        "sha256": photo.sha256.hex() if photo.sha256 else None,
        "taken_at": _taken_at(photo),
        "faults": list(photo.faults),
        "url": links.url(f"/photos/{photo.id}/original", expires) if photo.is_whole else None,
        "thumbnails": [_thumbnail(photo, one, links, expires) for one in photo.renditions],
    }


def _thumbnail(photo: Photo, stored: Mapping[str, Any], links: SignedLinks, expires: datetime) -> ThumbnailOut:
    url = links.url(f"/photos/{photo.id}/{stored['name']}", expires)
    return ThumbnailOut(
        name=stored["name"], width=stored["width"], height=stored["height"], size=stored["size"], url=url
    )


def _taken_at(photo: Photo) -> str | None:
    """The wall clock, which the row labels as UTC, with the camera's own offset or with none."""
    if photo.taken_at is None:
        return None
    clock = photo.taken_at.replace(tzinfo=None)
    if photo.taken_offset is None:
        return clock.isoformat()
    return clock.replace(tzinfo=timezone(timedelta(minutes=photo.taken_offset))).isoformat()
