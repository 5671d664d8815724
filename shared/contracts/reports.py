"""Messages of the reports service: its projection, exports, imports of people, figures and reports."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from shared.contracts.message import Command, FailureNotice


class RebuildStep(Command):
    """Apply the next part of the event log to a projection that was emptied. Each step publishes the one after it."""

    kind: ClassVar[str] = "reports.projection.rebuild_step"
    rebuild_id: UUID


class MarkRebuildFailed(FailureNotice):
    """A step of a rebuild finally failed: say so."""

    kind: ClassVar[str] = "reports.projection.mark_rebuild_failed"


class ProcessEventData(Command):
    """Compute the statistics of one event (a concert, say) from its attendees, and write its report."""

    kind: ClassVar[str] = "reports.event.process_data"
    event_id: UUID


class RunExport(Command):
    """Write the file of an export. Of one organisation two run at once."""

    kind: ClassVar[str] = "reports.export.run"
    export_id: UUID
    organisation_id: UUID


class MarkExportFailed(FailureNotice):
    """An export finally failed: say so, and why, and tell whoever asked for it."""

    kind: ClassVar[str] = "reports.export.mark_failed"


class SweepReports(Command):
    """Remove the files of exports and imports whose time is over. Published every day."""

    kind: ClassVar[str] = "reports.storage.sweep"


class AnalyseImport(Command):
    """Read the columns of an uploaded file, and suggest what they mean."""

    kind: ClassVar[str] = "reports.import.analyse"
    import_id: UUID


class DryRunImport(Command):
    """Look through all rows of an import as if it ran, and keep the first errors."""

    kind: ClassVar[str] = "reports.import.dry_run"
    import_id: UUID


class SplitImport(Command):
    """Cut the file of an import into chunks, and start the batch that takes them in."""

    kind: ClassVar[str] = "reports.import.split"
    import_id: UUID


class ImportChunk(Command):
    """Take in the rows of one chunk."""

    kind: ClassVar[str] = "reports.import.take_chunk"
    import_id: UUID
    chunk: int


class FinishImport(Command):
    """All chunks have ended: write the file of the rows that failed, and tell whoever asked."""

    kind: ClassVar[str] = "reports.import.finish"
    import_id: UUID


class MarkImportFailed(FailureNotice):
    """Reading or cutting up the file of an import finally failed: say so, and why, and tell whoever asked."""

    kind: ClassVar[str] = "reports.import.mark_failed"


class ComputeFigures(Command):
    """Bring the daily figures up to date. Published every six hours."""

    kind: ClassVar[str] = "reports.figures.compute"


class ComputeOrganisationFigures(Command):
    """Compute the figures of the days of one organisation that are not up to date."""

    kind: ClassVar[str] = "reports.figures.compute_organisation"
    organisation_id: UUID


class SendWeeklyReports(Command):
    """Publish SendWeeklyReport for every organisation that wants one. Published every Monday."""

    kind: ClassVar[str] = "reports.weekly.send_all"


class SendWeeklyReport(Command):
    """Draw the report of the seven days that begin on `monday`, and mail it."""

    kind: ClassVar[str] = "reports.weekly.send"
    organisation_id: UUID
    monday: date


class RemoveWeeklyReport(Command):
    """Remove the files of a weekly report that was mailed weeks ago."""

    kind: ClassVar[str] = "reports.weekly.remove"
    organisation_id: UUID
    monday: date
