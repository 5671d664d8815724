"""Preferences, stale hours, daily figures, reports."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "reports_0004"
down_revision = "reports_0003"
branch_labels = None
depends_on = None

SCHEMA = "reports"
TABLES = ("preferences", "stale_hours", "figure_states", "daily_figures", "event_reports", "weekly_reports")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    _create_preferences()
    _create_stale_hours()
    _create_figures()
    _create_event_reports()
    _create_weekly_reports()


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    for table in reversed(TABLES):
        op.drop_table(table, schema=SCHEMA)


def _id(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Uuid(), nullable=False)


def _text(name: str, default: str | None = None) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), server_default=default, nullable=False)


def _moment(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def _now(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False)


def _zero(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger(), server_default=sa.text("0"), nullable=False)


def _texts(name: str) -> sa.Column[Any]:
    return sa.Column(name, postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False)


def _key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=op.f(f"pk_{table}"))


def _create_preferences() -> None:
    op.create_table(
        "preferences",
        _id("organisation_id"),
        _text("name"),
        _text("time_zone"),
        _text("language"),
        _texts("weekly_to"),
        _now("changed_at"),
        _key("preferences", "organisation_id"),
        schema=SCHEMA,
    )


def _create_stale_hours() -> None:
    op.create_table(
        "stale_hours",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        _id("organisation_id"),
        _moment("hour"),
        _key("stale_hours", "id"),
        schema=SCHEMA,
    )
    op.create_index(
        op.f("ix_stale_hours_organisation_id_hour"), "stale_hours", ["organisation_id", "hour"], schema=SCHEMA
    )


def _create_figures() -> None:
    op.create_table(
        "figure_states",
        _id("organisation_id"),
        _text("time_zone"),
        _moment("computed_at"),
        _key("figure_states", "organisation_id"),
        schema=SCHEMA,
    )
    op.create_table(
        "daily_figures",
        _id("organisation_id"),
        sa.Column("day", sa.Date(), nullable=False),
        _text("figure"),
        _text("dimension", ""),
        _text("currency", ""),
        _text("label", ""),
        _zero("count"),
        _zero("amount"),
        _key("daily_figures", "organisation_id", "day", "figure", "dimension", "currency"),
        schema=SCHEMA,
    )


def _create_event_reports() -> None:
    op.create_table(
        "event_reports",
        _id("event_id"),
        _id("organisation_id"),
        sa.Column("statistics", postgresql.JSONB(), nullable=False),
        _now("computed_at"),
        _key("event_reports", "event_id"),
        schema=SCHEMA,
    )


def _create_weekly_reports() -> None:
    op.create_table(
        "weekly_reports",
        _id("organisation_id"),
        sa.Column("monday", sa.Date(), nullable=False),
        _texts("storage_keys"),
        _now("made_at"),
        _key("weekly_reports", "organisation_id", "monday"),
        schema=SCHEMA,
    )
    op.create_index(op.f("ix_weekly_reports_made_at"), "weekly_reports", ["made_at"], schema=SCHEMA)
