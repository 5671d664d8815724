"""Daily figures, what must be computed anew, and the reports that are made of them."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Date, Identity, Index, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from services.reports.models.base import Base
from shared.retention import kept_for_ever, kept_until


class PreferencesRow(Base):
    """What an organisation wants of its reports: whose days they count, who gets the weekly report, in which language."""

    __retention__ = kept_for_ever("what an organisation has set up")
    __tablename__ = "preferences"
    organisation_id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    time_zone: Mapped[str]
    language: Mapped[str]
    weekly_to: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    changed_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class StaleDayRow(Base):
    """A mark: something that happened at this hour (UTC) was heard of after the figures were last computed.

    Marks are only ever added, so that no two events wait for each other; an hour may have many. Whoever computes deletes
    the marks first, and reads the projection in a statement after that: what comes meanwhile leaves marks of its own.
    """

    __retention__ = kept_until("the figures of its hour are computed")
    __tablename__ = "stale_hours"
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    organisation_id: Mapped[UUID]
    hour: Mapped[datetime]
    __table_args__ = (Index("ix_stale_hours_organisation_id_hour", "organisation_id", "hour"),)


class FigureStateRow(Base):
    """How the figures of an organisation stand: whose days they count, and up to when they were computed.

    Days of another time zone are other days: when the organisation moves, all figures are computed anew.
    """

    __retention__ = kept_for_ever("one for each organisation")
    __tablename__ = "figure_states"
    organisation_id: Mapped[UUID] = mapped_column(primary_key=True)
    time_zone: Mapped[str]
    computed_at: Mapped[datetime]


class DailyFigureRow(Base):
    """One figure of one day. `amount` is in minor units of `currency`, empty where the figure is no money.

    `dimension` says of what, such as a ticket type, and is empty where the figure is of all.
    """

    __retention__ = kept_for_ever("sums, without persons")
    __tablename__ = "daily_figures"
    organisation_id: Mapped[UUID] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    figure: Mapped[str] = mapped_column(primary_key=True)
    dimension: Mapped[str] = mapped_column(primary_key=True, server_default="")
    currency: Mapped[str] = mapped_column(primary_key=True, server_default="")
    label: Mapped[str] = mapped_column(server_default="")
    count: Mapped[int] = mapped_column(server_default=text("0"))
    amount: Mapped[int] = mapped_column(server_default=text("0"))


class EventReportRow(Base):
    """The statistics of one event, as they were last computed."""

    __retention__ = kept_for_ever("sums, without persons; one for each event")
    __tablename__ = "event_reports"
    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID]
    statistics: Mapped[dict[str, Any]] = mapped_column(JSONB)
    computed_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class WeeklyReportRow(Base):
    """A weekly report that was made: once for an organisation and week. Its files are removed some weeks later."""

    __retention__ = kept_for_ever("one a week, so that no report is made twice; its files go after 8 weeks")
    __tablename__ = "weekly_reports"
    organisation_id: Mapped[UUID] = mapped_column(primary_key=True)
    monday: Mapped[date] = mapped_column(Date, primary_key=True)
    storage_keys: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    made_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    __table_args__ = (Index("ix_weekly_reports_made_at", "made_at"),)
