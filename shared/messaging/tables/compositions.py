"""Chains and batches."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shared.messaging.tables.base import Base
from shared.retention import kept_for, kept_until, kept_with


class ChainRow(Base):
    """A chain: `step` is the one that runs or failed, `message_id` its message; `results` are what its steps have handed on.

    `batch_shard` says where its batch counts it.
    """

    __retention__ = kept_for(
        "RELAY_RETENTION_DAYS", "finished_at", but="while it runs, or its failed job is open, it stays"
    )
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

    __retention__ = kept_for(
        "RELAY_RETENTION_DAYS", "finished_at", but="while it runs, or something in it can be tried again, it stays"
    )
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

    __retention__ = kept_until("none of its members is pending")
    __tablename__ = "batch_shard"
    batch_id: Mapped[UUID] = mapped_column(primary_key=True)
    shard: Mapped[UUID] = mapped_column(primary_key=True)
    pending: Mapped[int]
    done: Mapped[int] = mapped_column(server_default=text("0"))
    failed: Mapped[int] = mapped_column(server_default=text("0"))
    cancelled: Mapped[int] = mapped_column(server_default=text("0"))


class BatchFailureRow(Base):
    """A member that failed: if it is tried again, it is pending again."""

    __retention__ = kept_with("messaging.batch")
    __tablename__ = "batch_failure"
    batch_id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID] = mapped_column(primary_key=True)
