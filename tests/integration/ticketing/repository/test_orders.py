"""SQL of orders."""

from dataclasses import replace

from services.ticketing.domain.orders import Item, NewOrder
from services.ticketing.repository import Orders
from shared.ids import new_id
from tests.integration.ticketing.scene import CUSTOMER, HOLD, Scene


def test_a_number_is_taken_once_in_an_organisation(scene: Scene) -> None:
    """A second order with it is not stored; another organisation may have the same."""
    event = scene.event()
    kind = scene.ticket_type(event, 5)
    item = Item(id=new_id(), ticket_type_id=kind.id, ticket_type="Standing", quantity=1, unit_price=5)
    new = NewOrder(
        id=new_id(),
        organisation_id=scene.organisation_id,
        event_id=event.id,
        number="K7M2QX",
        currency="eur",
        customer=CUSTOMER,
        items=(item,),
    )
    with scene.work() as session:
        orders = Orders(session)
        first = orders.add(new, HOLD)
        second = orders.add(replace(new, id=new_id(), items=(replace(item, id=new_id()),)), HOLD)
        elsewhere = orders.add(
            replace(new, id=new_id(), organisation_id=new_id(), items=(replace(item, id=new_id()),)), HOLD
        )
    assert first is not None
    assert second is None
    assert elsewhere is not None


def test_the_sweep_finds_overdue_orders_by_their_index(scene: Scene) -> None:
    """Looking every minute costs nothing when nothing is overdue, however many orders there are."""
    plan = scene.database.query(
        "EXPLAIN SELECT id FROM ticketing.orders WHERE status = 'held' AND expires_at <= statement_timestamp()"
    )
    scene.database.query("SET enable_seqscan = off")
    assert "Seq Scan" not in str(plan) or "ix_orders_held" in str(plan)
