"""What is under way: committed, scheduled, published."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Computed, Identity, Index, SmallInteger, func, text
from sqlalchemy.orm import Mapped, mapped_column

from shared.messaging.sending import NOBODY
from shared.messaging.tables.base import Base
from shared.retention import kept_for, kept_until


class OutboxRow(Base):
    """A message that is committed and not yet confirmed by RabbitMQ. Moved to `published` on the confirm.

    `not_before` is set once a publish was not confirmed: such rows travel on a channel of their own.
    `queue` is set where the row goes to one known queue (a retry); else the relay looks the kind up.
    Rows of one destination leave in turn by organisation, those of one organisation by `fairness_key`.
    """

    __retention__ = kept_until("RabbitMQ has confirmed it")
    __tablename__ = "outbox"
    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    message_id: Mapped[UUID]
    kind: Mapped[str]
    is_event: Mapped[bool]
    queue: Mapped[str | None]
    body: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    not_before: Mapped[datetime | None]
    refusals: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    turn: Mapped[int] = mapped_column(server_default=text("1"))
    fairness_key: Mapped[UUID] = mapped_column(server_default=text(f"'{NOBODY}'"))
    organisation_id: Mapped[UUID | None]
    correlation_id: Mapped[UUID | None]
    destination: Mapped[str] = mapped_column(Computed("COALESCE(queue, kind)", persisted=True))
    __table_args__ = (
        Index("ix_outbox_fair", "destination", "fairness_key", "id", postgresql_where=text("not_before IS NULL")),
        Index("ix_outbox_refused", "not_before", postgresql_where=text("not_before IS NOT NULL")),
        {"postgresql_with": {"autovacuum_vacuum_scale_factor": "0", "autovacuum_vacuum_threshold": "5000"}},
    )


class PublishedRow(Base):
    """A message that RabbitMQ has confirmed, as it stood in the outbox. What is not done exists here as well as in the
    broker, so that it can be published again. In partitions by `published_at`, which are dropped whole. The key is the
    mapper's: PostgreSQL checks none, since a row that is moved twice does no harm.
    """

    __retention__ = kept_for("RELAY_RETENTION_PUBLISHED_DAYS", "published_at", but="partitions go as a whole")
    __tablename__ = "published"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    message_id: Mapped[UUID]
    kind: Mapped[str]
    is_event: Mapped[bool]
    queue: Mapped[str | None]
    turn: Mapped[int]
    fairness_key: Mapped[UUID]
    organisation_id: Mapped[UUID | None]
    correlation_id: Mapped[UUID | None]
    body: Mapped[bytes]
    created_at: Mapped[datetime]
    published_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp(), primary_key=True)
    __table_args__ = (
        Index(None, "message_id"),
        Index(None, "correlation_id"),
        {"postgresql_partition_by": "RANGE (published_at)"},
    )


class ScheduledRow(Base):
    """A message that is due later: a delay, a retry, a snooze. The relay moves it to the outbox when it is due."""

    __retention__ = kept_until("it is due")
    __tablename__ = "scheduled"
    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    message_id: Mapped[UUID]
    kind: Mapped[str]
    is_event: Mapped[bool]
    queue: Mapped[str | None]
    turn: Mapped[int]
    body: Mapped[bytes]
    due_at: Mapped[datetime]
    reason: Mapped[str]
    organisation_id: Mapped[UUID | None]
    correlation_id: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    debounce_key: Mapped[str | None]
    latest_at: Mapped[datetime | None]
    fairness_key: Mapped[UUID] = mapped_column(server_default=text(f"'{NOBODY}'"))
    __table_args__ = (
        Index(None, "due_at"),
        Index(None, "message_id"),
        Index(None, "fairness_key", "due_at"),
        Index(None, "correlation_id"),
        Index(
            "uq_scheduled_debounce_key", "debounce_key", unique=True, postgresql_where=text("debounce_key IS NOT NULL")
        ),
    )
