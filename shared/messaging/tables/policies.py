"""Ticks, limits, places, breakers, unique keys."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, func
from sqlalchemy.orm import Mapped, mapped_column

from shared.messaging.tables.base import Base
from shared.retention import kept_for, kept_until


class TickRow(Base):
    """A moment of a schedule that was published. Its key is why many schedulers publish it once."""

    __retention__ = kept_for("RELAY_RETENTION_DAYS", "due_at", but="the last of each schedule stays")
    __tablename__ = "tick"
    schedule: Mapped[str] = mapped_column(primary_key=True)
    due_at: Mapped[datetime] = mapped_column(primary_key=True)
    published_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    message_id: Mapped[UUID | None]


class RateLimitRow(Base):
    """Where a limiter stands: a window and how much of it is used or reserved, or the bucket's theoretical arrival time."""

    __retention__ = kept_until("a year after it was last used: longer than the period of any limit")
    __tablename__ = "rate_limit"
    key: Mapped[str] = mapped_column(primary_key=True)
    window_start: Mapped[datetime]
    used: Mapped[int]
    tat: Mapped[datetime | None]


class PlaceRow(Base):
    """Who holds a place of a key, and who waits for one."""

    __retention__ = kept_until("a day after it expired")
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

    __retention__ = kept_for("RELAY_RETENTION_DAYS", "its last change")
    __tablename__ = "breaker"
    name: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int]
    since: Mapped[datetime]
    open_until: Mapped[datetime | None]
    probe: Mapped[UUID | None]


class UniqueKeyRow(Base):
    """The message that has a unique key."""

    __retention__ = kept_until("a day after it expired")
    __tablename__ = "unique_key"
    key: Mapped[str] = mapped_column(primary_key=True)
    message_id: Mapped[UUID]
    until: Mapped[str]
    expires_at: Mapped[datetime]
    __table_args__ = (Index(None, "expires_at"),)
