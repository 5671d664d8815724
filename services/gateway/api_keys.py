"""/v1/api-keys: an organisation's keys, each for what it is needed for."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from services.gateway.handlers import KeyWish, create_key_of, list_keys_of, revoke_key_of
from services.gateway.repository import ListedKey
from shared.api import Body, CallerDep, CursorDep, Page, needs, problems, work_of
from shared.database.session import UnitOfWork
from shared.scopes import SCOPES

router = APIRouter()

WorkDep = Annotated[UnitOfWork, Depends(work_of("gateway"))]
KeyName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")
]


class ApiKeyIn(Body):
    """A new key. It can have no scope that the key has not with which it is made, and does not outlive it."""

    name: KeyName = Field(description="what it is for, as people read it in the list")
    scopes: list[str] = Field(
        min_length=1,
        max_length=100,
        description=f"`*` is everything; else of: {', '.join(f'`{one}`' for one in SCOPES)}",
    )
    expires_at: AwareDatetime | None = Field(None, description="null is never")


class ApiKeyOut(BaseModel):
    """A key. Of the key itself only the beginning is known (`hint`)."""

    id: UUID
    name: str
    hint: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


class CreatedApiKeyOut(ApiKeyOut):
    """A new key, which is shown this once."""

    key: str


@router.post(
    "/v1/api-keys", dependencies=[needs("api_keys:write")], status_code=201, responses=problems(403), tags=["gateway"]
)
def create_api_key(body: ApiKeyIn, caller: CallerDep, work: WorkDep) -> CreatedApiKeyOut:
    """Make a key. 403 `scope_not_granted` for more than the caller's own key may do."""
    with work() as session:
        key, listed = create_key_of(session, caller, KeyWish(body.name, tuple(body.scopes), body.expires_at))
    return CreatedApiKeyOut(**_shown(listed).model_dump(), key=key)


@router.get("/v1/api-keys", dependencies=[needs("api_keys:read")], tags=["gateway"])
def list_api_keys(caller: CallerDep, cursor: CursorDep, work: WorkDep) -> Page[ApiKeyOut]:
    """The organisation's keys, oldest first, those that were revoked too."""
    with work() as session:
        rows = list_keys_of(session, caller.organisation_id, after=cursor.after, count=cursor.fetch)
    return cursor.page(rows, _shown, lambda row: row.id)


@router.delete(
    "/v1/api-keys/{key_id}",
    dependencies=[needs("api_keys:write")],
    status_code=204,
    responses=problems(404),
    tags=["gateway"],
)
def revoke_api_key(key_id: UUID, caller: CallerDep, work: WorkDep) -> Response:
    """End a key. A gateway that has just seen it lets it in for up to GATEWAY_KEY_CACHE_SECONDS (5) more."""
    with work() as session:
        revoke_key_of(session, caller.organisation_id, key_id)
    return Response(status_code=204)


def _shown(row: ListedKey) -> ApiKeyOut:
    return ApiKeyOut.model_validate(row, from_attributes=True)
