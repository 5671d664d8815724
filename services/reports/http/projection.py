"""`/v1/projection`: whether what is read of the other services' data is whole."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, Field

from services.reports.domain.rebuilds import RebuildState
from services.reports.handlers import rebuilding
from services.reports.handlers.projection import projection_is_whole
from services.reports.http.dependencies import WorkDep
from shared.api import CallerDep, needs

router = APIRouter()


class RebuildOut(BaseModel):
    """The rebuild that was started last."""

    state: RebuildState
    percentage: int
    started_at: datetime
    finished_at: datetime | None


class ProjectionOut(BaseModel):
    """While it is not whole, exports and figures wait."""

    is_whole: bool
    rebuild: RebuildOut | None = Field(description="null where there never was one")


@router.get("/v1/projection", dependencies=[needs("reports:read")])
def get_projection(_caller: CallerDep, work: WorkDep) -> ProjectionOut:
    """Whether all that was told is in what exports, figures and reports are made of."""
    with work() as session:
        whole, found = projection_is_whole(session), rebuilding.newest(session)
    shown = None
    if found is not None:
        shown = RebuildOut(
            state=found.state,
            percentage=found.percentage,
            started_at=found.started_at,
            finished_at=found.finished_at,
        )
    return ProjectionOut(is_whole=whole, rebuild=shown)
