"""`/v1/event-reports`: the statistics of one event."""

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field

from services.reports.handlers import event_data
from services.reports.http.dependencies import WorkDep
from shared.api import Body, CallerDep, needs, problems

router = APIRouter()


class EventReportIn(Body):
    """Which event."""

    event_id: UUID


class EventReportAskedOut(BaseModel):
    """Where its report will be."""

    event_id: UUID
    url: str


class EventReportOut(BaseModel):
    """The statistics of an event as they were computed last."""

    event_id: UUID
    computed_at: datetime
    statistics: dict[str, Any] = Field(
        description="orders, tickets (no_shows is null until the event is over), revenue by currency, ticket_types, "
        "sales by day (UTC) and check_ins by hour; amounts in minor units"
    )


@router.post("/v1/event-reports", dependencies=[needs("reports:write")], status_code=202, responses=problems(404))
def ask_for_event_report(body: EventReportIn, caller: CallerDep, work: WorkDep) -> EventReportAskedOut:
    """Have the data of an event processed. Asked for again before it has begun, it is done once."""
    with work() as session:
        event_data.ask(session, caller.organisation_id, body.event_id)
    return EventReportAskedOut(event_id=body.event_id, url=f"/v1/event-reports/{body.event_id}")


@router.get("/v1/event-reports/{event_id}", dependencies=[needs("reports:read")], responses=problems(404))
def get_event_report(event_id: UUID, caller: CallerDep, work: WorkDep) -> EventReportOut:
    """What was computed last. 404 `event_report_not_ready` before anything was."""
    with work() as session:
        found = event_data.report(session, caller.organisation_id, event_id)
    return EventReportOut(event_id=found.event_id, computed_at=found.computed_at, statistics=dict(found.statistics))
