"""What belongs to appointments and calls: former names of bookings, offers, reminders, counts."""

import sqlalchemy as sa
from alembic import op

revision = "appointments_0002"
down_revision = "appointments_0001"
branch_labels = None
depends_on = None

SCHEMA = "appointments"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    _create_former_bookings()
    _create_offers()
    _create_reminders()
    _create_counted_calls()


def _moment(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False)


def _create_former_bookings() -> None:
    op.create_table(
        "former_bookings",
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("booking_uid", sa.Text(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["appointment_id"],
            ["appointments.appointments.id"],
            name=op.f("fk_former_bookings_appointment_id_appointments"),
        ),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["appointments.connections.id"],
            name=op.f("fk_former_bookings_connection_id_connections"),
        ),
        sa.PrimaryKeyConstraint("connection_id", "booking_uid", name=op.f("pk_former_bookings")),
        schema=SCHEMA,
    )
    op.create_index(op.f("ix_former_bookings_appointment_id"), "former_bookings", ["appointment_id"], schema=SCHEMA)


def _create_offers() -> None:
    op.create_table(
        "offers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        _moment("created_at"),
        sa.Column("taken_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointments.appointments.id"], name=op.f("fk_offers_appointment_id_appointments")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offers")),
        sa.UniqueConstraint("appointment_id", "starts_at", name=op.f("uq_offers_appointment_id_starts_at")),
        schema=SCHEMA,
    )


def _create_reminders() -> None:
    op.create_table(
        "reminders",
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("minutes_before", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointments.appointments.id"], name=op.f("fk_reminders_appointment_id_appointments")
        ),
        sa.PrimaryKeyConstraint("appointment_id", "starts_at", "minutes_before", name=op.f("pk_reminders")),
        schema=SCHEMA,
    )


def _create_counted_calls() -> None:
    op.create_table(
        "counted_calls",
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["appointments.calls.id"], name=op.f("fk_counted_calls_call_id_calls")),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_counted_calls")),
        schema=SCHEMA,
    )
    op.create_index("ix_counted_calls_organisation_id_day", "counted_calls", ["organisation_id", "day"], schema=SCHEMA)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    for table in ("counted_calls", "reminders", "offers", "former_bookings"):
        op.drop_table(table, schema=SCHEMA)
