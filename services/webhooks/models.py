"""Tables of the schema `webhooks`."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.orm import Mapped, mapped_column

import shared.database.base
from shared.database.base import schema
from shared.retention import kept_for, kept_for_ever

DELIVERIES = "WEBHOOKS_RETENTION_DELIVERIES_DAYS"


class Base(shared.database.base.Base):
    __abstract__ = True
    metadata = schema("webhooks")


class InboundEvent(Base):
    """What a provider told us, once for each of its own ids. The raw body is here, or in storage where it is large.

    The ids outlive the body: what is sent again long after is known still.
    """

    __retention__ = kept_for("WEBHOOKS_RETENTION_INBOUND_DAYS", "received_at").trims(
        "body", "storage_key", setting="WEBHOOKS_RETENTION_BODIES_DAYS", since="received_at"
    )

    __tablename__ = "inbound_events"
    __table_args__ = (
        UniqueConstraint("source", "external_id"),
        CheckConstraint("body IS NULL OR storage_key IS NULL", name="body_in_one_place"),
        Index(
            "ix_inbound_events_with_body", "id", postgresql_where=text("body IS NOT NULL OR storage_key IS NOT NULL")
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    source: Mapped[str]
    external_id: Mapped[str]
    event_type: Mapped[str]
    livemode: Mapped[bool]
    created_at: Mapped[datetime]
    received_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    body: Mapped[bytes | None]
    storage_key: Mapped[str | None]


class EndpointRow(Base):
    """Where an organisation wants to be told things. `event_types` is None for all types; `secret` is encrypted.

    A deleted endpoint stays as a row, for its deliveries. `failures` are those in a row; after some of them the endpoint is
    paused, and `probed_at` is when it was last looked at. `next_slot_at` is the end of the slots that its rate has given
    away.
    """

    __retention__ = kept_for_ever("what an organisation has set up")

    __tablename__ = "endpoints"
    __table_args__ = (
        Index("ix_endpoints_organisation_id", "organisation_id", "id", postgresql_where=text("deleted_at IS NULL")),
        CheckConstraint("max_concurrency >= 1", name="max_concurrency_positive"),
        CheckConstraint("max_per_second >= 1", name="max_per_second_positive"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID]
    url: Mapped[str]
    event_types: Mapped[list[str] | None] = mapped_column(ARRAY(TEXT()))
    secret: Mapped[bytes]
    enabled: Mapped[bool]
    disabled_reason: Mapped[str | None]
    max_concurrency: Mapped[int | None]
    max_per_second: Mapped[int | None]
    next_slot_at: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(server_default=text("0"))
    paused_at: Mapped[datetime | None]
    probed_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    deleted_at: Mapped[datetime | None]


class OutboundMessage(Base):
    """What subscribers are told, once: the body as it is signed and sent. `key` is what happened to what."""

    __retention__ = kept_for(DELIVERIES, "it was made", but="while it has a delivery it stays")

    __tablename__ = "outbound_messages"
    __table_args__ = (
        UniqueConstraint("key"),
        Index("ix_outbound_messages_organisation_id", "organisation_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str]
    organisation_id: Mapped[UUID]
    event_type: Mapped[str]
    body: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class DeliveryRow(Base):
    """One message for one endpoint. `attempts` counts all; `tries` those of the schedule, not those made by hand.

    A pending one is `waiting` where no message is under way for it: the endpoint is paused, or busy. `calling_until` is
    set while it is being sent, and is the latest moment at which that can still be so.
    """

    __retention__ = kept_for(DELIVERIES, "finished_at", but="while it is pending, or was tried lately, it stays")

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("endpoint_id", "message_id"),
        CheckConstraint("state IN ('pending', 'delivered', 'failed', 'skipped')", name="state_known"),
        Index("ix_deliveries_endpoint_id_id", "endpoint_id", "id"),
        Index("ix_deliveries_pending", "endpoint_id", postgresql_where=text("state = 'pending'")),
        Index("ix_deliveries_waiting", "endpoint_id", "id", postgresql_where=text("waiting")),
        Index("ix_deliveries_calling", "endpoint_id", postgresql_where=text("calling_until IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    endpoint_id: Mapped[UUID] = mapped_column(ForeignKey("webhooks.endpoints.id"))
    message_id: Mapped[UUID] = mapped_column(ForeignKey("webhooks.outbound_messages.id"), index=True)
    organisation_id: Mapped[UUID]
    state: Mapped[str]
    reason: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    tries: Mapped[int] = mapped_column(server_default=text("0"))
    waiting: Mapped[bool] = mapped_column(server_default=text("false"))
    calling_until: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    finished_at: Mapped[datetime | None]


class AttemptRow(Base):
    """One attempt at a delivery: what the receiver answered, or why there was no answer."""

    __retention__ = kept_for(DELIVERIES, "made_at", but="while its delivery is pending it stays")

    __tablename__ = "attempts"
    __table_args__ = (UniqueConstraint("delivery_id", "number"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    delivery_id: Mapped[UUID] = mapped_column(ForeignKey("webhooks.deliveries.id"))
    number: Mapped[int]
    by_hand: Mapped[bool]
    status: Mapped[int | None]
    response: Mapped[str | None]
    error: Mapped[str | None]
    duration_ms: Mapped[int | None]
    made_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
