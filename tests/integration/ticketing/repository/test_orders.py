"""SQL of orders."""

from dataclasses import replace

from sqlalchemy import select, text

from services.ticketing.domain.orders import Item, NewOrder
from services.ticketing.models import OrderRow
from services.ticketing.repository import Orders
from services.ticketing.repository.orders import overdue
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


def test_overdue_orders_are_found_by_their_index(scene: Scene) -> None:
    """The condition fits the partial index, so that looking costs nothing however many orders there are."""
    with scene.work() as session:
        session.execute(text("SET LOCAL enable_seqscan = off"))
        statement = select(OrderRow.id).where(overdue())
        compiled = statement.compile(session.get_bind(), compile_kwargs={"literal_binds": True})
        plan = session.execute(text(f"EXPLAIN {compiled}")).scalars().all()
    assert "ix_orders_held" in " ".join(plan)
