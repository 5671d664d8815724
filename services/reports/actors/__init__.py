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
from services.reports.actors.imports import (
    analyse_import,
    dry_run_import,
    finish_import,
    import_chunk,
    mark_import_failed,
    split_import,
)
from services.reports.actors.projection import mark_rebuild_failed, process_event_data, rebuild_step

__all__ = [
    "analyse_import",
    "appointment_booked",
    "appointment_cancelled",
    "appointment_rescheduled",
    "call_handled",
    "dry_run_import",
    "event_created",
    "finish_import",
    "import_chunk",
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
    "split_import",
    "ticket_checked_in",
    "tickets_issued",
]
