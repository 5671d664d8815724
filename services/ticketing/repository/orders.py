"""SQL of orders and their items."""

from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_not
from sqlalchemy.orm import Session

from services.ticketing.domain.orders import Customer, Item, NewOrder, Order, OrderStatus
from services.ticketing.errors import OrderNotFoundError, OrderStateError
from services.ticketing.models import OrderItemRow, OrderRow
from services.ticketing.repository.locks import bounded_wait
from shared.database.lists import is_one_of

STAMPS = {
    OrderStatus.PAID: "paid_at",
    OrderStatus.FULFILLED: "fulfilled_at",
    OrderStatus.EXPIRED: "expired_at",
    OrderStatus.CANCELLED: "cancelled_at",
}
"""The column that says when an order reached a status."""


class Orders:
    """Orders with their items. Where orders and ticket types are locked in one transaction, orders come first."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, order: NewOrder, hold: timedelta) -> Order | None:
        """Store a new order with its items; None where its number is taken.

        PostgreSQL's clock sets the times: `created_at` is now, `expires_at` is `hold` from then where something is to
        be paid, else `paid_at` is the same moment.
        """
        moment, is_paid = func.statement_timestamp(), order.status is OrderStatus.PAID
        statement = (
            insert_or_not(OrderRow)
            .values(
                id=order.id,
                organisation_id=order.organisation_id,
                event_id=order.event_id,
                number=order.number,
                status=order.status,
                amount=order.amount,
                currency=order.currency,
                customer_name=order.customer.name,
                customer_email=order.customer.email,
                customer_phone=order.customer.phone,
                created_at=moment,
                expires_at=None if is_paid else moment + hold,
                paid_at=moment if is_paid else None,
            )
            .on_conflict_do_nothing(index_elements=[OrderRow.organisation_id, OrderRow.number])
            .returning(OrderRow)
        )
        row = self._session.scalar(statement)
        if row is None:
            return None
        self._session.execute(insert(OrderItemRow), [_item_values(order, item) for item in order.items])
        return _order(row, order.items)

    def get(self, order_id: UUID, organisation_id: UUID | None = None, *, lock: bool = False) -> Order:
        """An order; where `organisation_id` is given, only of that organisation. Raises OrderNotFoundError.

        `lock` keeps others from changing it until the transaction ends. Raises StockBusyError.
        """
        query = select(OrderRow).where(OrderRow.id == order_id)
        if organisation_id is not None:
            query = query.where(OrderRow.organisation_id == organisation_id)
        found = self._read(query.with_for_update(key_share=True) if lock else query)
        if not found:
            raise OrderNotFoundError(f"there is no order {order_id}")
        return found[0]

    def lock_overdue(self, ticket_type_ids: Collection[UUID], limit: int) -> list[Order]:
        """Up to `limit` held orders with stock of these ticket types whose hold is over, locked.

        It waits for those that somebody else works on: they are being expired or paid at this moment, and whether
        their stock is free is known only then. In the order of ids. Raises StockBusyError.
        """
        holds_some = exists().where(
            OrderItemRow.order_id == OrderRow.id, is_one_of(OrderItemRow.ticket_type_id, ticket_type_ids)
        )
        query = select(OrderRow).where(overdue(), holds_some).order_by(OrderRow.id).limit(limit)
        return self._read(query.with_for_update(key_share=True, of=OrderRow))

    def claim_overdue(self, limit: int) -> list[Order]:
        """Up to `limit` held orders whose hold is over, locked; those that somebody else works on are left out."""
        query = select(OrderRow).where(overdue()).order_by(OrderRow.expires_at).limit(limit)
        return self._read(query.with_for_update(key_share=True, skip_locked=True))

    def move(self, orders: Sequence[Order], status: OrderStatus, payment_id: UUID | None = None) -> list[Order]:
        """Set the status of locked orders, with PostgreSQL's time, and return them as they are then.

        Raises OrderStateError where the state machine has no such step.
        """
        if not orders:
            return []
        for order in orders:
            order.check_step(status)
        values: dict[str, object] = {"status": status, STAMPS[status]: func.clock_timestamp()}
        if payment_id is not None:
            values["payment_id"] = payment_id
        statement = (
            update(OrderRow)
            .where(is_one_of(OrderRow.id, [order.id for order in orders]))
            .values(values)
            .returning(OrderRow)
            .execution_options(synchronize_session=False, populate_existing=True)
        )
        rows = {row.id: row for row in self._session.scalars(statement)}
        if len(rows) != len(orders):
            raise OrderStateError("an order that was locked is not there any more")
        return [_order(rows[order.id], order.items) for order in orders]

    def note_batch(self, order_id: UUID, batch_id: UUID) -> None:
        """A batch prints the order's tickets."""
        self._session.execute(update(OrderRow).where(OrderRow.id == order_id).values(batch_id=batch_id))

    def _read(self, query: Select[OrderRow]) -> list[Order]:
        with bounded_wait():
            rows = self._session.scalars(query.execution_options(populate_existing=True)).all()
        if not rows:
            return []
        items = (
            select(OrderItemRow)
            .where(is_one_of(OrderItemRow.order_id, [row.id for row in rows]))
            .order_by(OrderItemRow.id)
        )
        by_order: dict[UUID, list[Item]] = {row.id: [] for row in rows}
        for item in self._session.scalars(items):
            by_order[item.order_id].append(_item(item))
        return [_order(row, by_order[row.id]) for row in rows]


def overdue() -> ColumnElement[bool]:
    """The condition of a hold that is over. Statement time, for clock_timestamp() is volatile and would use no index."""
    return (OrderRow.status == OrderStatus.HELD.value) & (OrderRow.expires_at <= func.statement_timestamp())


def _item_values(order: NewOrder, item: Item) -> dict[str, object]:
    return {
        "id": item.id,
        "organisation_id": order.organisation_id,
        "order_id": order.id,
        "ticket_type_id": item.ticket_type_id,
        "ticket_type": item.ticket_type,
        "quantity": item.quantity,
        "unit_price": item.unit_price,
    }


def _item(row: OrderItemRow) -> Item:
    return Item(
        id=row.id,
        ticket_type_id=row.ticket_type_id,
        ticket_type=row.ticket_type,
        quantity=row.quantity,
        unit_price=row.unit_price,
    )


def _order(row: OrderRow, items: Iterable[Item]) -> Order:
    return Order(
        id=row.id,
        organisation_id=row.organisation_id,
        event_id=row.event_id,
        number=row.number,
        status=OrderStatus(row.status),
        amount=row.amount,
        currency=row.currency,
        customer=Customer(name=row.customer_name, email=row.customer_email, phone=row.customer_phone),
        items=tuple(items),
        created_at=row.created_at,
        expires_at=row.expires_at,
        payment_id=row.payment_id,
        paid_at=row.paid_at,
        fulfilled_at=row.fulfilled_at,
        expired_at=row.expired_at,
        cancelled_at=row.cancelled_at,
        batch_id=row.batch_id,
    )
