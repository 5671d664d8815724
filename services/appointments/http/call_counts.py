"""`/v1/call-counts`: how many calls of each day led where."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from services.appointments.domain.calls import Outcome
from services.appointments.http.dependencies import WorkDep
from services.appointments.repository.counts import Counts
from shared.api import CallerDep, Problem, needs

router = APIRouter()

MOST_DAYS = 366


class DayOut(BaseModel):
    """One day where the company is, and its calls by their outcome. An outcome without calls is left out."""

    day: date
    outcomes: dict[Outcome, int]


class CountsOut(BaseModel):
    """The days on which there were calls, in order."""

    data: list[DayOut]


@router.get("/v1/call-counts", dependencies=[needs("calls:read")])
def count_calls(
    caller: CallerDep,
    work: WorkDep,
    first: Annotated[date, Query(description="the first day")],
    last: Annotated[date, Query(description=f"the last day, {MOST_DAYS} days after the first at most")],
) -> CountsOut:
    """Calls of each day by where they have led to. One whose steps are still being taken is counted when they are done."""
    if not 0 <= (last - first).days < MOST_DAYS:
        raise Problem(422, "invalid_days", f"last is not before first, and at most {MOST_DAYS} days are shown at once")
    days: dict[date, dict[Outcome, int]] = {}
    with work() as session:
        for day, outcome, number in Counts(session).of(caller.organisation_id, first, last):
            days.setdefault(day, {})[Outcome(outcome)] = number
    return CountsOut(data=[DayOut(day=day, outcomes=outcomes) for day, outcomes in days.items()])
