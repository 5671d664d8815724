"""What people fetch with a signed link and without a key: archives, thumbnails, and photos as they were sent."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from services.media.domain.archive_names import archive_name, download_name
from services.media.domain.archives import CONTENT_TYPE, ArchiveState, file_path
from services.media.domain.photos import CONTENT_TYPES, Photo
from services.media.errors import ArchiveNotReadyError, UnknownArchiveError, UnknownPhotoError
from services.media.http.dependencies import LinksDep, WorkDep
from services.media.repository.archives import Archives
from services.media.repository.photos import Photos
from shared.api import ResourcesDep, problems
from shared.clock import now
from shared.downloads import file_response
from shared.signed_links import LinkExpiredError

router = APIRouter()

ORIGINAL = "original"
THUMBNAIL_SECONDS = 3600
"""For so long a browser shows a thumbnail without asking whether it was made anew."""

Expires = Annotated[int, Query(ge=0, le=10**11, description="seconds since 1970")]
Signature = Annotated[str, Query(max_length=100)]
Rendition = Annotated[str, Path(max_length=40, description="`320.webp` and the like, or `original`")]
BINARY = {"schema": {"type": "string", "format": "binary"}}
ANSWERS = {
    206: {"description": "A part of it"},
    304: {"description": "The caller has it"},
    **problems(403, 404, 410, 416),
}


@router.head("/archives/{archive_id}/file", include_in_schema=False)
@router.get(
    "/archives/{archive_id}/file",
    response_class=Response,
    responses={200: {"content": {CONTENT_TYPE: BINARY}}, **problems(409), **ANSWERS},
)
def archive_file(
    archive_id: UUID,
    request: Request,
    work: WorkDep,
    resources: ResourcesDep,
    links: LinksDep,
    expires: Expires = 0,
    signature: Signature = "",
) -> Response:
    """The ZIP file of an archive, for whoever has the link to it. A download that broke off can go on (`Range`)."""
    links.check(file_path(archive_id), expires, signature, now())
    with work() as session:
        archive = Archives(session).find(archive_id)
    if archive is None:
        raise UnknownArchiveError(f"there is no archive {archive_id}, or its time is over")
    if archive.expires_at <= now():
        raise LinkExpiredError("this archive has expired: ask whoever sent the link for a new one")
    if archive.state is not ArchiveState.READY:
        raise ArchiveNotReadyError("this archive has no file")
    name = archive_name(archive.name)
    return file_response(request, resources.storage, archive.storage_key, file_name=name, content_type=CONTENT_TYPE)


@router.head("/photos/{photo_id}/{rendition}", include_in_schema=False)
@router.get(
    "/photos/{photo_id}/{rendition}",
    response_class=Response,
    responses={200: {"content": {"image/*": BINARY}}, **ANSWERS},
)
def photo_file(
    photo_id: UUID,
    rendition: Rendition,
    request: Request,
    work: WorkDep,
    resources: ResourcesDep,
    links: LinksDep,
    expires: Expires = 0,
    signature: Signature = "",
) -> Response:
    """A thumbnail, to be shown in place, or the photo as it was sent, as a download."""
    links.check(f"/photos/{photo_id}/{rendition}", expires, signature, now())
    with work() as session:
        photo = Photos(session).find(photo_id)
    if photo is None or not photo.is_whole:
        raise UnknownPhotoError(f"there is no photo {photo_id}")
    key, content_type = _file_of(photo, rendition)
    is_original = rendition == ORIGINAL
    return file_response(
        request,
        resources.storage,
        key,
        file_name=download_name(photo.file_name, content_type),
        content_type=content_type,
        inline=not is_original,
        max_age=0 if is_original else THUMBNAIL_SECONDS,
    )


def _file_of(photo: Photo, rendition: str) -> tuple[str, str]:
    """Key and content type. Raises UnknownPhotoError for a thumbnail that the photo does not have."""
    if rendition == ORIGINAL:
        return photo.storage_key, photo.content_type or "application/octet-stream"
    for made in photo.renditions:
        if made["name"] == rendition:
            return made["key"], CONTENT_TYPES[rendition.rpartition(".")[2]]
    raise UnknownPhotoError(f"photo {photo.id} has no {rendition}")
