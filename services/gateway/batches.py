"""/v1/batches: how far work in many pieces has come (an import, new thumbnails), and an end to it."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from services.gateway.handlers import cancel_organisations_batch, organisations_batch
from shared.api import CallerDep, needs, problems, work_of
from shared.database.session import UnitOfWork
from shared.messaging.batch import BatchState

router = APIRouter()

WorkDep = Annotated[UnitOfWork, Depends(work_of("gateway"))]


class BatchOut(BaseModel):
    """A batch as it stands. A cancelled one has `finished_at` once the members that were running have ended."""

    id: UUID
    name: str
    state: Literal["running", "done", "failed", "cancelled"]
    progress: int = Field(ge=0, le=100, description="the percentage of members that have ended")
    total: int
    pending: int
    done: int
    failed: int
    cancelled: int
    created_at: datetime
    finished_at: datetime | None


@router.get("/v1/batches/{batch_id}", dependencies=[needs("batches:read")], responses=problems(404))
def show(batch_id: UUID, caller: CallerDep, work: WorkDep) -> BatchOut:
    """One batch of the caller's own."""
    with work() as session:
        return _out(organisations_batch(session, caller.organisation_id, batch_id))


@router.post("/v1/batches/{batch_id}/cancel", dependencies=[needs("batches:write")], responses=problems(404, 409))
def cancel(batch_id: UUID, caller: CallerDep, work: WorkDep) -> BatchOut:
    """Members that have not started end unrun; those that run are not interrupted. Cancelling twice is cancelling once;
    409 `invalid_batch` once it has ended.
    """
    with work() as session:
        return _out(cancel_organisations_batch(session, caller.organisation_id, batch_id))


def _out(batch: BatchState) -> BatchOut:
    return BatchOut.model_validate(batch, from_attributes=True)
