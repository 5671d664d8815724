"""What can go wrong in reports, by name."""

from typing import ClassVar

from shared.errors import PermanentError, TransientError


class UnknownEventError(PermanentError):
    """There is no such event, or it belongs to another organisation."""

    code: ClassVar[str] = "event_not_found"
    http_status: ClassVar[int] = 404


class EventReportMissingError(PermanentError):
    """The event is known, and its data has not been processed yet: ask for it, or wait."""

    code: ClassVar[str] = "event_report_not_ready"
    http_status: ClassVar[int] = 404


class RebuildRunningError(PermanentError):
    """The projection is being rebuilt already."""

    code: ClassVar[str] = "rebuild_running"
    http_status: ClassVar[int] = 409


class ProjectionBusyError(TransientError):
    """The projection is being rebuilt: what is read from it now would not be whole. `retry_after` says when to ask."""

    code: ClassVar[str] = "projection_not_whole"
    http_status: ClassVar[int] = 503


class TypesettingError(PermanentError):
    """A document could not be typeset: its template or its data are at fault, or it needs more than it may have."""

    code: ClassVar[str] = "typesetting_failed"
