"""`POST /webhooks/{source}` and `/webhooks/{source}/{connection}`: what providers tell us."""

from dataclasses import replace
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel

from services.webhooks.handlers import inbound
from services.webhooks.http.dependencies import SettingsDep, WorkDep
from services.webhooks.sources import SOURCES, required, source_of
from services.webhooks.sources.source import Source as KnownSource
from shared.api import Problem, Resources, ResourcesDep, inbound_secret_of, problems
from shared.clock import now
from shared.database.session import UnitOfWork

MAX_BODY_BYTES = 8 * 1024 * 1024
"""A call of an hour comes with the times of all its words, twice: over a megabyte."""

_BODY: Final = {"requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}}
"""The document's word for it; the body is read raw."""

router = APIRouter()


class InboundOut(BaseModel):
    """What became of a webhook: stored now, or stored before."""

    result: Literal["stored", "duplicate"]


Source = Annotated[str, Path(description="`calcom`, `retell` or `stripe`")]


@router.post("/webhooks/{source}", responses=problems(400, 401, 404, 413), openapi_extra=_BODY)
async def receive_webhook(
    source: Source, request: Request, settings: SettingsDep, resources: ResourcesDep, work: WorkDep
) -> InboundOut:
    """Take a provider's webhook in: verified over the raw body, stored once, answered at once, worked on by message."""
    known, secret = source_of(source, settings)
    return await _received(request, known, secret, None, resources, work)


@router.post("/webhooks/{source}/{connection}", responses=problems(400, 401, 404, 413), openapi_extra=_BODY)
async def receive_webhook_of_connection(
    source: Source,
    connection: Annotated[str, Path(description="the id of a connection, see /v1/connections")],
    request: Request,
    resources: ResourcesDep,
    work: WorkDep,
) -> InboundOut:
    """The same for an organisation that has credentials of its own with the provider."""
    known, secret, connection_id = await _of_connection(request, source, connection)
    return await _received(request, known, secret, connection_id, resources, work)


async def _of_connection(request: Request, name: str, connection: str) -> tuple[KnownSource, str, UUID]:
    """Whose connections are kept is asked of the service that keeps them. Raises SourceNotSetUpError."""
    look_up = inbound_secret_of(request.app, name)
    try:
        connection_id = UUID(connection)
    except ValueError:
        look_up, connection_id = None, UUID(int=0)
    secret = await run_in_threadpool(look_up, request, connection_id) if look_up is not None else None
    known, secret = required(SOURCES.get(name), secret, name)
    return known, secret, connection_id


async def _received(
    request: Request,
    known: KnownSource,
    secret: str,
    connection_id: UUID | None,
    resources: Resources,
    work: UnitOfWork,
) -> InboundOut:
    body = await _raw_body(request)

    def take() -> bool:
        received = replace(known.read(request.headers, body, secret, now()), connection_id=connection_id)
        storage_key = inbound.set_aside(resources.storage, known, received, body)
        with work() as session:
            return inbound.store(session, known, received, body, storage_key)

    return InboundOut(result="stored" if await run_in_threadpool(take) else "duplicate")


async def _raw_body(request: Request) -> bytes:
    """The body as it came. Nothing is read beyond the limit, whatever the sender announces. Raises Problem."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > MAX_BODY_BYTES:
        raise _too_large()
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY_BYTES:
            raise _too_large()
    return bytes(body)


def _too_large() -> Problem:
    detail = f"a webhook has at most {MAX_BODY_BYTES} bytes"
    return Problem(413, "payload_too_large", detail, headers={"Connection": "close"})
