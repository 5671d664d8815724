"""Deliveries of an endpoint with their attempts, and one more attempt by hand."""

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel

from services.webhooks.domain.announcements import sent_id
from services.webhooks.domain.deliveries import DeliveryState
from services.webhooks.handlers import endpoints
from services.webhooks.http.dependencies import WorkDep
from services.webhooks.repository.deliveries import Deliveries, Listed
from shared.api import CallerDep, CursorDep, Page, needs, problems

router = APIRouter()


class AttemptOut(BaseModel):
    """One attempt. `response` is the beginning of what was answered; `error` says why it was not success."""

    number: int
    made_at: datetime
    by_hand: bool
    status: int | None
    duration_ms: int | None
    response: str | None
    error: str | None


class DeliveryOut(BaseModel):
    """A delivery. `webhook_id` is the header by which the receiver recognises a repetition."""

    id: UUID
    webhook_id: str
    event_type: str
    state: DeliveryState
    reason: str | None
    created_at: datetime
    finished_at: datetime | None
    attempts: list[AttemptOut]


class RetryOut(BaseModel):
    """The delivery as it stood when one more attempt was asked for."""

    id: UUID
    state: DeliveryState


@router.get(
    "/v1/webhook-endpoints/{endpoint_id}/deliveries", dependencies=[needs("webhooks:read")], responses=problems(404)
)
def list_deliveries(endpoint_id: UUID, caller: CallerDep, cursor: CursorDep, work: WorkDep) -> Page[DeliveryOut]:
    """What an endpoint was told, and how that went, newest first."""
    with work() as session:
        endpoints.get(session, caller.organisation_id, endpoint_id)
        rows = Deliveries(session).page(endpoint_id, after=cursor.after, count=cursor.fetch)
    return cursor.page(rows, _shown, lambda row: row.id)


@router.post(
    "/v1/deliveries/{delivery_id}/retry",
    dependencies=[needs("webhooks:write")],
    status_code=202,
    responses=problems(404, 409),
)
def retry_delivery(delivery_id: UUID, caller: CallerDep, work: WorkDep) -> RetryOut:
    """Make one more attempt now, whatever came before. Attempts that are still scheduled stay so."""
    with work() as session:
        state = endpoints.retry(session, caller.organisation_id, delivery_id)
    return RetryOut(id=delivery_id, state=state)


def _shown(row: Listed) -> DeliveryOut:
    return DeliveryOut(
        id=row.id,
        webhook_id=sent_id(row.message_id),
        event_type=row.event_type,
        state=row.state,
        reason=row.reason,
        created_at=row.created_at,
        finished_at=row.finished_at,
        attempts=[AttemptOut(**asdict(attempt)) for attempt in row.attempts],
    )
