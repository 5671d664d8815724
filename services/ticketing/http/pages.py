"""What people open in a browser, without a key: a ticket's QR code, and the page with the tickets of an order."""

import functools
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined

from services.ticketing.domain.events import Event
from services.ticketing.domain.links import Links, link_expiry, order_path, qr_path
from services.ticketing.domain.orders import Order
from services.ticketing.domain.tickets import Ticket
from services.ticketing.errors import TicketNotFoundError
from services.ticketing.http.dependencies import LinksDep, WorkDep
from services.ticketing.repository import Events, Orders, Tickets
from shared.api import ResourcesDep, problems
from shared.clock import now
from shared.signed_links import LinkExpiredError, LinkInvalidError
from shared.storage import Storage, StorageObjectMissing

router = APIRouter()

TICKETS_PER_PAGE = 100
PAGE_HEADERS = {
    "Cache-Control": "private, no-store",
    "Content-Security-Policy": "default-src 'none'; img-src http: https:; style-src 'unsafe-inline'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

Expires = Annotated[int, Query(ge=0, le=10**11, description="seconds since 1970")]
Signature = Annotated[str, Query(max_length=100)]


@router.get(
    "/tickets/{ticket_id}/qr.png",
    response_class=Response,
    responses={200: {"content": {"image/png": {}}}, **problems(403, 404, 410)},
)
def ticket_qr(
    ticket_id: UUID,
    work: WorkDep,
    resources: ResourcesDep,
    links: LinksDep,
    expires: Expires = 0,
    signature: Signature = "",
) -> Response:
    """The QR code of a ticket, for whoever has the signed link to it. One that the storage has lost is drawn again."""
    links.check(qr_path(ticket_id), expires, signature, now())
    with work() as session:
        found = Tickets(session).picture(ticket_id)
    if found is None:
        raise TicketNotFoundError(f"there is no ticket {ticket_id}")
    key, token = found
    try:
        png = resources.storage.get(key)
    except StorageObjectMissing:
        png = _drawn_again(resources.storage, key, token)
    return Response(png, media_type="image/png", headers={"Cache-Control": "private, max-age=86400"})


@router.get("/orders/{order_id}/tickets", response_class=HTMLResponse, responses=problems(404))
def order_page(
    order_id: UUID,
    work: WorkDep,
    resources: ResourcesDep,
    links: LinksDep,
    expires: Expires = 0,
    signature: Signature = "",
    page: Annotated[int, Query(ge=1, le=1_000)] = 1,
) -> HTMLResponse:
    """All tickets of an order on one page (a hundred on each, where there are more), for a phone or for printing."""
    try:
        links.check(order_path(order_id), expires, signature, now())
    except (LinkInvalidError, LinkExpiredError) as error:
        return _html("link.html.j2", error.http_status, message=str(error))
    with work() as session:
        order = Orders(session).get(order_id)
        event = Events(session).get(order.organisation_id, order.event_id)
        tickets = (
            Tickets(session).of_order(
                order.organisation_id, order_id, limit=TICKETS_PER_PAGE, offset=(page - 1) * TICKETS_PER_PAGE
            )
            if order.has_tickets
            else []
        )
    return _order_html(order, event, tickets, links, page, ZoneInfo(resources.settings.timezone))


def _drawn_again(storage: Storage, key: str, token: str) -> bytes:
    """The picture follows from the token; the library that draws it is loaded when it is needed, which is hardly ever."""
    from services.ticketing.adapters.qr import qr_png

    png = qr_png(token)
    storage.put(key, png, "image/png")
    return png


def _order_html(
    order: Order, event: Event, tickets: list[Ticket], links: Links, page: int, zone: ZoneInfo
) -> HTMLResponse:
    expires = link_expiry(event.over_at, now())
    pages = max(1, -(-order.ticket_count // TICKETS_PER_PAGE))
    url = links.order_url(order.id, expires)
    return _html(
        "tickets.html.j2",
        200,
        event=event,
        starts_at=event.starts_at.astimezone(zone),
        order=order,
        first=(page - 1) * TICKETS_PER_PAGE + 1,
        tickets=[(ticket, links.qr_url(ticket.id, expires)) for ticket in tickets],
        page=page,
        pages=[(number, f"{url}&page={number}") for number in range(1, pages + 1)],
    )


def _html(template: str, status: int, **values: object) -> HTMLResponse:
    return HTMLResponse(_templates().get_template(template).render(values), status, headers=PAGE_HEADERS)


@functools.cache
def _templates() -> Environment:
    """Escapes everything: names come from customers."""
    loader = PackageLoader("services.ticketing", "templates")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
