"""What a link opens: the grant of its token, the appointment, and the way between its pages."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Header, Request
from fastapi.responses import RedirectResponse, Response
from fastapi.routing import APIRoute

from services.appointments.domain.appointments import Appointment
from services.appointments.domain.links import Grant, Links, Purpose, link_key
from services.appointments.errors import LinkExpiredError, LinkInvalidError
from services.appointments.handlers.offers import open_offers
from services.appointments.http.dependencies import WorkDep
from services.appointments.http.pages import HEADERS, page
from services.appointments.http.pages.views import Choice, View
from services.appointments.http.pages.words import WORDS, Said, Standing, Trouble
from services.appointments.repository.appointments import Appointments
from services.appointments.repository.companies import Companies
from shared.api import ResourcesDep
from shared.clock import now
from shared.database.session import UnitOfWork
from shared.spoken_time import language_of

STATUS: Mapping[Trouble, int] = {Trouble.INVALID: 403, Trouble.EXPIRED: 410, Trouble.GONE: 404, Trouble.NO_TIMES: 503}
"""What programs are told; of all other troubles, that the appointment does not stand so (409)."""

Offer = tuple[Choice, str]
"""A time that is offered, and the address of the page that takes it."""


class Shown(Exception):  # noqa: N818 - it is an answer, not a fault
    """Raised to answer with this page instead, from however deep below."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


class PageRoute(APIRoute):
    """A route whose endpoint may raise Shown."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return await handle(request)
            except Shown as shown:
                return shown.response

        return answer


@dataclass(frozen=True, slots=True)
class Opened:
    """A genuine link, opened. `home` leads to its first page from the one that is shown.

    All addresses are relative, so that pages work below whatever address PUBLIC_URL is.
    """

    links: Links
    token: str
    grant: Grant
    view: View
    offers: Sequence[Offer]
    home: str

    @property
    def may_change(self) -> bool:
        """Whether this link cancels and moves, and the appointment can be."""
        return self.grant.purpose is Purpose.MANAGE and self.view.can_change

    @property
    def offered(self) -> datetime | None:
        """The time that the link takes, where it is still offered."""
        starts_at = self.grant.starts_at
        open_now = starts_at is not None and self.view.choice(starts_at) in [choice for choice, _ in self.offers]
        return starts_at if open_now else None

    def page(self, template: str, *, said: Said, trouble: Trouble | None = None, **values: Any) -> Response:
        """A page of this appointment, with what went wrong above it where something did."""
        view, shown = self.view, self.view.said(said)
        notice = view.said(view.words.troubles[trouble]) if trouble else None
        common = {**view.common(), "home": self.home, "title": shown.title, "text": shown.text, "notice": notice}
        return page(template, STATUS.get(trouble, 409) if trouble else 200, **common, **values)

    def to_home(self) -> Response:
        """Send the browser to the first page, to be read and not sent again (303: RFC 9110, section 15.4.4)."""
        return RedirectResponse(self.home, 303, headers=HEADERS)

    def first_page(self) -> Response:
        """What the link opens: the offered time to take, else the appointment."""
        if self.offered is not None:
            return self._take_page(self.offered)
        was_offered = self.grant.purpose is Purpose.TAKE and self.view.has_offers
        return self.appointment_page(Trouble.TAKEN if was_offered else None)

    def appointment_page(self, trouble: Trouble | None = None) -> Response:
        """The appointment as it stands."""
        view, standing = self.view, self.view.standing
        return self.page(
            "appointment.html.j2",
            said=view.words.standings[standing],
            trouble=trouble,
            rows=view.rows(),
            offers=self.offers,
            offers_title=view.words.free_to_move if view.can_change else "",
            place=view.speaker.place(),
            is_pending=view.is_pending,
            can_change=self.may_change,
            has_file=standing is Standing.BOOKED,
        )

    def _take_page(self, starts_at: datetime) -> Response:
        view, words = self.view, self.view.words
        return self.page(
            "take.html.j2",
            said=words.move_question if view.can_change else words.take_question,
            rows=view.rows_to_take(starts_at),
            yes=words.move_yes if view.can_change else words.take_yes,
            offers=[offer for offer in self.offers if offer[0] != view.choice(starts_at)],
        )


@dataclass(frozen=True, slots=True)
class Opener:
    """Opens links for one request. `below` leads from its page up to the first one."""

    links: Links
    work: UnitOfWork
    path: str
    accept_language: str

    def open(self, token: str) -> Opened:
        """What a token opens now. Raises Shown with a page that says why, where it opens nothing."""
        moment = now()
        try:
            grant = self.links.read(token, moment)
        except LinkInvalidError:
            raise Shown(self._trouble(Trouble.INVALID)) from None
        except LinkExpiredError:
            raise Shown(self._trouble(Trouble.EXPIRED)) from None
        with self.work() as session:
            appointment = Appointments(session).get(grant.appointment_id)
            if appointment is None:
                raise Shown(self._trouble(Trouble.GONE))
            company = Companies(session).get(appointment.organisation_id)
            starts = open_offers(session, appointment.id)
        view = View(appointment, company.name if company else "", moment)
        below = "" if self.path.endswith(token) else "../"
        return Opened(self.links, token, grant, view, self._offers(view, starts, below), below + token)

    def _offers(self, view: View, starts: Sequence[datetime], below: str) -> list[Offer]:
        return [
            (view.choice(start), below + self.links.token(_grant_to_take(view.appointment, start)))
            for start in starts
            if view.has_offers and start > view.now
        ]

    def _trouble(self, trouble: Trouble) -> Response:
        """Who opens a link that says nothing has only told their browser's language."""
        language = language_of(self.accept_language.partition(",")[0].partition(";")[0])
        said = WORDS[language].troubles[trouble]
        facts = {"language": language, "words": WORDS[language], "company": "", "home": ""}
        return page("trouble.html.j2", STATUS[trouble], title=said.title, text=said.text, **facts)


def _grant_to_take(appointment: Appointment, starts_at: datetime) -> Grant:
    return Grant(Purpose.TAKE, appointment.id, starts_at, starts_at)


def _opener(
    request: Request,
    work: WorkDep,
    resources: ResourcesDep,
    accept_language: Annotated[str, Header(max_length=1_000)] = "",
) -> Opener:
    settings = resources.settings
    links = Links(settings.public_url, link_key(settings.secret_key.get_secret_value()))
    return Opener(links, work, request.url.path, accept_language)


OpenerDep = Annotated[Opener, Depends(_opener)]
