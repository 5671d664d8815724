"""`POST /webhooks/{source}`: what providers tell us."""

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Path, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel

from services.webhooks.handlers import inbound
from services.webhooks.http.dependencies import SettingsDep, WorkDep
from services.webhooks.sources import source_of
from shared.api import Problem, ResourcesDep, problems
from shared.clock import now

MAX_BODY_BYTES = 1024 * 1024

_BODY: Final = {"requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}}
"""The document's word for it; the body is read raw."""

router = APIRouter()


class InboundOut(BaseModel):
    """What became of a webhook: stored now, or stored before."""

    result: Literal["stored", "duplicate"]


@router.post("/webhooks/{source}", responses=problems(400, 401, 404, 413), openapi_extra=_BODY)
async def receive_webhook(
    source: Annotated[str, Path(description="`stripe`")],
    request: Request,
    settings: SettingsDep,
    resources: ResourcesDep,
    work: WorkDep,
) -> InboundOut:
    """Take a provider's webhook in: verified over the raw body, stored once, answered at once, worked on by message."""
    known, secret = source_of(source, settings)
    body = await _raw_body(request)

    def take() -> bool:
        received = known.read(request.headers, body, secret, now())
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
