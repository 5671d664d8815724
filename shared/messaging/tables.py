"""Schema `messaging`: what the services share about messages. The hot paths write it with plain SQL; this is its shape."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Computed, Identity, Index, SmallInteger, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shared.database import base


class Base(base.Base):
    __abstract__ = True
    metadata = base.schema("messaging")


NOBODY = UUID(int=0)
"""The fairness key of what belongs to no organisation: one more that waits its turn, beside the others."""


class OutboxRow(Base):
    """A message that is committed and not yet confirmed by RabbitMQ. Moved to `published` on the confirm.

    `not_before` is set once a publish was not confirmed: such rows travel on a channel of their own.
    `queue` is set where the row goes to one known queue (a retry); else the relay looks the kind up.
    Rows of one destination leave in turn by `fairness_key`: the organisation, unless the publisher names another.
    """

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


class InboxRow(Base):
    """What became of a message at one consumer. A message that is done at its first attempt costs this row and no more.

    `status` is done, waiting (its next turn is scheduled), calling (a provider is being called) or failed.
    """

    __tablename__ = "inbox"
    message_id: Mapped[UUID] = mapped_column(primary_key=True)
    service: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    status: Mapped[str]
    turn: Mapped[int]
    attempts: Mapped[int] = mapped_column(SmallInteger)
    exceptions: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    correlation_id: Mapped[UUID | None]
    causation_id: Mapped[UUID | None]
    organisation_id: Mapped[UUID | None]
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None] = mapped_column(server_default=func.now())
    __table_args__ = (Index(None, "correlation_id"),)


class AttemptRow(Base):
    """An attempt that ended otherwise than done."""

    __tablename__ = "attempt"
    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    message_id: Mapped[UUID]
    service: Mapped[str]
    kind: Mapped[str]
    turn: Mapped[int]
    attempt: Mapped[int]
    outcome: Mapped[str]
    error_type: Mapped[str | None]
    error: Mapped[str | None]
    duration: Mapped[float]
    ended_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    next_at: Mapped[datetime | None]
    __table_args__ = (Index(None, "message_id"), Index(None, "ended_at"))


class FailedJobRow(Base):
    """A message that ended without success, with its body, so that a person can look, retry or discard it."""

    __tablename__ = "failed_job"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    service: Mapped[str]
    kind: Mapped[str]
    queue: Mapped[str | None]
    message_id: Mapped[UUID | None]
    turn: Mapped[int]
    attempts: Mapped[int]
    reason: Mapped[str]
    error_type: Mapped[str | None]
    error: Mapped[str | None]
    body: Mapped[bytes]
    headers: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    organisation_id: Mapped[UUID | None]
    correlation_id: Mapped[UUID | None]
    failed_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    resolved_at: Mapped[datetime | None]
    resolution: Mapped[str | None]
    resolution_note: Mapped[str | None]
    __table_args__ = (
        Index("ix_failed_job_open", "failed_at", postgresql_where=text("resolved_at IS NULL")),
        Index(None, "message_id"),
        Index(None, "correlation_id"),
    )


class UnfinishedStartRow(Base):
    """Starts of a redelivered message that nobody ended: how poison is told from its neighbours."""

    __tablename__ = "unfinished_start"
    message_id: Mapped[UUID] = mapped_column(primary_key=True)
    service: Mapped[str] = mapped_column(primary_key=True)
    starts: Mapped[int] = mapped_column(SmallInteger)
    started_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class LeaseRow(Base):
    """A call to a provider that is under way, or whose outcome nobody knows (`unknown`). `token` fences its record."""

    __tablename__ = "lease"
    message_id: Mapped[UUID] = mapped_column(primary_key=True)
    service: Mapped[str] = mapped_column(primary_key=True)
    token: Mapped[UUID]
    expires_at: Mapped[datetime]
    unknown: Mapped[bool] = mapped_column(server_default=text("false"))


class SubscriptionRow(Base):
    """Which queue hears which kind, as `migrate` declared it: the relay resolves consumers and repairs bindings by it."""

    __tablename__ = "subscription"
    service: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    queue: Mapped[str]
    is_event: Mapped[bool]
    on_failure: Mapped[str | None]
    since: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    until: Mapped[datetime | None]


class WorkerRow(Base):
    """A worker process that is up: `seen_at` is refreshed every 10 s. `prefetch` is how many messages of each of its queues
    it may hold at once.
    """

    __tablename__ = "worker"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    service: Mapped[str]
    queues: Mapped[list[str]] = mapped_column(ARRAY(Text))
    threads: Mapped[int]
    prefetch: Mapped[int]
    host: Mapped[str]
    pid: Mapped[int]
    started_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    seen_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class RunningRow(Base):
    """A message that a worker has held for over a second. Unlogged: it is of interest while it is true."""

    __tablename__ = "running"
    message_id: Mapped[UUID] = mapped_column(primary_key=True)
    service: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    queue: Mapped[str]
    organisation_id: Mapped[UUID | None]
    worker_id: Mapped[UUID]
    since: Mapped[datetime]
    seen_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    __table_args__ = ({"prefixes": ["UNLOGGED"]},)


class TickRow(Base):
    """A moment of a schedule that was published. Its key is why many schedulers publish it once."""

    __tablename__ = "tick"
    schedule: Mapped[str] = mapped_column(primary_key=True)
    due_at: Mapped[datetime] = mapped_column(primary_key=True)
    published_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    message_id: Mapped[UUID | None]


class RateLimitRow(Base):
    """Where a limiter stands: a window and how much of it is used or reserved, or the bucket's theoretical arrival time."""

    __tablename__ = "rate_limit"
    key: Mapped[str] = mapped_column(primary_key=True)
    window_start: Mapped[datetime]
    used: Mapped[int]
    tat: Mapped[datetime | None]


class PlaceRow(Base):
    """Who holds a place of a key, and who waits for one."""

    __tablename__ = "place"
    key: Mapped[str] = mapped_column(primary_key=True)
    message_id: Mapped[UUID] = mapped_column(primary_key=True)
    service: Mapped[str] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime]
    is_waiting: Mapped[bool]
    joined_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class BreakerRow(Base):
    """A circuit breaker that has seen failures. Open until `open_until`, then half open; `probe` is the message that
    finds out, until `open_until` at the latest.
    """

    __tablename__ = "breaker"
    name: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int]
    since: Mapped[datetime]
    open_until: Mapped[datetime | None]
    probe: Mapped[UUID | None]


class UniqueKeyRow(Base):
    """The message that has a unique key."""

    __tablename__ = "unique_key"
    key: Mapped[str] = mapped_column(primary_key=True)
    message_id: Mapped[UUID]
    until: Mapped[str]
    expires_at: Mapped[datetime]
    __table_args__ = (Index(None, "expires_at"),)


class ChainRow(Base):
    """A chain: `step` is the one that runs or failed, `message_id` its message; `results` are what its steps have handed on.

    `batch_shard` says where its batch counts it.
    """

    __tablename__ = "chain"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    state: Mapped[str]
    step: Mapped[int]
    steps: Mapped[list[Any]] = mapped_column(JSONB)
    results: Mapped[dict[str, Any]] = mapped_column(JSONB)
    catch: Mapped[str | None]
    error: Mapped[str | None]
    message_id: Mapped[UUID | None]
    batch_id: Mapped[UUID | None]
    batch_shard: Mapped[UUID | None]
    organisation_id: Mapped[UUID | None]
    correlation_id: Mapped[UUID | None]
    causation_id: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    finished_at: Mapped[datetime | None]
    __table_args__ = (Index(None, "finished_at"), Index(None, "correlation_id"))


class BatchRow(Base):
    """A batch. The members in `done`, `failed` and `cancelled` are those of shards that were used up; add its batch_shard."""

    __tablename__ = "batch"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    state: Mapped[str]
    allow_failures: Mapped[bool]
    caught: Mapped[bool] = mapped_column(server_default=text("false"))
    callbacks: Mapped[dict[str, Any]] = mapped_column(JSONB)
    done: Mapped[int] = mapped_column(server_default=text("0"))
    failed: Mapped[int] = mapped_column(server_default=text("0"))
    cancelled: Mapped[int] = mapped_column(server_default=text("0"))
    parent_id: Mapped[UUID | None]
    parent_shard: Mapped[UUID | None]
    organisation_id: Mapped[UUID | None]
    correlation_id: Mapped[UUID | None]
    causation_id: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    finished_at: Mapped[datetime | None]
    __table_args__ = (Index(None, "finished_at"), Index(None, "correlation_id"))


class BatchShardRow(Base):
    """The counters of a part of a batch's members, so that they are no hot spot. Added to the batch and gone when none of
    them is pending any more.
    """

    __tablename__ = "batch_shard"
    batch_id: Mapped[UUID] = mapped_column(primary_key=True)
    shard: Mapped[UUID] = mapped_column(primary_key=True)
    pending: Mapped[int]
    done: Mapped[int] = mapped_column(server_default=text("0"))
    failed: Mapped[int] = mapped_column(server_default=text("0"))
    cancelled: Mapped[int] = mapped_column(server_default=text("0"))


class BatchFailureRow(Base):
    """A member that failed: if it is tried again, it is pending again."""

    __tablename__ = "batch_failure"
    batch_id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID] = mapped_column(primary_key=True)
