"""Issuing tickets, on a real database and a real folder."""

import pytest
import zxingcpp
from PIL import Image

from services.ticketing.domain.codes import ticket_code
from services.ticketing.domain.orders import OrderStatus
from services.ticketing.domain.tickets import read_token, ticket_ids
from services.ticketing.errors import OrderNotFoundError, OrderStateError
from services.ticketing.handlers import printing, tickets
from services.ticketing.handlers.printing import PRINTED_AT_ONCE
from services.ticketing.repository import Events
from shared.contracts.ticketing import GenerateTickets, OrderFulfilled, TicketsIssued
from shared.ids import new_id
from tests.integration.ticketing.scene import Scene


def test_every_item_of_a_paid_order_gets_its_tickets(scene: Scene) -> None:
    """As many as were bought of each type, in the order of the items; each token verifies with the event's key."""
    event = scene.event()
    standing, seated = (scene.ticket_type(event, 9, price=0, name=name) for name in ("Standing", "Seated"))
    order = scene.order(event, {standing.id: 2, seated.id: 3})
    scene.generate(order.id)
    issued = scene.tickets(order)
    with scene.work() as session:
        (key,) = Events(session).keys(scene.organisation_id, event.id)
    read = [read_token(ticket.token) for ticket in issued]
    assert [ticket.ticket_type for ticket in issued] == ["Standing"] * 2 + ["Seated"] * 3
    assert [(token.event_id, token.ticket_id) for token in read] == [(event.id, ticket.id) for ticket in issued]
    assert all(scene.signatures.verify(key.public_key, token.signed, token.signature) for token in read)
    assert scene.stored(order).status is OrderStatus.FULFILLED


def test_the_stored_picture_holds_the_ticket(scene: Scene) -> None:
    """The file that the ticket names is a QR code of its token."""
    (ticket,) = scene.issued()
    with Image.open(scene.folder / ticket.qr_key) as picture:
        found = zxingcpp.read_barcode(picture)
    assert found is not None
    assert found.text == ticket.token


def test_the_order_is_told_as_fulfilled_with_all_that_a_mail_needs(scene: Scene) -> None:
    """Event, customer, tickets and the page's link."""
    event = scene.event()
    order = scene.order(event, {scene.ticket_type(event, 9, price=0).id: 2})
    scene.generate(order.id)
    (message,) = [OrderFulfilled(**fields) for fields in scene.published(OrderFulfilled)]
    issued = scene.tickets(order)
    assert (message.event_name, message.venue, message.starts_at) == (event.name, event.venue, event.starts_at)
    assert (message.customer_email, message.customer_phone) == (order.customer.email, order.customer.phone)
    assert [(one.id, one.code, one.token, one.qr_key) for one in message.tickets] == [
        (ticket.id, ticket.code, ticket.token, ticket.qr_key) for ticket in issued
    ]
    assert message.tickets_url.startswith(f"https://tickets.example/orders/{order.id}/tickets?expires=")
    assert message.ticket_count == 2


def test_a_big_order_is_told_with_twenty_tickets_and_their_number(scene: Scene) -> None:
    """The rest is behind the link; the message stays small."""
    event = scene.event()
    order = scene.order(event, {scene.ticket_type(event, 21, price=0).id: 21})
    scene.generate(order.id)
    (message,) = scene.published(OrderFulfilled)
    assert (message["ticket_count"], len(message["tickets"])) == (21, 20)


def test_generating_again_changes_nothing(scene: Scene) -> None:
    """A fulfilled order has nothing left to do."""
    event = scene.event()
    order = scene.order(event, {scene.ticket_type(event, 9, price=0).id: 3})
    scene.generate(order.id)
    first = scene.tickets(order)
    scene.generate(order.id)
    assert scene.tickets(order) == first
    assert len(scene.published(OrderFulfilled)) == 1


def test_two_runs_that_both_made_the_tickets_issue_them_once(scene: Scene) -> None:
    """Both planned and printed the same; the second record finds the order fulfilled."""
    event = scene.event()
    order = scene.order(event, {scene.ticket_type(event, 9, price=0).id: 3})
    plans, printed = [], []
    for _ in range(2):
        with scene.work() as session:
            plan = printing.plan_order(session, GenerateTickets(order_id=order.id))
        assert plan is not None
        plans.append(plan)
        printed.append(tickets.make_tickets(scene.press, plan))
    for plan, made in zip(plans, printed, strict=True):
        with scene.work() as session:
            tickets.record_tickets(session, scene.press, plan, made)
    assert plans[0] == plans[1]
    assert printed[0] == printed[1] == scene.tickets(order)
    assert len(scene.published(OrderFulfilled)) == 1


def test_a_code_that_another_ticket_has_is_drawn_anew(scene: Scene) -> None:
    """Two tickets never share a code, and a collision does not stop an order."""
    event = scene.event()
    order = scene.order(event, {scene.ticket_type(event, 9, price=0).id: 2})
    (_, first), (_, second) = ticket_ids(order)
    (other,) = scene.issued()
    scene.database.query("UPDATE ticketing.tickets SET code = %s WHERE id = %s", ticket_code(first), other.id)
    scene.generate(order.id)
    assert [ticket.code for ticket in scene.tickets(order)] == [ticket_code(first, draw=1), ticket_code(second)]


def test_tickets_are_not_made_for_an_order_that_is_not_paid(scene: Scene) -> None:
    """Whoever asks."""
    event = scene.event()
    order = scene.order(event, {scene.ticket_type(event, 9).id: 2})
    with pytest.raises(OrderStateError), scene.work() as session:
        printing.plan_order(session, GenerateTickets(order_id=order.id))
    assert scene.tickets(order) == []


def test_tickets_are_not_made_for_an_order_that_is_not_there(scene: Scene) -> None:
    """A foreseen, permanent error."""
    with pytest.raises(OrderNotFoundError) as refused, scene.work() as session:
        printing.plan_order(session, GenerateTickets(order_id=new_id()))
    assert refused.value.code == "order_not_found"


def test_all_tickets_are_told_of_in_parts_and_without_their_tokens(scene: Scene) -> None:
    """Who makes lists needs every ticket, and none of them opens a door."""
    event = scene.event()
    kind = scene.ticket_type(event, 300, price=0)
    order = scene.order(event, {kind.id: PRINTED_AT_ONCE + 2})
    scene.inline().drain()
    told = [TicketsIssued(**fields) for fields in scene.published(TicketsIssued)]
    issued = scene.tickets(order)
    assert sorted((one.part, len(one.tickets)) for one in told) == [(0, PRINTED_AT_ONCE), (PRINTED_AT_ONCE, 2)]
    assert {ticket.id: ticket.code for one in told for ticket in one.tickets} == {one.id: one.code for one in issued}
    assert {ticket.ticket_type_id for one in told for ticket in one.tickets} == {kind.id}
    assert "token" not in str(scene.published(TicketsIssued))
