"""Tables of the schema `payments`."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

import shared.database.base
from shared.database.base import schema
from shared.retention import kept_for_ever


class Base(shared.database.base.Base):
    __abstract__ = True
    metadata = schema("payments")


class Payment(Base):
    """Money that came in, once for each of the provider's payments."""

    __retention__ = kept_for_ever("books are kept; its reference protects against counting it twice")
    __tablename__ = "payments"
    __table_args__ = (
        UniqueConstraint("provider", "provider_reference"),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("state IN ('received', 'matched', 'needs_review', 'refund_due')", name="state_known"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    provider: Mapped[str]
    provider_reference: Mapped[str]
    charge_reference: Mapped[str | None]
    order_reference: Mapped[str]
    amount: Mapped[int]
    currency: Mapped[str]
    livemode: Mapped[bool]
    state: Mapped[str]
    reason: Mapped[str | None]
    detail: Mapped[str | None]
    order_id: Mapped[UUID | None] = mapped_column(index=True)
    organisation_id: Mapped[UUID | None]
    succeeded_at: Mapped[datetime]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class LedgerEntry(Base):
    """One side of a transfer. The database refuses to change or delete one, and to commit half a transfer."""

    __retention__ = kept_for_ever("the database refuses to delete an entry")
    __tablename__ = "ledger_entries"
    __table_args__ = (UniqueConstraint("correlation_id", "account"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    correlation_id: Mapped[UUID]
    payment_id: Mapped[UUID] = mapped_column(ForeignKey("payments.payments.id"), index=True)
    account: Mapped[str]
    amount: Mapped[int]
    currency: Mapped[str]
    booked_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
