"""What becomes of messages, and who works on them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Identity, Index, SmallInteger, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shared.messaging.tables.base import Base
from shared.retention import kept_for, kept_for_ever, kept_until


class InboxRow(Base):
    """What became of a message at one consumer. A message that is done at its first attempt costs this row and no more.

    `status` is done, waiting (its next turn is scheduled), calling (a provider is being called) or failed.
    """

    __retention__ = kept_for(
        "RELAY_RETENTION_DAYS",
        "finished_at",
        but="what is not finished, or has a scheduled row, an open failed job or a lease, stays",
    )
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

    __retention__ = kept_for(
        "RELAY_RETENTION_DAYS", "ended_at", but="while its message is not finished, or its failed job is open, it stays"
    )
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

    __retention__ = kept_for(
        "RELAY_RETENTION_FAILED_JOBS_DAYS", "resolved_at", but="open ones stay until somebody settles them"
    )
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
        Index(None, "failed_at", "id"),
        Index("ix_failed_job_open", "failed_at", postgresql_where=text("resolved_at IS NULL")),
        Index(None, "message_id"),
        Index(None, "correlation_id"),
    )


class UnfinishedStartRow(Base):
    """Starts of a redelivered message that nobody ended: how poison is told from its neighbours."""

    __retention__ = kept_for("RELAY_RETENTION_DAYS", "started_at", but="it goes when its message is finished")
    __tablename__ = "unfinished_start"
    message_id: Mapped[UUID] = mapped_column(primary_key=True)
    service: Mapped[str] = mapped_column(primary_key=True)
    starts: Mapped[int] = mapped_column(SmallInteger)
    started_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class LeaseRow(Base):
    """A call to a provider that is under way, or whose outcome nobody knows (`unknown`). `token` fences its record."""

    __retention__ = kept_for("RELAY_RETENTION_DAYS", "expires_at", but="while its message is not finished it stays")
    __tablename__ = "lease"
    message_id: Mapped[UUID] = mapped_column(primary_key=True)
    service: Mapped[str] = mapped_column(primary_key=True)
    token: Mapped[UUID]
    expires_at: Mapped[datetime]
    unknown: Mapped[bool] = mapped_column(server_default=text("false"))


class SubscriptionRow(Base):
    """Which queue hears which kind, as `migrate` declared it: the relay resolves consumers and repairs bindings by it."""

    __retention__ = kept_for_ever("one for each consumer; an old one says since when nobody listens")
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

    __retention__ = kept_until("it was not seen for a day")
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

    __retention__ = kept_until("the message is put down, or was not seen for a day")
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
