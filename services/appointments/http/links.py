"""`/a/{token}`: what customers open from a mail or a text message, without a key.

Opening a page changes nothing, however often a mail scanner does so: only the button of a form does. After it the browser
is sent back to the page of the appointment, so that loading that anew sends nothing twice.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import HTMLResponse, Response

from services.appointments.domain.appointments import Appointment
from services.appointments.domain.links import Purpose
from services.appointments.errors import (
    AppointmentBusyError,
    AppointmentNotStandingError,
    OfferGoneError,
    TimeNotPossibleError,
)
from services.appointments.handlers import changes, free_times, offers
from services.appointments.handlers.dependencies import Dependencies
from services.appointments.handlers.letters import calendar_entry, place
from services.appointments.http.dependencies import DependenciesDep, WorkDep
from services.appointments.http.pages import HEADERS
from services.appointments.http.pages.opening import Opened, OpenerDep, PageRoute, Shown
from services.appointments.http.pages.views import View, written
from services.appointments.http.pages.words import Standing, Trouble
from shared.api import problems
from shared.calendar_file import CalendarEntry, calendar_file
from shared.database.session import UnitOfWork
from shared.errors import BellhopError

router = APIRouter(route_class=PageRoute)

DAYS = 7
"""Days of free times on one page."""
MOST_WEEKS = 26
LONGEST_REASON = 500
MOST_FIELDS = 20

Token = Annotated[str, Path(max_length=200, description="the part of a link that opens it")]
Week = Annotated[int, Query(ge=0, le=MOST_WEEKS, description="how many weeks ahead")]


async def _form(request: Request) -> Mapping[str, str]:
    """The fields of a form. Whatever else was sent is no form, and has none."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = (await request.body()).decode("utf-8", "replace")
    if kind != "application/x-www-form-urlencoded" or body.count("&") > MOST_FIELDS:
        return {}
    return dict(parse_qsl(body, keep_blank_values=True))


FormDep = Annotated[Mapping[str, str], Depends(_form)]


@router.get("/a/{token}", response_class=HTMLResponse)
def see_by_link(token: Token, opener: OpenerDep) -> Response:
    """The appointment of a link, with what can be done about it; or the offered time that the link takes."""
    return opener.open(token).first_page()


@router.get("/a/{token}/cancel", response_class=HTMLResponse)
def ask_to_cancel_by_link(token: Token, opener: OpenerDep) -> Response:
    """Asks whether the appointment is to be cancelled."""
    opened = opener.open(token)
    if not opened.may_change:
        return opened.to_home()
    view = opened.view
    return opened.page("cancel.html.j2", said=view.words.cancel_question, rows=view.rows())


@router.post("/a/{token}/cancel", response_class=HTMLResponse)
def cancel_by_link(token: Token, opener: OpenerDep, form: FormDep, work: WorkDep) -> Response:
    """Cancels the appointment. Done twice, it is done once."""
    opened = opener.open(token)
    if opened.grant.purpose is Purpose.MANAGE and opened.view.standing in {Standing.CANCELLING, Standing.CANCELLED}:
        return opened.to_home()
    if not opened.may_change:
        return opened.appointment_page(Trouble.NOT_POSSIBLE)
    appointment, reason = opened.view.appointment, _words(form.get("reason", ""))

    def change(session: Any) -> None:
        changes.cancel(session, appointment.organisation_id, appointment.id, reason)

    return _changed(opened, work, change, lambda: opener.open(token))


@router.get("/a/{token}/reschedule", response_class=HTMLResponse)
def choose_time_by_link(
    token: Token, opener: OpenerDep, work: WorkDep, dependencies: DependenciesDep, week: Week = 0
) -> Response:
    """The free times of a week, one of which the appointment can be moved to."""
    opened = opener.open(token)
    if not opened.may_change:
        return opened.to_home()
    return _times(opened, work, dependencies, week)


@router.post("/a/{token}/reschedule", response_class=HTMLResponse)
def move_by_link(
    token: Token, opener: OpenerDep, form: FormDep, work: WorkDep, dependencies: DependenciesDep
) -> Response:
    """Moves the appointment to the time that was chosen. Done twice, it is done once."""
    opened, starts_at = opener.open(token), _moment(form.get("starts_at", ""))
    view = opened.view
    if (
        opened.grant.purpose is Purpose.MANAGE
        and starts_at
        and starts_at in {view.appointment.starts_at, view.moving_to}
    ):
        return opened.to_home()
    if not opened.may_change:
        return opened.appointment_page(Trouble.NOT_POSSIBLE)
    if starts_at is None or starts_at <= view.now:
        return _times(opened, work, dependencies, 0, Trouble.TAKEN)

    def change(session: Any) -> None:
        changes.reschedule(session, view.appointment.organisation_id, view.appointment.id, starts_at)

    return _changed(opened, work, change, lambda: opener.open(token))


@router.post("/a/{token}/take", response_class=HTMLResponse)
def take_by_link(token: Token, opener: OpenerDep, work: WorkDep) -> Response:
    """Takes the time that was offered: books it, or moves there what stands. Taken twice, it is taken once."""
    opened = opener.open(token)
    starts_at, view = opened.grant.starts_at, opened.view
    if starts_at is None:
        return opened.appointment_page(Trouble.NOT_POSSIBLE)
    if view.moving_to == starts_at:
        return opened.to_home()

    def change(session: Any) -> None:
        offers.take(session, view.appointment.id, starts_at)

    return _changed(opened, work, change, lambda: opener.open(token))


@router.get(
    "/a/{token}/appointment.ics",
    response_class=Response,
    responses={200: {"content": {"text/calendar": {}}}, **problems(404)},
)
def calendar_entry_by_link(token: Token, opener: OpenerDep) -> Response:
    """The appointment for a calendar: the same entry as in its letters, which later ones move or take out."""
    opened = opener.open(token)
    if opened.grant.purpose is not Purpose.MANAGE or opened.view.standing is not Standing.BOOKED:
        return opened.to_home()
    headers = {**HEADERS, "Content-Disposition": 'attachment; filename="appointment.ics"'}
    return Response(_file(opened), media_type="text/calendar; charset=utf-8", headers=headers)


def _changed(
    opened: Opened, work: UnitOfWork, change: Callable[[Any], None], reopened: Callable[[], Opened]
) -> Response:
    """Change it, and send the browser on. What is refused is shown above the appointment as it stands by then."""
    try:
        with work() as session:
            change(session)
    except (OfferGoneError, TimeNotPossibleError):
        return reopened().appointment_page(Trouble.TAKEN)
    except AppointmentNotStandingError:
        return reopened().appointment_page(Trouble.NOT_POSSIBLE)
    except AppointmentBusyError:
        return reopened().appointment_page(Trouble.BUSY)
    return opened.to_home()


def _times(
    opened: Opened, work: UnitOfWork, dependencies: Dependencies, week: int, trouble: Trouble | None = None
) -> Response:
    view = opened.view
    try:
        found = _look(work, dependencies, view.appointment, *_span(view, week))
    except BellhopError as error:
        nothing = view.words.troubles[Trouble.NO_TIMES]
        raise Shown(opened.page("trouble.html.j2", said=nothing, trouble=Trouble.NO_TIMES)) from error
    return opened.page(
        "reschedule.html.j2",
        said=view.words.choose_time,
        trouble=trouble,
        rows=view.rows(),
        days=view.days(found),
        place=view.speaker.zone_name(found[0]) if found else view.speaker.place(),
        earlier=week - 1 if week else None,
        later=week + 1 if week < MOST_WEEKS else None,
    )


def _look(
    work: UnitOfWork, dependencies: Dependencies, appointment: Appointment, since: datetime, until: datetime
) -> Sequence[datetime]:
    """The provider is asked between two transactions, never inside of one."""
    with work() as session:
        prepared = free_times.prepare(session, dependencies.facts, appointment)
    found, usage = free_times.look(dependencies, prepared, since, until)
    with work() as session:
        free_times.record(session, dependencies.facts, prepared, usage)
    return found


def _span(view: View, week: int) -> tuple[datetime, datetime]:
    """Whole days of the customer's, the first from now on."""
    today = view.now.astimezone(view.speaker.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    begins, ends = today + timedelta(days=DAYS * week), today + timedelta(days=DAYS * (week + 1))
    return max(view.now, begins.astimezone(UTC)), ends.astimezone(UTC)


def _moment(text: str) -> datetime | None:
    """The moment that a form names; None for whatever is none."""
    if not text.isdecimal() or len(text) > len("9999999999"):
        return None
    moment = datetime.fromtimestamp(int(text), UTC)
    return moment if written(moment) == text else None


def _words(text: str) -> str:
    """What somebody wrote, without what no database keeps."""
    return text.replace("\x00", "").strip()[:LONGEST_REASON]


def _file(opened: Opened) -> str:
    view = opened.view
    appointment, entry = view.appointment, calendar_entry(view.appointment)
    return calendar_file(
        CalendarEntry(
            uid=entry.uid,
            sequence=entry.sequence,
            written_at=appointment.updated_at,
            starts_at=appointment.starts_at,
            ends_at=appointment.ends_at,
            summary=f"{appointment.service or view.words.appointment} ({view.company})",
            location=place(appointment),
            url=opened.links.url(opened.token),
        ),
        "PUBLISH",
    )
