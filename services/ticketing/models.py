"""Tables of the schema `ticketing`. Every row that a caller can ask for names its organisation."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

import shared.database.base
from shared.database.base import schema
from shared.retention import kept_for, kept_for_ever, kept_with


class Base(shared.database.base.Base):
    __abstract__ = True
    metadata = schema("ticketing")


class EventRow(Base):
    """Something to be at."""

    __retention__ = kept_for_ever("what an organisation offers, and its reports")
    __tablename__ = "events"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID]
    name: Mapped[str]
    venue: Mapped[str | None]
    currency: Mapped[str]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    pictures_removed_at: Mapped[datetime | None]
    __table_args__ = (
        CheckConstraint("ends_at >= starts_at", name="ends_after_start"),
        Index(
            "ix_events_with_pictures",
            text("coalesce(ends_at, starts_at)"),
            postgresql_where=text("pictures_removed_at IS NULL"),
        ),
        Index("ix_events_organisation_id_id", "organisation_id", "id"),
    )


class EventKeyRow(Base):
    """The key pair of an event; `key_id` is four bytes, unique only within its event. The newest one signs."""

    __retention__ = kept_for_ever("tickets are checked by them")
    __tablename__ = "event_keys"
    event_id: Mapped[UUID] = mapped_column(ForeignKey("ticketing.events.id"), primary_key=True)
    key_id: Mapped[bytes] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID]
    public_key: Mapped[bytes]
    sealed_private_key: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class TicketTypeRow(Base):
    """A ticket type with its stock. `reserved` changes with every sale and is in no index: its updates stay cheap."""

    __retention__ = kept_with("ticketing.events")
    __tablename__ = "ticket_types"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID]
    event_id: Mapped[UUID] = mapped_column(ForeignKey("ticketing.events.id"))
    name: Mapped[str]
    price: Mapped[int]
    quantity: Mapped[int]
    reserved: Mapped[int] = mapped_column(server_default=text("0"))
    max_per_order: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    __table_args__ = (
        CheckConstraint("reserved BETWEEN 0 AND quantity", name="reserved_within_quantity"),
        CheckConstraint("price >= 0", name="price_not_negative"),
        CheckConstraint("max_per_order >= 1", name="max_per_order_positive"),
        Index("ix_ticket_types_event_id_id", "event_id", "id"),
        {"postgresql_with": {"fillfactor": "50"}},
    )


class OrderRow(Base):
    """An order. `expires_at` is the end of its hold; null where nothing was to be paid. `batch_id` prints its tickets,
    where they are many.
    """

    __retention__ = kept_for(
        "TICKETING_RETENTION_UNPAID_ORDERS_DAYS",
        "expired_at or cancelled_at",
        but="what was paid, or has tickets, stays for ever",
    )
    __tablename__ = "orders"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID]
    event_id: Mapped[UUID] = mapped_column(ForeignKey("ticketing.events.id"))
    number: Mapped[str]
    status: Mapped[str]
    amount: Mapped[int]
    currency: Mapped[str]
    customer_name: Mapped[str]
    customer_email: Mapped[str]
    customer_phone: Mapped[str | None]
    payment_id: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    expires_at: Mapped[datetime | None]
    paid_at: Mapped[datetime | None]
    fulfilled_at: Mapped[datetime | None]
    expired_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    batch_id: Mapped[UUID | None]
    __table_args__ = (
        UniqueConstraint("organisation_id", "number"),
        UniqueConstraint("payment_id"),
        CheckConstraint("amount >= 0", name="amount_not_negative"),
        CheckConstraint(
            "status IN ('held', 'paid', 'fulfilled', 'expired', 'cancelled', 'refunded')", name="status_known"
        ),
        CheckConstraint("status <> 'held' OR expires_at IS NOT NULL", name="hold_ends"),
        Index("ix_orders_held", "expires_at", postgresql_where=text("status = 'held'")),
        Index(
            "ix_orders_unpaid", "id", postgresql_where=text("status IN ('expired', 'cancelled') AND paid_at IS NULL")
        ),
    )


class OrderItemRow(Base):
    """So many of one ticket type in an order. The type's name and price are those of the moment of the order."""

    __retention__ = kept_with("ticketing.orders")
    __tablename__ = "order_items"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID]
    order_id: Mapped[UUID] = mapped_column(ForeignKey("ticketing.orders.id"))
    ticket_type_id: Mapped[UUID] = mapped_column(ForeignKey("ticketing.ticket_types.id"))
    ticket_type: Mapped[str]
    quantity: Mapped[int]
    unit_price: Mapped[int]
    __table_args__ = (
        UniqueConstraint("order_id", "ticket_type_id"),
        CheckConstraint("quantity >= 1", name="quantity_positive"),
    )


class TicketRow(Base):
    """A ticket that was issued."""

    __retention__ = kept_with("ticketing.orders")
    __tablename__ = "tickets"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID]
    event_id: Mapped[UUID] = mapped_column(ForeignKey("ticketing.events.id"))
    order_id: Mapped[UUID] = mapped_column(ForeignKey("ticketing.orders.id"))
    order_item_id: Mapped[UUID] = mapped_column(ForeignKey("ticketing.order_items.id"))
    ticket_type: Mapped[str]
    code: Mapped[str]
    token: Mapped[str]
    qr_key: Mapped[str]
    state: Mapped[str]
    redeemed_at: Mapped[datetime | None]
    issued_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    __table_args__ = (
        UniqueConstraint("code"),
        CheckConstraint("state IN ('issued', 'redeemed', 'revoked')", name="state_known"),
        Index("ix_tickets_order_id_id", "order_id", "id"),
        Index("ix_tickets_revoked", "event_id", postgresql_where=text("state = 'revoked'")),
    )


class CheckInRow(Base):
    """A scan that let somebody in. At most one of a ticket is the `first`; a nonce counts once for an event."""

    __retention__ = kept_with("ticketing.tickets")
    __tablename__ = "check_ins"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID]
    event_id: Mapped[UUID] = mapped_column(ForeignKey("ticketing.events.id"))
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticketing.tickets.id"))
    nonce: Mapped[str]
    at: Mapped[datetime]
    forced: Mapped[bool]
    first: Mapped[bool]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    __table_args__ = (
        UniqueConstraint("event_id", "nonce"),
        Index("uq_check_ins_first", "ticket_id", unique=True, postgresql_where=text("first")),
    )
