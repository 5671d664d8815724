"""What the reports service hears: of the other services' events, and its own jobs."""

from services.reports.actors.events import (
    appointment_booked,
    appointment_cancelled,
    appointment_rescheduled,
    call_handled,
    event_created,
    notification_ended,
    order_cancelled,
    order_expired,
    order_fulfilled,
    order_paid,
    order_placed,
    payment_succeeded,
    ticket_checked_in,
    tickets_issued,
)
from services.reports.actors.exports import key_revoked, mark_export_failed, run_export
from services.reports.actors.figures import compute_figures, compute_organisation_figures
from services.reports.actors.imports import (
    analyse_import,
    dry_run_import,
    finish_import,
    import_chunk,
    mark_import_failed,
    split_import,
)
from services.reports.actors.projection import mark_rebuild_failed, process_event_data, rebuild_step
from services.reports.actors.sweeping import sweep_reports
from services.reports.actors.weekly import remove_weekly_report, send_weekly_report, send_weekly_reports

__all__ = [
    "analyse_import",
    "appointment_booked",
    "appointment_cancelled",
    "appointment_rescheduled",
    "call_handled",
    "compute_figures",
    "compute_organisation_figures",
    "dry_run_import",
    "event_created",
    "finish_import",
    "import_chunk",
    "key_revoked",
    "mark_export_failed",
    "mark_import_failed",
    "mark_rebuild_failed",
    "notification_ended",
    "order_cancelled",
    "order_expired",
    "order_fulfilled",
    "order_paid",
    "order_placed",
    "payment_succeeded",
    "process_event_data",
    "rebuild_step",
    "remove_weekly_report",
    "run_export",
    "send_weekly_report",
    "send_weekly_reports",
    "split_import",
    "sweep_reports",
    "ticket_checked_in",
    "tickets_issued",
]
