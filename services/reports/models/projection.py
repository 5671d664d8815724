"""The log of what other services told, and the projection of it, which can be thrown away and built again.

Whatever is told may come late, twice, and in any order: each kind of event fills columns of its own, so that the same
events lead to the same rows, however they come. A column is null until its event has come.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Identity, Index, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.reports.models.base import Base
from shared.retention import kept_for, kept_for_ever


class LoggedEventRow(Base):
    """An event as it was heard: the source of the projection. `message_id` is that of the message."""

    __retention__ = kept_for(
        "REPORTS_RETENTION_EVENT_LOG_DAYS",
        "recorded_at",
        but="the projection cannot be rebuilt once something has gone",
    )
    __tablename__ = "event_log"
    sequence: Mapped[int] = mapped_column(Identity(), primary_key=True)
    message_id: Mapped[UUID] = mapped_column(unique=True)
    kind: Mapped[str]
    fields: Mapped[dict[str, Any]] = mapped_column(JSONB)
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class RebuildRow(Base):
    """A rebuild of the projection: `applied` of `total` logged events are in it, up to the sequence `reached`.

    Before `emptied_at` the projection still is what it was.
    """

    __retention__ = kept_for_ever("one for each rebuild that people asked for")
    __tablename__ = "rebuilds"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    state: Mapped[str]
    reached: Mapped[int] = mapped_column(server_default=text("0"))
    until: Mapped[int] = mapped_column(server_default=text("0"))
    applied: Mapped[int] = mapped_column(server_default=text("0"))
    total: Mapped[int] = mapped_column(server_default=text("0"))
    failure: Mapped[str | None]
    started_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    emptied_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    __table_args__ = (
        CheckConstraint("state IN ('running', 'done', 'failed')", name="state_known"),
        Index("uq_rebuilds_running", text("(state)"), unique=True, postgresql_where=text("state = 'running'")),
    )


class EventRow(Base):
    """Something to be at."""

    __retention__ = kept_for_ever("what exports and figures are made of, until somebody is forgotten")
    __tablename__ = "events"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID]
    name: Mapped[str]
    venue: Mapped[str | None]
    currency: Mapped[str]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    __table_args__ = (Index("ix_events_organisation_id_starts_at", "organisation_id", "starts_at"),)


class OrderRow(Base):
    """An order, with the moments of all that happened to it, from which its status follows."""

    __retention__ = kept_for_ever("what exports and figures are made of, until somebody is forgotten")
    __tablename__ = "orders"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID]
    event_id: Mapped[UUID]
    number: Mapped[str]
    customer_name: Mapped[str | None]
    customer_email: Mapped[str | None]
    customer_phone: Mapped[str | None]
    amount: Mapped[int | None]
    currency: Mapped[str | None]
    payment_id: Mapped[UUID | None]
    placed_at: Mapped[datetime | None]
    paid_at: Mapped[datetime | None]
    fulfilled_at: Mapped[datetime | None]
    expired_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    __table_args__ = (
        Index("ix_orders_organisation_id_id", "organisation_id", "id"),
        Index("ix_orders_event_id_id", "event_id", "id"),
        Index("ix_orders_payment_id", "payment_id"),
    )


class OrderItemRow(Base):
    """So many of one ticket type in an order, at the price of that moment."""

    __retention__ = kept_for_ever("what exports and figures are made of, until somebody is forgotten")
    __tablename__ = "order_items"
    order_id: Mapped[UUID] = mapped_column(primary_key=True)
    ticket_type_id: Mapped[UUID] = mapped_column(primary_key=True)
    ticket_type: Mapped[str]
    quantity: Mapped[int]
    unit_price: Mapped[int]


class TicketRow(Base):
    """A ticket, from when it was issued or, whichever was told first, checked in."""

    __retention__ = kept_for_ever("what exports and figures are made of, until somebody is forgotten")
    __tablename__ = "tickets"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID]
    event_id: Mapped[UUID]
    order_id: Mapped[UUID]
    code: Mapped[str]
    ticket_type_id: Mapped[UUID | None]
    ticket_type: Mapped[str | None]
    issued_at: Mapped[datetime | None]
    checked_in_at: Mapped[datetime | None]
    __table_args__ = (
        Index("ix_tickets_organisation_id_id", "organisation_id", "id"),
        Index("ix_tickets_event_id_id", "event_id", "id"),
        Index("ix_tickets_order_id", "order_id"),
    )


class PaymentRow(Base):
    """Money that came in. Whose it is says the order, which may be told of later; `order_id` is what the payer said."""

    __retention__ = kept_for_ever("what exports and figures are made of, until somebody is forgotten")
    __tablename__ = "payments"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[UUID | None]
    provider: Mapped[str]
    provider_reference: Mapped[str]
    amount: Mapped[int]
    currency: Mapped[str]
    succeeded_at: Mapped[datetime]
    __table_args__ = (Index("ix_payments_order_id", "order_id"),)


class AppointmentRow(Base):
    """An appointment as the newest word (`told_at`) says that it stands: `state` is `booked` or `cancelled`.

    `booked_at` is when it was booked first, `cancelled_at` when it was cancelled last: it may stand again since.
    """

    __retention__ = kept_for_ever("what exports and figures are made of, until somebody is forgotten")
    __tablename__ = "appointments"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID]
    call_id: Mapped[UUID | None]
    customer_id: Mapped[UUID | None]
    told_at: Mapped[datetime]
    state: Mapped[str]
    sequence: Mapped[int]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    service: Mapped[str]
    booked_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    cancel_reason: Mapped[str | None]
    __table_args__ = (Index("ix_appointments_organisation_id_id", "organisation_id", "id"),)


class CallRow(Base):
    """A call and where it has led to; the newest word counts."""

    __retention__ = kept_for_ever("what exports and figures are made of, until somebody is forgotten")
    __tablename__ = "calls"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID]
    outcome: Mapped[str]
    started_at: Mapped[datetime]
    handled_at: Mapped[datetime]
    __table_args__ = (Index("ix_calls_organisation_id_started_at", "organisation_id", "started_at"),)


class NotificationRow(Base):
    """A mail or a text message that has come to its end; the newest word counts."""

    __retention__ = kept_for_ever("what exports and figures are made of, until somebody is forgotten")
    __tablename__ = "notifications"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID | None]
    channel: Mapped[str]
    template: Mapped[str]
    state: Mapped[str]
    ended_at: Mapped[datetime]
    __table_args__ = (Index("ix_notifications_organisation_id_ended_at", "organisation_id", "ended_at"),)
