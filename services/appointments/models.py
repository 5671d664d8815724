"""Tables of the schema `appointments`."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB, ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

import shared.database.base
from shared.database.base import schema
from shared.retention import kept_for, kept_for_ever, kept_with

HOLDING = "state IN ('booking', 'requested', 'booked')"
"""The states in which an appointment holds its host's time."""

NULLABLE_JSON = JSONB(none_as_null=True)
"""None is SQL's NULL, not JSON's."""


class Base(shared.database.base.Base):
    __abstract__ = True
    metadata = schema("appointments")


class CompanyRow(Base):
    """An organisation as its callers know it. `profile` holds the rest of what it has set up (domain.companies)."""

    __retention__ = kept_for_ever("what an organisation has set up")
    __tablename__ = "companies"

    organisation_id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    time_zone: Mapped[str]
    profile: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class ConnectionRow(Base):
    """An organisation's credentials with one provider, encrypted. `organisation_id` is None for that of the settings.

    A deleted connection stays as a row, for its calls and appointments, without its secrets.
    """

    __retention__ = kept_for_ever("what an organisation has set up")
    __tablename__ = "connections"
    __table_args__ = (
        CheckConstraint("provider IN ('calcom', 'retell')", name="provider_known"),
        Index("ix_connections_organisation_id", "organisation_id", "id", postgresql_where=text("deleted_at IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID | None]
    provider: Mapped[str]
    name: Mapped[str]
    api_key: Mapped[bytes | None]
    webhook_secret: Mapped[bytes | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    deleted_at: Mapped[datetime | None]
    synced_at: Mapped[datetime | None]
    bookings_seen_until: Mapped[datetime | None]
    calls_seen_until: Mapped[datetime | None]
    last_error: Mapped[str | None]


class HostRow(Base):
    """Somebody whose time is booked: one user of Cal.com. `number` stands for them in the exclusion of overlaps."""

    __retention__ = kept_for_ever("appointments name them")
    __tablename__ = "hosts"
    __table_args__ = (UniqueConstraint("organisation_id", "external_id"), UniqueConstraint("number"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(Identity(always=True))
    organisation_id: Mapped[UUID]
    external_id: Mapped[int]
    name: Mapped[str]


class EventTypeRow(Base):
    """What can be booked: one event type of Cal.com, as it was read last. `gone_at`: it is not there any more."""

    __retention__ = kept_for_ever("appointments name them")
    __tablename__ = "event_types"
    __table_args__ = (UniqueConstraint("connection_id", "external_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(index=True)
    connection_id: Mapped[UUID] = mapped_column(ForeignKey("appointments.connections.id"))
    external_id: Mapped[int]
    slug: Mapped[str]
    title: Mapped[str]
    length_minutes: Mapped[int]
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    host_id: Mapped[UUID | None] = mapped_column(ForeignKey("appointments.hosts.id"))
    synced_at: Mapped[datetime]
    gone_at: Mapped[datetime | None]


class CustomerRow(Base):
    """Somebody who calls or books. `phone` is E.164, `email` in lower case. `merged_into` is set on one that proved to
    be another, whose id is then used instead.
    """

    __retention__ = kept_for_ever("they belong to the organisation, until it forgets them")
    __tablename__ = "customers"
    __table_args__ = (
        Index(
            "uq_customers_phone",
            "organisation_id",
            "phone",
            unique=True,
            postgresql_where=text("merged_into IS NULL AND phone IS NOT NULL"),
        ),
        Index(
            "uq_customers_email",
            "organisation_id",
            "email",
            unique=True,
            postgresql_where=text("merged_into IS NULL AND email IS NOT NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID]
    name: Mapped[str | None]
    email: Mapped[str | None]
    phone: Mapped[str | None]
    language: Mapped[str | None]
    time_zone: Mapped[str | None]
    merged_into: Mapped[UUID | None] = mapped_column(ForeignKey("appointments.customers.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class CallRow(Base):
    """One call, made of whatever its provider told of it. `analysis` is as it came, `request` what was read from it.

    `outcome` is where it has led to (domain.calls), `problem` what people have to look at. `trimmed_at`: its words went.
    """

    __retention__ = kept_for("APPOINTMENTS_RETENTION_CALLS_DAYS", "ended_at").trims(
        *("transcript", "recording_url", "summary", "variables", "analysis", "request"),
        setting="APPOINTMENTS_RETENTION_WORDS_DAYS",
        since="ended_at",
    )

    __tablename__ = "calls"
    __table_args__ = (
        UniqueConstraint("connection_id", "external_id"),
        Index("ix_calls_organisation_id", "organisation_id", "id"),
        Index("ix_calls_chain_id", "chain_id", postgresql_where=text("chain_id IS NOT NULL")),
        Index("ix_calls_with_words", "id", postgresql_where=text("trimmed_at IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID]
    connection_id: Mapped[UUID] = mapped_column(ForeignKey("appointments.connections.id"))
    external_id: Mapped[str]
    agent_id: Mapped[str | None]
    direction: Mapped[str | None]
    from_number: Mapped[str | None]
    to_number: Mapped[str | None]
    status: Mapped[str | None]
    disconnection_reason: Mapped[str | None]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    duration_ms: Mapped[int | None]
    transcript: Mapped[str | None]
    recording_url: Mapped[str | None]
    summary: Mapped[str | None]
    sentiment: Mapped[str | None]
    variables: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    analysis: Mapped[dict[str, Any] | None] = mapped_column(NULLABLE_JSON)
    ended_seen_at: Mapped[datetime | None]
    analysed_seen_at: Mapped[datetime | None]
    request: Mapped[dict[str, Any] | None] = mapped_column(NULLABLE_JSON)
    outcome: Mapped[str]
    problem: Mapped[str | None]
    detail: Mapped[str | None]
    chain_id: Mapped[UUID | None]
    customer_id: Mapped[UUID | None] = mapped_column(ForeignKey("appointments.customers.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    trimmed_at: Mapped[datetime | None]


class AppointmentRow(Base):
    """One appointment, wanted or standing. Its id is in the metadata of its booking at Cal.com.

    `sequence` and `told_at` are of the newest word of the provider that has been applied: older ones are ignored.
    `wish` is what our side has asked the provider for and has no answer to yet (domain.appointments).
    """

    __retention__ = kept_for("APPOINTMENTS_RETENTION_APPOINTMENTS_DAYS", "ends_at", but="while a wish is open it stays")
    __tablename__ = "appointments"
    __table_args__ = (
        UniqueConstraint("connection_id", "booking_uid"),
        ExcludeConstraint(
            (text("int8range(host_number, host_number, '[]')"), "&&"),
            (text("tstzrange(starts_at, ends_at)"), "&&"),
            name="ex_appointments_host_number_starts_at",
            using="gist",
            where=text(f"host_number IS NOT NULL AND NOT shares_host AND {HOLDING}"),
        ),
        CheckConstraint("ends_at > starts_at", name="ends_after_start"),
        Index("ix_appointments_organisation_id", "organisation_id", "id"),
        Index("ix_appointments_call_id", "call_id", postgresql_where=text("call_id IS NOT NULL")),
        Index("ix_appointments_starts_at", "organisation_id", "starts_at"),
        Index("ix_appointments_ical_uid", "connection_id", "ical_uid", postgresql_where=text("ical_uid IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID]
    connection_id: Mapped[UUID] = mapped_column(ForeignKey("appointments.connections.id"))
    call_id: Mapped[UUID | None] = mapped_column(ForeignKey("appointments.calls.id"))
    customer_id: Mapped[UUID | None] = mapped_column(ForeignKey("appointments.customers.id"), index=True)
    event_type_id: Mapped[UUID | None] = mapped_column(ForeignKey("appointments.event_types.id"))
    host_number: Mapped[int | None]
    shares_host: Mapped[bool] = mapped_column(server_default=text("false"))
    state: Mapped[str]
    service: Mapped[str]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    time_zone: Mapped[str]
    language: Mapped[str]
    name: Mapped[str]
    email: Mapped[str | None]
    phone: Mapped[str | None]
    booking_uid: Mapped[str | None]
    booking_number: Mapped[int | None]
    ical_uid: Mapped[str | None]
    sequence: Mapped[int] = mapped_column(server_default=text("0"))
    told_at: Mapped[datetime | None]
    moves: Mapped[int] = mapped_column(server_default=text("0"))
    meeting_url: Mapped[str | None]
    location: Mapped[str | None]
    is_paid: Mapped[bool] = mapped_column(server_default=text("false"))
    wish: Mapped[dict[str, Any] | None] = mapped_column(NULLABLE_JSON)
    reason: Mapped[str | None]
    detail: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class FormerBookingRow(Base):
    """A uid that an appointment's booking had before it was moved: late words about it belong to that appointment."""

    __retention__ = kept_with("appointments.appointments")
    __tablename__ = "former_bookings"

    connection_id: Mapped[UUID] = mapped_column(ForeignKey("appointments.connections.id"), primary_key=True)
    booking_uid: Mapped[str] = mapped_column(primary_key=True)
    appointment_id: Mapped[UUID] = mapped_column(ForeignKey("appointments.appointments.id"), index=True)


class OfferRow(Base):
    """A free time offered instead of one that was taken."""

    __retention__ = kept_with("appointments.appointments")
    __tablename__ = "offers"
    __table_args__ = (UniqueConstraint("appointment_id", "starts_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    appointment_id: Mapped[UUID] = mapped_column(ForeignKey("appointments.appointments.id"))
    starts_at: Mapped[datetime]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    taken_at: Mapped[datetime | None]


class ReminderRow(Base):
    """A reminder that is planned: the scheduled message, which is cancelled when the appointment moves or falls."""

    __retention__ = kept_with("appointments.appointments")
    __tablename__ = "reminders"

    appointment_id: Mapped[UUID] = mapped_column(ForeignKey("appointments.appointments.id"), primary_key=True)
    starts_at: Mapped[datetime] = mapped_column(primary_key=True)
    minutes_before: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[UUID]
    sent_at: Mapped[datetime | None]


class CallCountRow(Base):
    """How many calls of a day (in the company's time zone) had which outcome: each call is counted once, where it is."""

    __retention__ = kept_with("appointments.calls")
    __tablename__ = "counted_calls"
    __table_args__ = (Index("ix_counted_calls_organisation_id_day", "organisation_id", "day"),)

    call_id: Mapped[UUID] = mapped_column(ForeignKey("appointments.calls.id"), primary_key=True)
    organisation_id: Mapped[UUID]
    day: Mapped[date]
    outcome: Mapped[str]
