"""The log of what was told to whom: mails, text messages, their attempts, suppressed recipients, alerts."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, CheckConstraint, Index, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

import shared.database.base
from shared.database.base import schema
from shared.retention import kept_for, kept_for_ever, kept_with

LOG, BODIES = "NOTIFICATIONS_RETENTION_LOG_DAYS", "NOTIFICATIONS_RETENTION_BODIES_DAYS"
STATES = "state IN ('queued', 'sending', 'sent', 'failed', 'unknown', 'suppressed')"
CHANNELS = "channel IN ('email', 'sms')"


class Base(shared.database.base.Base):
    __abstract__ = True
    metadata = schema("notifications")


class Sending:
    """What both logs keep: how far the message has come, and what the other side said.

    `idempotency_key` is kind:recipient:object of what caused it, so that hearing it again writes no second row.
    `answer` is the provider's own reference or words; `error_code` and `error` are those of the last failed try.
    `outcome_open` and `repeated_after_unknown` are explained where the rules are, at `domain.progress.Progress`.
    """

    id: Mapped[UUID] = mapped_column(primary_key=True)
    idempotency_key: Mapped[str]
    organisation_id: Mapped[UUID | None]
    recipient: Mapped[str]
    state: Mapped[str]
    outcome_open: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    repeated_after_unknown: Mapped[int] = mapped_column(server_default=text("0"))
    answer: Mapped[str | None]
    error_code: Mapped[str | None]
    error: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    started_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    trimmed_at: Mapped[datetime | None]


class Email(Sending, Base):
    """One mail to one recipient. `facts` is what its template says, as `letters.py` reads it."""

    __retention__ = kept_for(LOG, "sent_at", but="while it is to be sent it stays").trims(
        "facts", "recipient_name", setting=BODIES, since="sent_at"
    )
    __tablename__ = "emails"
    __table_args__ = (
        UniqueConstraint("idempotency_key"),
        CheckConstraint(STATES, name="state_known"),
        Index("ix_emails_with_body", "id", postgresql_where=text("trimmed_at IS NULL")),
    )

    recipient_name: Mapped[str]
    template: Mapped[str]
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)


class TextMessage(Sending, Base):
    """One text message to one telephone. `body` is what is sent, letter for letter."""

    __retention__ = kept_for(LOG, "sent_at", but="while it is to be sent it stays").trims(
        "body", setting=BODIES, since="sent_at"
    )
    __tablename__ = "text_messages"
    __table_args__ = (
        UniqueConstraint("idempotency_key"),
        CheckConstraint(STATES, name="state_known"),
        Index("ix_text_messages_with_body", "id", postgresql_where=text("trimmed_at IS NULL")),
    )

    body: Mapped[str]


class Attempt(Base):
    """One try that ended: `answer` where it was taken, `error_code` and `error` where it was not.

    `sending_id` is a row of the log of `channel`.
    """

    __retention__ = kept_with("notifications.emails or notifications.text_messages")
    __tablename__ = "attempts"
    __table_args__ = (CheckConstraint(CHANNELS, name="channel_known"),)

    channel: Mapped[str] = mapped_column(primary_key=True)
    sending_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    answer: Mapped[str | None]
    error_code: Mapped[str | None]
    error: Mapped[str | None]
    ended_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class Suppression(Base):
    """A recipient who is not written to any more: the mailbox is gone, or the person said STOP."""

    __retention__ = kept_for_ever("who wants no mail wants none next year either")
    __tablename__ = "suppressions"
    __table_args__ = (CheckConstraint(CHANNELS, name="channel_known"),)

    channel: Mapped[str] = mapped_column(primary_key=True)
    recipient: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str]
    reason: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class Alert(Base):
    """What operations were alerted to, by fingerprint. `since_told` counts those kept back after it was last told."""

    __retention__ = kept_for(LOG, "last_at")
    __tablename__ = "alerts"

    fingerprint: Mapped[str] = mapped_column(primary_key=True)
    severity: Mapped[str]
    subject: Mapped[str]
    body: Mapped[str]
    total: Mapped[int] = mapped_column(server_default=text("1"))
    times_told: Mapped[int] = mapped_column(server_default=text("1"))
    since_told: Mapped[int] = mapped_column(server_default=text("0"))
    first_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    last_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    told_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
