"""What the use cases need from outside, put together once in each process."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from services.reports.handlers.export_needs import ExportNeeds
from services.reports.handlers.figure_needs import FigureNeeds
from services.reports.handlers.import_needs import ImportNeeds
from shared.clock import Clock, now


class Facts(Protocol):
    """What the settings say (settings.ReportsSettings is one)."""

    @property
    def rebuild_step_events(self) -> int: ...

    @property
    def retention_event_log_days(self) -> timedelta | None: ...


@dataclass(frozen=True, kw_only=True)
class Dependencies:
    """Made in `__main__`, and in the tests with fakes."""

    facts: Facts
    clock: Clock = now
    exports: ExportNeeds | None = None
    imports: ImportNeeds | None = None
    figures: FigureNeeds | None = None

    @property
    def for_exports(self) -> ExportNeeds:
        """What exports need: it is put together wherever they run."""
        assert self.exports is not None
        return self.exports

    @property
    def for_imports(self) -> ImportNeeds:
        """What imports need: it is put together wherever they run."""
        assert self.imports is not None
        return self.imports

    @property
    def for_figures(self) -> FigureNeeds:
        """What figures and weekly reports need: it is put together wherever they are made."""
        assert self.figures is not None
        return self.figures
