"""Selling under pressure, expiring, cancelling."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import UUID

import psycopg
import pytest

from services.ticketing.domain.orders import Order, OrderStatus
from services.ticketing.errors import (
    EventNotFoundError,
    OrderNotFoundError,
    OrderStateError,
    SoldOutError,
    StockBusyError,
    TooManyPerOrderError,
    UnknownTicketTypeError,
)
from services.ticketing.handlers import orders, stock
from shared.contracts.ticketing import (
    EventCreated,
    ExpireOrders,
    GenerateTickets,
    OrderCancelled,
    OrderExpired,
    OrderPaid,
    OrderPlaced,
)
from shared.ids import new_id
from tests.integration.ticketing.scene import HOLD, OVER, Scene
from tests.support.waiting import wait_for

HELD, PAID, EXPIRED, CANCELLED = OrderStatus.HELD, OrderStatus.PAID, OrderStatus.EXPIRED, OrderStatus.CANCELLED


def together(calls: Sequence[Callable[[], object]]) -> tuple[Counter[str], float]:
    """Call all at the same moment, each in a thread. How each ended (`ok` or its error), and the longest in seconds."""
    barrier = Barrier(len(calls))

    def run(call: Callable[[], object]) -> tuple[str, float]:
        barrier.wait(30)
        started = time.monotonic()
        try:
            call()
        except (SoldOutError, StockBusyError) as error:
            return error.code, time.monotonic() - started
        return "ok", time.monotonic() - started

    with ThreadPoolExecutor(len(calls)) as pool:
        ended = list(pool.map(run, calls))
    return Counter(result for result, _ in ended), max(seconds for _, seconds in ended)


def test_two_hundred_buyers_for_fifty_tickets_get_exactly_fifty(scene: Scene) -> None:
    """The others are told that it is sold out, and nobody waits longer than three seconds."""
    scene.database.engine("ticketing", pool_size=10)
    event = scene.event()
    kind = scene.ticket_type(event, 50)
    ended, longest = together([lambda: scene.order(event, {kind.id: 1})] * 200)
    assert ended == {"ok": 50, "sold_out": 150}
    assert scene.reserved(kind) == scene.database.value("SELECT count(*) FROM ticketing.orders") == 50
    assert longest < 3


def test_orders_that_want_the_same_types_in_turn_never_block_each_other(scene: Scene) -> None:
    """Types are taken in one order, whatever the order of the wish; what does not fit takes nothing at all."""
    event = scene.event()
    first, second = scene.ticket_type(event, 30), scene.ticket_type(event, 20)
    forth = [lambda: scene.order(event, {first.id: 1, second.id: 1})] * 20
    back = [lambda: scene.order(event, {second.id: 1, first.id: 1})] * 20
    ended, _ = together([*forth, *back])
    assert ended == {"ok": 20, "sold_out": 20}
    assert (scene.reserved(first), scene.reserved(second)) == (20, 20)


def test_an_order_holds_its_tickets_for_the_time_of_the_hold(scene: Scene) -> None:
    """Amount, currency and end of the hold are those of the event, the types and the setting."""
    event = scene.event(currency="usd")
    standing, seated = scene.ticket_type(event, 10, price=2_000), scene.ticket_type(event, 10, price=3_500)
    order = scene.order(event, {standing.id: 2, seated.id: 1})
    assert order.expires_at is not None
    assert order.expires_at - order.created_at == HOLD
    assert (order.status, order.amount, order.currency) == (HELD, 7_500, "usd")
    assert scene.stored(order) == order


def test_an_order_that_does_not_fit_names_the_type_and_leaves_no_trace(scene: Scene) -> None:
    """All or nothing."""
    event = scene.event()
    plenty, scarce = scene.ticket_type(event, 10), scene.ticket_type(event, 1, name="Box")
    with pytest.raises(SoldOutError) as refused:
        scene.order(event, {plenty.id: 2, scarce.id: 2})
    assert str(refused.value) == "'Box' is sold out, or has fewer than 2 left"
    assert refused.value.extra == {"ticket_type_id": scarce.id}
    assert (scene.reserved(plenty), scene.reserved(scarce)) == (0, 0)


def test_a_hold_that_is_over_gives_way_to_the_next_buyer(scene: Scene) -> None:
    """Expiry does not wait for the sweep, and frees all types of the old order."""
    event = scene.event()
    wanted, other = scene.ticket_type(event, 2), scene.ticket_type(event, 5)
    old = scene.order(event, {wanted.id: 2, other.id: 3}, hold=OVER)
    new = scene.order(event, {wanted.id: 1})
    assert (scene.stored(old).status, scene.stored(new).status) == (EXPIRED, HELD)
    assert (scene.reserved(wanted), scene.reserved(other)) == (1, 0)
    assert [message["order_id"] for message in scene.published(OrderExpired)] == [str(old.id)]


def test_nobody_is_told_sold_out_while_old_holds_are_being_freed(scene: Scene) -> None:
    """Twenty buyers at once for twenty tickets that are all in holds that are over: each gets one."""
    event = scene.event()
    kind = scene.ticket_type(event, 20)
    for _ in range(10):
        scene.order(event, {kind.id: 2}, hold=OVER)
    ended, _ = together([lambda: scene.order(event, {kind.id: 1})] * 20)
    assert ended == {"ok": 20}
    assert scene.reserved(kind) == 20


def test_whoever_sells_out_and_whoever_expires_do_not_wait_in_a_circle(scene: Scene) -> None:
    """A buyer waits for the last tickets while the sweep, which holds the order that is over, is about to free them: an
    update that has waited keeps its row's lock, though its condition does not hold any more.
    """
    event = scene.event()
    kind = scene.ticket_type(event, 2)
    old = scene.order(event, {kind.id: 1}, hold=OVER)
    with (
        ThreadPoolExecutor(1) as pool,
        psycopg.connect(scene.database.url) as rival,
        psycopg.connect(scene.database.url) as sweep,
    ):
        sweep.execute("SELECT 1 FROM ticketing.orders WHERE id = %s FOR UPDATE", [old.id])
        rival.execute("UPDATE ticketing.ticket_types SET reserved = reserved + 1 WHERE id = %s", [kind.id])
        buyer = pool.submit(scene.order, event, {kind.id: 1})
        wait_for(lambda: waiting_for_locks(scene) == 1, 10, "the buyer to wait for the last ticket")
        rival.commit()
        wait_for(lambda: waiting_for(scene, "orders"), 10, "the buyer to wait for the order that is over")
        sweep.execute("SET LOCAL lock_timeout = '2s'")
        sweep.execute("UPDATE ticketing.ticket_types SET reserved = reserved - 1 WHERE id = %s", [kind.id])
        sweep.execute("UPDATE ticketing.orders SET status = 'expired', expired_at = now() WHERE id = %s", [old.id])
        sweep.commit()
        ordered = buyer.result(timeout=20)

    assert (scene.stored(ordered).status, scene.reserved(kind)) == (HELD, 2)


def test_many_holds_that_are_over_are_ended_in_batches(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are, each statement and each list is bounded."""
    monkeypatch.setattr(stock, "OVERDUE_BATCH", 2)
    event = scene.event()
    kind = scene.ticket_type(event, 5)
    for _ in range(5):
        scene.order(event, {kind.id: 1}, hold=OVER)
    scene.order(event, {kind.id: 5})

    assert (scene.reserved(kind), len(scene.published(OrderExpired))) == (5, 5)


def waiting_for_locks(scene: Scene) -> int:
    """How many transactions wait for another one."""
    return int(
        scene.database.value(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            " AND backend_type = 'client backend'"
        )
    )


def waiting_for(scene: Scene, table: str) -> bool:
    """Whether somebody waits for a row in a statement about this table."""
    statement = (
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        " AND backend_type = 'client backend' AND query ILIKE %s AND query NOT ILIKE '%%pg_stat_activity%%'"
    )
    return bool(
        scene.database.value(statement, f"%FROM%ticketing.{table}%")
        or scene.database.value(statement, f"%FROM {table}%")
    )


def test_a_hold_in_time_gives_way_to_nobody(scene: Scene) -> None:
    """Its tickets are promised."""
    event = scene.event()
    kind = scene.ticket_type(event, 2)
    held = scene.order(event, {kind.id: 2})
    with pytest.raises(SoldOutError):
        scene.order(event, {kind.id: 1})
    assert scene.stored(held).status is HELD


def test_whoever_waits_three_seconds_for_stock_is_told_to_try_again(scene: Scene) -> None:
    """A foreseen error that says when, instead of a hanging request."""
    event = scene.event()
    kind = scene.ticket_type(event, 5)
    started = time.monotonic()
    with psycopg.connect(scene.database.url) as other:
        other.execute("UPDATE ticketing.ticket_types SET reserved = reserved WHERE id = %s", [kind.id])
        with pytest.raises(StockBusyError) as busy:
            scene.order(event, {kind.id: 1})
    assert (busy.value.http_status, busy.value.retry_after, scene.reserved(kind)) == (503, 1, 0)
    assert 2.9 < time.monotonic() - started < 30  # without a limit it waits for as long as the other likes


@pytest.mark.parametrize("reserved", [-1, 6])
def test_the_database_itself_refuses_a_counter_out_of_bounds(scene: Scene, reserved: int) -> None:
    """The last guard, should the code ever be wrong."""
    kind = scene.ticket_type(scene.event(), 5)
    with pytest.raises(psycopg.errors.CheckViolation, match="reserved_within_quantity"):
        scene.database.query("UPDATE ticketing.ticket_types SET reserved = %s WHERE id = %s", reserved, kind.id)


def test_an_order_that_costs_nothing_is_paid_at_once(scene: Scene) -> None:
    """It is told as paid, without a payment, and its tickets are asked for."""
    event = scene.event()
    order = scene.order(event, {scene.ticket_type(event, 5, price=0).id: 2})
    (paid,) = scene.published(OrderPaid)
    assert (order.status, order.amount, order.expires_at) == (PAID, 0, None)
    assert (paid["order_id"], paid["amount"], paid["payment_id"]) == (str(order.id), 0, None)
    assert scene.published(GenerateTickets) == [{"order_id": str(order.id)}]


def test_more_than_the_types_limit_is_refused(scene: Scene) -> None:
    """And takes nothing."""
    event = scene.event()
    kind = scene.ticket_type(event, 10, max_per_order=4)
    with pytest.raises(TooManyPerOrderError):
        scene.order(event, {kind.id: 5})
    assert scene.reserved(kind) == 0


def test_an_order_takes_types_of_its_own_event_only(scene: Scene) -> None:
    """One of another event, another organisation or of nobody is unknown."""
    event = scene.event()
    other = scene.elsewhere()
    foreign = [scene.ticket_type(scene.event(), 5).id, other.ticket_type(other.event(), 5).id, new_id()]
    refused: list[UUID] = []
    for ticket_type_id in foreign:
        with pytest.raises(UnknownTicketTypeError):
            scene.order(event, {ticket_type_id: 1})
        refused.append(ticket_type_id)
    assert refused == foreign


def test_another_organisations_event_is_not_there(scene: Scene) -> None:
    """Neither to order from nor to add to."""
    event = scene.event()
    with pytest.raises(EventNotFoundError):
        scene.elsewhere().order(event, {new_id(): 1})
    with pytest.raises(EventNotFoundError):
        scene.elsewhere().ticket_type(event, 5)
    assert scene.database.value("SELECT count(*) FROM ticketing.ticket_types") == 0


def cancel(scene: Scene, order: Order) -> Order:
    with scene.work() as session:
        return orders.cancel_order(session, scene.organisation_id, order.id)


def test_a_cancelled_order_frees_its_tickets_once(scene: Scene) -> None:
    """Cancelling again changes nothing."""
    event = scene.event()
    kind = scene.ticket_type(event, 5)
    order, _other = scene.order(event, {kind.id: 2}), scene.order(event, {kind.id: 1})
    assert cancel(scene, order).status is cancel(scene, order).status is CANCELLED
    assert scene.reserved(kind) == 1


def test_an_order_that_is_paid_cannot_be_cancelled(scene: Scene) -> None:
    """It would have to be refunded."""
    event = scene.event()
    order = scene.order(event, {scene.ticket_type(event, 5, price=0).id: 2})
    with pytest.raises(OrderStateError) as refused:
        cancel(scene, order)
    assert refused.value.http_status == 409


def test_another_organisations_order_cannot_be_cancelled(scene: Scene) -> None:
    """It is not there."""
    event = scene.event()
    order = scene.order(event, {scene.ticket_type(event, 5).id: 2})
    with pytest.raises(OrderNotFoundError):
        cancel(scene.elsewhere(), order)
    assert scene.stored(order).status is HELD


def test_the_sweep_frees_what_is_over_and_nothing_else(scene: Scene) -> None:
    """Of all organisations; each order is told as expired under its own."""
    other = scene.elsewhere()
    mine, theirs = scene.event(), other.event()
    kind, their_kind = scene.ticket_type(mine, 10), other.ticket_type(theirs, 10)
    over = [scene.order(mine, {kind.id: 2}, hold=OVER), other.order(theirs, {their_kind.id: 3}, hold=OVER)]
    held = scene.order(mine, {kind.id: 1})
    scene.sweep()
    assert (scene.reserved(kind), scene.reserved(their_kind), scene.stored(held).status) == (1, 0, HELD)
    assert {message["order_id"] for message in scene.published(OrderExpired)} == {str(order.id) for order in over}
    assert {message["organisation_id"] for message in scene.published(OrderExpired)} == {
        str(scene.organisation_id),
        str(other.organisation_id),
    }


def test_a_sweep_of_more_than_a_batch_goes_on_by_itself(scene: Scene) -> None:
    """Each batch is a transaction of its own, so that the stock is not held for long."""
    event = scene.event()
    kind = scene.ticket_type(event, 10)
    for _ in range(3):
        scene.order(event, {kind.id: 1}, hold=OVER)
    with scene.work() as session:
        orders.expire_due(session, batch=2)
    assert (scene.reserved(kind), scene.published(ExpireOrders)) == (1, [{}])


def test_sweeps_at_the_same_time_free_each_order_once(scene: Scene) -> None:
    """The scheduler may be late, and several workers run."""
    event = scene.event()
    kind = scene.ticket_type(event, 40)
    for _ in range(20):
        scene.order(event, {kind.id: 1}, hold=OVER)
    scene.order(event, {kind.id: 20})
    together([scene.sweep] * 6)
    scene.sweep()
    assert scene.reserved(kind) == 20
    assert len(scene.published(OrderExpired)) == 20


def test_an_order_is_told_of_with_its_items(scene: Scene) -> None:
    """Once, in the transaction that places it, at the prices of that moment."""
    event = scene.event()
    standing, seated = scene.ticket_type(event, 9), scene.ticket_type(event, 9, price=3_500, name="Seated")
    order = scene.order(event, {standing.id: 2, seated.id: 1})
    (told,) = [OrderPlaced(**fields) for fields in scene.published(OrderPlaced)]
    assert (told.order_id, told.number, told.amount, told.currency) == (order.id, order.number, 7_500, "eur")
    assert (told.customer_name, told.customer_email) == (order.customer.name, order.customer.email)
    assert (told.placed_at, told.expires_at) == (order.created_at, order.expires_at)
    assert {(item.ticket_type, item.quantity, item.unit_price) for item in told.items} == {
        ("Standing", 2, 2_000),
        ("Seated", 1, 3_500),
    }


def test_what_is_sold_out_is_not_told_of(scene: Scene) -> None:
    """Nothing was placed."""
    event = scene.event()
    kind = scene.ticket_type(event, 1)
    with pytest.raises(SoldOutError):
        scene.order(event, {kind.id: 2})
    assert scene.published(OrderPlaced) == []


def test_an_order_of_many_types_with_long_names_fits_into_a_message(scene: Scene) -> None:
    """A hundred types, of 200 characters with four bytes each: the names are cut, the order is placed."""
    event = scene.event()
    kinds = [scene.ticket_type(event, 9, name="🎟" * 200) for _ in range(100)]
    scene.order(event, {kind.id: 1 for kind in kinds})
    (told,) = scene.published(OrderPlaced)
    assert len(told["items"]) == 100


def test_a_cancelled_order_is_told_of_once(scene: Scene) -> None:
    """Also when it is cancelled twice."""
    event = scene.event()
    order = scene.order(event, {scene.ticket_type(event, 5).id: 2})
    cancelled = cancel(scene, order)
    cancel(scene, order)
    (told,) = [OrderCancelled(**fields) for fields in scene.published(OrderCancelled)]
    assert (told.order_id, told.number, told.cancelled_at) == (order.id, order.number, cancelled.cancelled_at)


def test_an_event_is_told_of(scene: Scene) -> None:
    """With all that a report says of it."""
    event = scene.event()
    (told,) = [EventCreated(**fields) for fields in scene.published(EventCreated)]
    assert (told.event_id, told.organisation_id, told.name) == (event.id, scene.organisation_id, event.name)
    assert (told.venue, told.currency, told.starts_at) == (event.venue, event.currency, event.starts_at)
