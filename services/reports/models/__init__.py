"""Tables of the schema `reports`: the event log and the projection of it, exports, imports, people, figures."""

from services.reports.models.base import Base
from services.reports.models.exports import ExportRow, RevokedKeyRow
from services.reports.models.figures import (
    DailyFigureRow,
    EventReportRow,
    FigureStateRow,
    PreferencesRow,
    StaleDayRow,
    WeeklyReportRow,
)
from services.reports.models.imports import FailedRowRow, ImportChunkRow, ImportRow, PersonRow
from services.reports.models.projection import (
    AppointmentRow,
    CallRow,
    EventRow,
    LoggedEventRow,
    NotificationRow,
    OrderItemRow,
    OrderRow,
    PaymentRow,
    RebuildRow,
    TicketRow,
)

__all__ = [
    "AppointmentRow",
    "Base",
    "CallRow",
    "DailyFigureRow",
    "EventReportRow",
    "EventRow",
    "ExportRow",
    "FailedRowRow",
    "FigureStateRow",
    "ImportChunkRow",
    "ImportRow",
    "LoggedEventRow",
    "NotificationRow",
    "OrderItemRow",
    "OrderRow",
    "PaymentRow",
    "PersonRow",
    "PreferencesRow",
    "RebuildRow",
    "RevokedKeyRow",
    "StaleDayRow",
    "TicketRow",
    "WeeklyReportRow",
]
