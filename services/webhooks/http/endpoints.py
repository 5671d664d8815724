"""`/v1/webhook-endpoints`: where an organisation wants to be told things."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from services.webhooks.adapters.receivers import check_url
from services.webhooks.domain.announcements import EventType
from services.webhooks.domain.endpoints import Endpoint
from services.webhooks.domain.targets import MAX_URL
from services.webhooks.handlers import endpoints
from services.webhooks.http.dependencies import SettingsDep, WorkDep
from services.webhooks.repository.endpoints import Endpoints
from shared.api import Body, CallerDep, CursorDep, Page, ResourcesDep, needs, problems

router = APIRouter()

Url = Annotated[
    str,
    Field(
        min_length=1,
        max_length=MAX_URL,
        description="http or https, without user name, on a host whose addresses are all public",
        examples=["https://shop.example/hooks/bellhop"],
    ),
]
EventTypes = Annotated[list[EventType], Field(min_length=1, max_length=50)]
MaxConcurrency = Annotated[
    int | None, Field(ge=1, le=100, description="calls at a time; null is what the installation says")
]
MaxPerSecond = Annotated[
    int | None, Field(ge=1, le=10_000, description="deliveries a second; null is what the installation says")
]
Subscribed = Annotated[EventTypes | None, Field(description="what it is told of; null is everything")]


class EndpointIn(Body):
    """A new endpoint."""

    url: Url
    event_types: Subscribed = None
    max_concurrency: MaxConcurrency = None
    max_per_second: MaxPerSecond = None


class EndpointChange(Body):
    """What to change; what is left out stays as it is."""

    # Factories, so that the document shows no default where there is none.
    url: Url = Field(default_factory=str)
    event_types: Subscribed = Field(default_factory=lambda: None)
    enabled: bool = Field(default_factory=bool)
    max_concurrency: MaxConcurrency = Field(default_factory=lambda: None)
    max_per_second: MaxPerSecond = Field(default_factory=lambda: None)


class EndpointOut(BaseModel):
    """An endpoint. `disabled_reason` says who disabled it: its owner, or its own answer 410. One that fails again and again
    is paused: what is for it waits, and one delivery now and then sees whether it answers again.
    """

    id: UUID
    url: str
    event_types: list[str] | None
    enabled: bool
    disabled_reason: str | None
    max_concurrency: int | None
    max_per_second: int | None
    paused_at: datetime | None
    created_at: datetime


class CreatedEndpointOut(EndpointOut):
    """A new endpoint with the secret that its deliveries are signed with. The secret is shown this once."""

    secret: str


@router.post("/v1/webhook-endpoints", dependencies=[needs("webhooks:write")], status_code=201)
def create_endpoint(
    body: EndpointIn, caller: CallerDep, settings: SettingsDep, resources: ResourcesDep, work: WorkDep
) -> CreatedEndpointOut:
    """Subscribe. Deliveries are signed as the Standard Webhooks specification says (https://www.standardwebhooks.com)."""
    check_url(body.url, settings.allowed_networks)
    with work() as session:
        created = endpoints.create(
            session,
            resources.vault,
            caller.organisation_id,
            url=body.url,
            event_types=_names(body.event_types),
            max_concurrency=body.max_concurrency,
            max_per_second=body.max_per_second,
        )
    return CreatedEndpointOut(**_fields(created.endpoint), secret=created.secret)


@router.get("/v1/webhook-endpoints", dependencies=[needs("webhooks:read")])
def list_endpoints(caller: CallerDep, cursor: CursorDep, work: WorkDep) -> Page[EndpointOut]:
    """The organisation's endpoints, oldest first."""
    with work() as session:
        rows = Endpoints(session).page(caller.organisation_id, after=cursor.after, count=cursor.fetch)
    return cursor.page(rows, _shown, lambda row: row.id)


@router.get("/v1/webhook-endpoints/{endpoint_id}", dependencies=[needs("webhooks:read")], responses=problems(404))
def get_endpoint(endpoint_id: UUID, caller: CallerDep, work: WorkDep) -> EndpointOut:
    """One endpoint."""
    with work() as session:
        return _shown(endpoints.get(session, caller.organisation_id, endpoint_id))


@router.patch("/v1/webhook-endpoints/{endpoint_id}", dependencies=[needs("webhooks:write")], responses=problems(404))
def change_endpoint(
    endpoint_id: UUID, body: EndpointChange, caller: CallerDep, settings: SettingsDep, work: WorkDep
) -> EndpointOut:
    """Change an endpoint, disable it or enable it again. What is pending while it is disabled is skipped, and kept."""
    changes = body.model_dump(exclude_unset=True)
    if "url" in changes:
        check_url(body.url, settings.allowed_networks)
    if "event_types" in changes:
        changes["event_types"] = _names(body.event_types)
    with work() as session:
        return _shown(endpoints.change(session, caller.organisation_id, endpoint_id, changes))


@router.delete(
    "/v1/webhook-endpoints/{endpoint_id}",
    dependencies=[needs("webhooks:write")],
    status_code=204,
    responses=problems(404),
)
def delete_endpoint(endpoint_id: UUID, caller: CallerDep, work: WorkDep) -> Response:
    """Unsubscribe. What is pending is not delivered any more."""
    with work() as session:
        endpoints.delete(session, caller.organisation_id, endpoint_id)
    return Response(status_code=204)


def _names(event_types: list[EventType] | None) -> list[str] | None:
    return None if event_types is None else sorted({str(event_type) for event_type in event_types})


def _fields(endpoint: Endpoint) -> dict[str, Any]:
    return {name: getattr(endpoint, name) for name in EndpointOut.model_fields}


def _shown(endpoint: Endpoint) -> EndpointOut:
    return EndpointOut(**_fields(endpoint))
