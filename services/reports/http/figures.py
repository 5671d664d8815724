"""`/v1/figures`: the daily figures of the organisation, as numbers and as pictures."""

from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import BaseModel, Field

from services.reports.adapters.charts import Format, draw
from services.reports.domain.charts import CHARTS, ChartName, chart, figures_of
from services.reports.domain.figures import FIGURES, MOST_DAYS, Figure
from services.reports.domain.periods import Period, last_days
from services.reports.domain.preferences import Preferences
from services.reports.handlers import figures, preferences
from services.reports.http.dependencies import WorkDep
from shared.api import CallerDep, Problem, ResourcesDep, needs, problems
from shared.clock import now

router = APIRouter()

DAYS_UNASKED = 30
_PICTURE_HEADERS = {
    "Cache-Control": "private, no-cache",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
}

Since = Annotated[date | None, Query(description=f"the first day; {DAYS_UNASKED} days up to `until`, if left out")]
Until = Annotated[date | None, Query(description="the last day; today on the organisation's clock, if left out")]
Names = Annotated[list[Figure], Query(description=f"only these of {', '.join(FIGURES)}; may be given several times")]
Chart = Annotated[ChartName, Query(alias="chart", description=f"one of {', '.join(CHARTS)}")]
Width = Annotated[int, Query(ge=320, le=1600, description="pixels; a PNG has two dots for each")]


class FigureOut(BaseModel):
    """One figure of one day."""

    day: date
    figure: Figure
    dimension: str = Field(
        description="of what: a ticket type, an event, a payment provider, a call's outcome, or `email:sent`; "
        "empty where nothing is told apart"
    )
    label: str = Field(description="the name of what it is of, where it has one")
    currency: str | None = Field(description="ISO 4217 in lower case, where the figure has an amount")
    count: int
    amount: int | None = Field(description="in minor units of the currency")


class FiguresOut(BaseModel):
    """The figures of some days. A day of which nothing is to be told has none."""

    since: date
    until: date
    time_zone: str = Field(description="whose days they are")
    computed_at: datetime | None = Field(description="what was heard until then is counted; null before the first time")
    figures: list[FigureOut]


@router.get("/v1/figures", dependencies=[needs("reports:read")], responses=problems(422))
def get_figures(
    caller: CallerDep,
    work: WorkDep,
    resources: ResourcesDep,
    since: Since = None,
    until: Until = None,
    figure: Names = [],  # noqa: B006 - FastAPI copies it
) -> FiguresOut:
    """The figures day by day, computed every six hours. 422 `period_too_long` beyond 400 days."""
    with work() as session:
        standing = figures.standing_of(session, caller.organisation_id, resources.settings.timezone)
        period = _period(since, until, standing.time_zone)
        found = figures.between(session, caller.organisation_id, period, figure)
    lines = [
        FigureOut(
            day=one.day,
            figure=one.figure,
            dimension=one.dimension,
            label=one.label,
            currency=one.currency or None,
            count=one.count,
            amount=one.amount if one.currency else None,
        )
        for one in found
    ]
    return FiguresOut(
        since=period.first,
        until=period.last,
        time_zone=standing.time_zone,
        computed_at=standing.computed_at,
        figures=lines,
    )


_PICTURES = {200: {"content": {"image/png": {}, "image/svg+xml": {}}}, **problems(422)}


@router.get(
    "/v1/figures/chart.{kind}", dependencies=[needs("reports:read")], response_class=Response, responses=_PICTURES
)
def get_chart(
    kind: Format,
    caller: CallerDep,
    work: WorkDep,
    resources: ResourcesDep,
    chart_name: Chart = "revenue",
    since: Since = None,
    until: Until = None,
    language: Annotated[Literal["en", "de"] | None, Query(description="the organisation's, if left out")] = None,
    width: Width = 720,
) -> Response:
    """A picture of some figures: bars from zero, by day, or by week beyond a quarter of a year."""
    with work() as session:
        wanted = preferences.wanted(session, caller.organisation_id, resources.settings.timezone)
        standing = figures.standing_of(session, caller.organisation_id, resources.settings.timezone)
        period = _period(since, until, standing.time_zone)
        found = figures.between(session, caller.organisation_id, period, figures_of(chart_name))
    shown = chart(chart_name, found, period, language or wanted.spoken)
    picture = draw(shown, kind, width=width, height=max(250, width // 2), paths=False)
    media_type = "image/svg+xml" if kind == "svg" else "image/png"
    return Response(picture, media_type=media_type, headers=_PICTURE_HEADERS)


def _period(since: date | None, until: date | None, time_zone: str) -> Period:
    """The days that are asked for. Raises Problem 422."""
    last = until or last_days(now(), Preferences(time_zone=time_zone).zone, 1).last
    if last < date.min + DAYS_UNASKED * date.resolution:
        raise Problem(422, "validation_failed", "until: that is too long ago")
    first = since or last - (DAYS_UNASKED - 1) * date.resolution
    if first > last:
        raise Problem(422, "validation_failed", "since: it is after until")
    if (last - first).days >= MOST_DAYS:
        raise Problem(422, "period_too_long", f"over {MOST_DAYS} days are too many: ask for fewer")
    return Period(first, last)
