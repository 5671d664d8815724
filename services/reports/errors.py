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


class LogTrimmedError(PermanentError):
    """The log of events has lost its beginning to its retention: the projection cannot be made of it any more."""

    code: ClassVar[str] = "event_log_trimmed"
    http_status: ClassVar[int] = 409


class TypesettingError(PermanentError):
    """A document could not be typeset: its template or its data are at fault, or it needs more than it may have."""

    code: ClassVar[str] = "typesetting_failed"


class ImportNotFoundError(PermanentError):
    """There is no such import, its time is over, or it belongs to another organisation."""

    code: ClassVar[str] = "import_not_found"
    http_status: ClassVar[int] = 404


class ImportNotReadyError(PermanentError):
    """What is asked of an import does not fit the state that it is in."""

    code: ClassVar[str] = "import_not_ready"
    http_status: ClassVar[int] = 409


class ImportMappingInvalidError(PermanentError):
    """A mapping names columns that are not there, one twice, or none for the mail address."""

    code: ClassVar[str] = "invalid_mapping"
    http_status: ClassVar[int] = 422


class UploadRefusedError(PermanentError):
    """An upload is larger than REPORTS_IMPORT_LIMIT."""

    code: ClassVar[str] = "upload_refused"
    http_status: ClassVar[int] = 413


class FileRefusedError(PermanentError):
    """A file cannot be read as a list of people. `refusal` says why for programs, the text for people."""

    code: ClassVar[str] = "file_refused"

    def __init__(self, refusal: str, text: str) -> None:
        super().__init__(text)
        self.refusal = refusal


class PersonNotFoundError(PermanentError):
    """The organisation has no such person."""

    code: ClassVar[str] = "person_not_found"
    http_status: ClassVar[int] = 404


class ExportFilterError(PermanentError):
    """The rows of this kind of export cannot be filtered so."""

    code: ClassVar[str] = "invalid_filter"
    http_status: ClassVar[int] = 422


class UnknownExportError(PermanentError):
    """The organisation has no such export, or it was removed after its time."""

    code: ClassVar[str] = "export_not_found"
    http_status: ClassVar[int] = 404


class ExportExpiredError(PermanentError):
    """The file of an export is kept for some days only."""

    code: ClassVar[str] = "export_expired"
    http_status: ClassVar[int] = 404


class TooManyExportsError(PermanentError):
    """So many exports of one organisation wait already that another would not come soon."""

    code: ClassVar[str] = "too_many_exports"
    http_status: ClassVar[int] = 429


class ExportTooLargeError(PermanentError):
    """A PDF file of so many rows would be of no use to people, and take the machine's memory."""

    code: ClassVar[str] = "pdf_too_many_rows"


class KeyRevokedError(PermanentError):
    """The key that asked for something was revoked before it was done: it is not done in its name any more."""

    code: ClassVar[str] = "key_revoked"


class ScratchUnavailableError(TransientError):
    """The folder for temporary files is full, read-only or gone; the message says which, and what to do."""

    code: ClassVar[str] = "scratch_unavailable"


class FileLostError(TransientError):
    """The storage took a file, and has less of it."""

    code: ClassVar[str] = "storage_lost_file"


class PeriodTooLongError(PermanentError):
    """Figures of so many days, or so many figures, are not shown at once."""

    code: ClassVar[str] = "period_too_long"
    http_status: ClassVar[int] = 422


class UnknownTimeZoneError(PermanentError):
    """The database, which counts the days, does not know this time zone."""

    code: ClassVar[str] = "unknown_time_zone"
    http_status: ClassVar[int] = 422
