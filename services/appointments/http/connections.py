"""`/v1/connections`: an organisation's accounts with those who keep its calendar and answer its phone."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, FastAPI, Request, Response
from pydantic import BaseModel, Field, StringConstraints

from services.appointments.domain.connections import Connection, Provider
from services.appointments.handlers import accounts
from services.appointments.http.dependencies import SERVICE, SettingsDep, WorkDep, settings_of
from shared.api import (
    Body,
    CallerDep,
    CursorDep,
    InboundSecret,
    Page,
    ResourcesDep,
    api_of,
    needs,
    offer_inbound_secret,
    problems,
)

router = APIRouter()

Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$"),
    Field(description="what you call it"),
]
Key = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=8, max_length=500, pattern=r"^[\x21-\x7e]+$"),
    Field(description="the API key that the provider has given you", examples=["cal_live_0123456789"]),
]
Secret = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=16, max_length=500, pattern=r"^[\x21-\x7e]+$"),
    Field(description="16 characters at least"),
]


class ConnectionIn(Body):
    """A new connection.

    `webhook_secret`: for Cal.com the secret that is entered there with the webhook's address, made up if it is left
    out; for Retell the API key with the webhook badge, where `api_key` is another one.
    """

    provider: Provider
    name: Name
    api_key: Key
    webhook_secret: Secret | None = None


class ConnectionChange(Body):
    """What to change; what is left out stays as it is."""

    # Factories, so that the document shows no default where there is none.
    name: Name = Field(default_factory=str)
    api_key: Key = Field(default_factory=str)
    webhook_secret: Secret | None = Field(default_factory=lambda: None)


class ConnectionOut(BaseModel):
    """A connection, without its secrets. `webhook_url` is what is entered at the provider.

    One that is `of_settings` stands for the environment variables APPOINTMENTS_…, and is not changed here.
    """

    id: UUID
    provider: Provider
    name: str
    webhook_url: str
    of_settings: bool
    created_at: datetime
    updated_at: datetime
    synced_at: datetime | None
    last_error: str | None


class MadeConnectionOut(ConnectionOut):
    """A connection with the webhook secret that was made up for it, which is shown this once."""

    webhook_secret: str | None


def offer_secrets(app: FastAPI) -> None:
    """Let whoever takes webhooks in ask for the secret of a connection."""
    for provider in Provider:
        offer_inbound_secret(app, provider, _look_up(provider))


def _look_up(provider: Provider) -> InboundSecret:
    def look_up(request: Request, connection_id: UUID) -> str | None:
        api, facts = api_of(request), settings_of(request.app)
        with api.work(request, SERVICE)() as session:
            return accounts.signing_secret(session, api.resources.vault, facts, connection_id, provider)

    return look_up


@router.post("/v1/connections", dependencies=[needs("connections:write")], status_code=201)
def create_connection(
    body: ConnectionIn, caller: CallerDep, resources: ResourcesDep, work: WorkDep
) -> MadeConnectionOut:
    """Connect an account with Cal.com or Retell. Its secrets are kept encrypted, and never shown again."""
    with work() as session:
        made = accounts.create(
            session,
            resources.vault,
            caller.organisation_id,
            provider=body.provider,
            name=body.name,
            api_key=body.api_key,
            webhook_secret=body.webhook_secret,
        )
    return _made(made, resources.settings.public_url)


@router.get("/v1/connections", dependencies=[needs("connections:read")])
def list_connections(
    caller: CallerDep, cursor: CursorDep, settings: SettingsDep, resources: ResourcesDep, work: WorkDep
) -> Page[ConnectionOut]:
    """The connections that serve the organisation, those of the settings first, then oldest first."""
    with work() as session:
        rows = accounts.page(session, settings, caller.organisation_id, after=cursor.after, count=cursor.fetch)
    return cursor.page(rows, lambda row: _shown(row, resources.settings.public_url), lambda row: row.id)


@router.get("/v1/connections/{connection_id}", dependencies=[needs("connections:read")], responses=problems(404))
def get_connection(
    connection_id: UUID, caller: CallerDep, settings: SettingsDep, resources: ResourcesDep, work: WorkDep
) -> ConnectionOut:
    """One connection."""
    with work() as session:
        found = accounts.get(session, settings, caller.organisation_id, connection_id)
    return _shown(found, resources.settings.public_url)


@router.patch(
    "/v1/connections/{connection_id}", dependencies=[needs("connections:write")], responses=problems(404, 409)
)
def change_connection(
    connection_id: UUID,
    body: ConnectionChange,
    caller: CallerDep,
    settings: SettingsDep,
    resources: ResourcesDep,
    work: WorkDep,
) -> ConnectionOut:
    """Change its name or replace its secrets. What is signed with a former secret is refused from now on."""
    changes = body.model_dump(exclude_unset=True)
    with work() as session:
        changed = accounts.change(session, resources.vault, settings, caller.organisation_id, connection_id, changes)
    return _shown(changed, resources.settings.public_url)


@router.post(
    "/v1/connections/{connection_id}/rotate-webhook-secret",
    dependencies=[needs("connections:write")],
    responses=problems(404, 409),
)
def rotate_webhook_secret(
    connection_id: UUID, caller: CallerDep, settings: SettingsDep, resources: ResourcesDep, work: WorkDep
) -> MadeConnectionOut:
    """Make a new webhook secret for a connection to Cal.com. Enter it there at once: bookings whose webhooks are refused
    meanwhile are found by the hourly look at all bookings.
    """
    with work() as session:
        made = accounts.rotate_webhook_secret(session, resources.vault, settings, caller.organisation_id, connection_id)
    return _made(made, resources.settings.public_url)


@router.post(
    "/v1/connections/{connection_id}/sync",
    dependencies=[needs("connections:write")],
    status_code=202,
    responses=problems(404),
)
def sync_connection(
    connection_id: UUID, caller: CallerDep, settings: SettingsDep, resources: ResourcesDep, work: WorkDep
) -> ConnectionOut:
    """Read anew what the provider has: event types and bookings of Cal.com, calls of Retell. See `synced_at`."""
    with work() as session:
        accounts.sync(session, settings, caller.organisation_id, connection_id)
        found = accounts.get(session, settings, caller.organisation_id, connection_id)
    return _shown(found, resources.settings.public_url)


@router.delete(
    "/v1/connections/{connection_id}",
    dependencies=[needs("connections:write")],
    status_code=204,
    responses=problems(404, 409),
)
def delete_connection(connection_id: UUID, caller: CallerDep, settings: SettingsDep, work: WorkDep) -> Response:
    """Delete a connection with its secrets. Its calls and appointments stay; its webhook address answers 404."""
    with work() as session:
        accounts.delete(session, settings, caller.organisation_id, connection_id)
    return Response(status_code=204)


def _made(made: accounts.Made, public_url: str) -> MadeConnectionOut:
    return MadeConnectionOut(**_shown(made.connection, public_url).model_dump(), webhook_secret=made.webhook_secret)


def _shown(connection: Connection, public_url: str) -> ConnectionOut:
    of_settings = connection.organisation_id is None
    address = f"{public_url.rstrip('/')}/webhooks/{connection.provider}"
    return ConnectionOut(
        id=connection.id,
        provider=connection.provider,
        name=connection.name,
        webhook_url=address if of_settings else f"{address}/{connection.id}",
        of_settings=of_settings,
        created_at=connection.created_at,
        updated_at=connection.updated_at,
        synced_at=connection.synced_at,
        last_error=connection.last_error,
    )
