"""`POST /webhooks/{source}` and `/webhooks/{source}/{connection}`: what providers tell us."""

from dataclasses import dataclass, replace
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel

from services.webhooks.errors import MalformedWebhookError
from services.webhooks.handlers import inbound
from services.webhooks.http.dependencies import WorkDep, settings_of
from services.webhooks.sources import SOURCES, required, source_of
from services.webhooks.sources.source import Source as KnownSource
from shared.api import Problem, Resources, ResourcesDep, inbound_secret_of, problems
from shared.clock import now
from shared.database.session import UnitOfWork

PREFIX: Final = "/webhooks/"
MAX_BODY_BYTES = 8 * 1024 * 1024
"""A call of an hour comes with the times of all its words, twice: over a megabyte."""

_BODY: Final = {"requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}}
"""The document's word for it; the body is read raw."""

router = APIRouter()


class InboundOut(BaseModel):
    """What became of a webhook: stored now, or stored before."""

    result: Literal["stored", "duplicate"]


Source = Annotated[str, Path(description="`calcom`, `retell` or `stripe`")]


@dataclass(frozen=True, slots=True)
class _Sender:
    """Who sends to an address, and what it signs with. `connection_id` is an organisation's own."""

    source: KnownSource
    secret: str
    connection_id: UUID | None = None


@router.post("/webhooks/{source}", responses=problems(400, 401, 404, 413), openapi_extra=_BODY)
async def receive_webhook(source: Source, request: Request, resources: ResourcesDep, work: WorkDep) -> InboundOut:
    """Take a provider's webhook in: verified over the raw body, stored once, answered at once, worked on by message."""
    return await _received(request, await _sender(request, source, None), resources, work)


@router.post("/webhooks/{source}/{connection}", responses=problems(400, 401, 404, 413), openapi_extra=_BODY)
async def receive_webhook_of_connection(
    source: Source,
    connection: Annotated[str, Path(description="the id of a connection, see /v1/connections")],
    request: Request,
    resources: ResourcesDep,
    work: WorkDep,
) -> InboundOut:
    """The same for an organisation that has credentials of its own with the provider."""
    return await _received(request, await _sender(request, source, connection), resources, work)


async def ask_who_sends(request: Request) -> str:
    """The doorkeeper of `/webhooks/`: whether somebody here waits for this sender, and whether it has signed at all.

    Raises SourceNotSetUpError, MalformedWebhookError, and Problem 405 for what is no POST: nothing else has a body here.
    """
    if request.method != "POST":
        raise Problem(405, "method_not_allowed", "webhooks are sent with POST", headers={"Allow": "POST"})
    name, _, connection = request.url.path.removeprefix(PREFIX).partition("/")
    sender = await _sender(request, name, connection or None)
    header = sender.source.header
    if not request.headers.get(header):
        raise MalformedWebhookError(f"the header {header.title()} is missing")
    return f"{PREFIX}{sender.source.name}/{sender.connection_id or ''}"


async def _sender(request: Request, name: str, connection: str | None) -> _Sender:
    """Looked up once for each request. Raises SourceNotSetUpError."""
    known = getattr(request.state, "webhook_sender", None)
    if not isinstance(known, _Sender):
        known = await (
            _of_installation(request, name) if connection is None else _of_connection(request, name, connection)
        )
        request.state.webhook_sender = known
    return known


async def _of_installation(request: Request, name: str) -> _Sender:
    return _Sender(*source_of(name, settings_of(request.app)))


async def _of_connection(request: Request, name: str, connection: str) -> _Sender:
    """Whose connections are kept is asked of the service that keeps them. Raises SourceNotSetUpError."""
    look_up = inbound_secret_of(request.app, name)
    try:
        connection_id = UUID(connection)
    except ValueError:
        look_up, connection_id = None, UUID(int=0)
    secret = await run_in_threadpool(look_up, request, connection_id) if look_up is not None else None
    return _Sender(*required(SOURCES.get(name), secret, name), connection_id)


async def _received(request: Request, sender: _Sender, resources: Resources, work: UnitOfWork) -> InboundOut:
    body = await _raw_body(request)

    def take() -> bool:
        source, headers = sender.source, request.headers
        received = replace(source.read(headers, body, sender.secret, now()), connection_id=sender.connection_id)
        storage_key = inbound.set_aside(resources.storage, source, received, body)
        with work() as session:
            return inbound.store(session, source, received, body, storage_key)

    return InboundOut(result="stored" if await run_in_threadpool(take) else "duplicate")


async def _raw_body(request: Request) -> bytes:
    """The body as it came. Nothing is read beyond the limit, whatever the sender announces. Raises Problem."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > MAX_BODY_BYTES:
        raise _too_large()
    parts, size = [], 0
    async for part in request.stream():
        parts.append(part)
        size += len(part)
        if size > MAX_BODY_BYTES:
            raise _too_large()
    return b"".join(parts)


def _too_large() -> Problem:
    detail = f"a webhook has at most {MAX_BODY_BYTES} bytes"
    return Problem(413, "payload_too_large", detail, headers={"Connection": "close"})
