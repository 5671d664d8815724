"""Large orders: printed in parts of a batch, and fulfilled once all are there. On a real database."""

from dataclasses import replace
from typing import Any

import pytest

from services.ticketing import actors
from services.ticketing.domain.events import MAX_TICKETS_PER_ORDER
from services.ticketing.domain.orders import Order, OrderStatus
from services.ticketing.domain.tickets import qr_key, ticket_ids
from services.ticketing.handlers.printing import PRINTED_AT_ONCE
from services.ticketing.handlers.tickets import Press
from shared.contracts.notifications import AlertFailure, AlertOperations
from shared.contracts.ticketing import (
    INLINE_TICKETS,
    FulfilOrder,
    OrderFulfilled,
    PrintTickets,
    RedrawPictures,
    TicketsIssued,
)
from shared.errors import PermanentError
from shared.ids import new_id
from shared.messaging.batch import BatchState, show_batch
from shared.messaging.failed_jobs import retry_failed
from shared.messaging.outbox import publish
from shared.messaging.testing import memory_storage, run_inline
from shared.storage import open_storage
from tests.integration.ticketing.scene import Scene


@pytest.fixture
def quick(scene: Scene) -> Press:
    """A press whose pictures cost nothing."""
    return replace(scene.press, qr_png=lambda text: text.encode(), storage=memory_storage())


def placed(scene: Scene, quantity: int) -> Order:
    """A free order: it is paid at once."""
    event = scene.event()
    return scene.order(event, {scene.ticket_type(event, quantity, price=0).id: quantity})


def batch_of(scene: Scene, order: Order) -> BatchState:
    batch_id = scene.stored(order).batch_id
    assert batch_id is not None
    with scene.work() as session:
        return show_batch(session, batch_id)


def test_ten_thousand_tickets_are_issued_once_each_and_told_of_once(scene: Scene, quick: Press) -> None:
    """Every message comes twice. One order is fulfilled once, with its first tickets; all are told of, and stored."""
    order = placed(scene, 10_000)

    scene.inline(twice=True, press=quick).drain()

    issued, told = scene.tickets(order), [TicketsIssued(**fields) for fields in scene.published(TicketsIssued)]
    (fulfilled,) = scene.published(OrderFulfilled)
    assert scene.stored(order).status is OrderStatus.FULFILLED
    assert [ticket.id for ticket in issued] == [ticket for _, ticket in ticket_ids(order)]
    assert len({ticket.code for ticket in issued}) == len({ticket.token for ticket in issued}) == 10_000
    assert sorted(ticket.id for one in told for ticket in one.tickets) == [ticket.id for ticket in issued]
    assert len({one.part for one in told}) == len(told)
    assert (fulfilled["ticket_count"], len(fulfilled["tickets"])) == (10_000, INLINE_TICKETS)
    assert [one["id"] for one in fulfilled["tickets"]] == [str(ticket.id) for ticket in issued[:INLINE_TICKETS]]


@pytest.mark.parametrize("quantity", [1, PRINTED_AT_ONCE])
def test_a_small_order_is_one_message(scene: Scene, quick: Press, quantity: int) -> None:
    """It waits for nobody, and for no batch."""
    order = placed(scene, quantity)

    ran = scene.inline(press=quick).drain()

    assert [one.kind for one in ran] == ["ticketing.order.generate_tickets"]
    assert (scene.stored(order).batch_id, scene.stored(order).status) == (None, OrderStatus.FULFILLED)


def test_the_batch_shows_how_far_it_is(scene: Scene) -> None:
    """It belongs to the order's organisation, and the order names it."""
    order = placed(scene, PRINTED_AT_ONCE + 1)
    scene.generate(order.id)

    batch = batch_of(scene, order)

    parts = scene.published(PrintTickets)
    assert (batch.organisation_id, batch.total, batch.done) == (scene.organisation_id, 2, 0)
    assert [(part["first"], part["count"]) for part in parts] == [(0, PRINTED_AT_ONCE), (PRINTED_AT_ONCE, 1)]


def test_generating_again_starts_no_second_batch(scene: Scene) -> None:
    """Whoever asks."""
    order = placed(scene, PRINTED_AT_ONCE + 1)
    scene.generate(order.id)
    scene.generate(order.id)
    assert len(scene.published(PrintTickets)) == 2


def test_a_part_that_failed_is_printed_by_hand_and_ends_the_order(scene: Scene, quick: Press) -> None:
    """The others are printed, operations hear that some are missing, and the buyer gets all of them in the end."""
    order = placed(scene, 3 * PRINTED_AT_ONCE)
    broken = [list(ticket_ids(order))[PRINTED_AT_ONCE + 3][1]]

    def put(key: str, data: bytes, content_type: str) -> object:
        if any(str(ticket) in key for ticket in broken):
            raise PermanentError("no room for this one")
        return quick.storage.put(key, data, content_type)

    inline = scene.inline(press=replace(quick, storage=Putting(put)))
    inline.drain()
    before = (scene.stored(order).status, len(scene.tickets(order)), scene.published(OrderFulfilled))
    alerts = scene.published(AlertFailure), scene.published(AlertOperations)

    broken.clear()
    (job,) = scene.database.query("SELECT id FROM messaging.failed_job")
    with scene.work() as session:
        retry_failed(session, job[0])
    inline.drain()

    assert before == (OrderStatus.PAID, 2 * PRINTED_AT_ONCE, [])
    assert [len(one) for one in alerts] == [1, 1]
    assert f"{2 * PRINTED_AT_ONCE} of {3 * PRINTED_AT_ONCE} tickets" in alerts[1][0]["subject"]
    assert scene.stored(order).status is OrderStatus.FULFILLED
    assert len(scene.tickets(order)) == 3 * PRINTED_AT_ONCE
    assert len(scene.published(OrderFulfilled)) == 1


def test_fulfilling_twice_tells_once(scene: Scene, quick: Press) -> None:
    """A second command finds the order fulfilled."""
    order = placed(scene, PRINTED_AT_ONCE + 1)
    inline = scene.inline(press=quick)
    inline.drain()
    with scene.work() as session:
        publish(session, FulfilOrder(order_id=order.id))
    inline.drain()
    assert len(scene.published(OrderFulfilled)) == 1


def test_lost_pictures_are_drawn_again(scene: Scene) -> None:
    """The same bytes under the same keys; a ticket that does not exist is passed over."""
    storage = open_storage(scene.folder.as_uri())
    tickets = scene.issued(2)
    before = {ticket.qr_key: storage.get(ticket.qr_key) for ticket in tickets}
    for key in before:
        storage.delete(key)
    nobody = qr_key(scene.organisation_id, tickets[0].event_id, new_id())

    message = RedrawPictures(keys=(*before, nobody))
    run_inline(actors.redraw_pictures, message, scene.work, scene.press)

    assert {key: storage.get(key) for key in before} == before
    assert not storage.exists(nobody)


class Putting:
    """A storage that is a function."""

    def __init__(self, put: Any) -> None:
        self.put = put


def test_the_largest_order_has_ids_that_sort_as_it_lists_them(scene: Scene) -> None:
    """Also where the position needs more bits than the counter of an id has; smaller orders keep the ids they had."""
    order = placed(scene, MAX_TICKETS_PER_ORDER)
    ids = [ticket for _, ticket in ticket_ids(order)]
    assert ids == sorted(set(ids))
    assert len(ids) == MAX_TICKETS_PER_ORDER
    assert [ticket for _, ticket in ticket_ids(order, 4_090, 20)] == ids[4_090:4_110]
