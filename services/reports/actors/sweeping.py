"""Removing what was kept for some days."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from services.reports.domain.exports import Export
from services.reports.handlers import export_sweeping, import_sweeping, rebuilding
from services.reports.handlers.dependencies import Dependencies
from shared.contracts.reports import SweepReports
from shared.messaging.actor import ProviderSteps, provider_actor
from shared.messaging.outbox import Session, publish


@dataclass(frozen=True, slots=True)
class Leavings:
    """What is to be removed in one go; the imports by organisation and id. `log_is_done`: no old event is left."""

    exports: Sequence[Export]
    imports: Sequence[tuple[UUID, UUID]]
    log_is_done: bool


@provider_actor(SweepReports, queue="reports.default", time_limit=300, call_deadline=300, repeatable=True)
def sweep_reports(dependencies: Dependencies) -> ProviderSteps[SweepReports, Leavings, bool]:
    return _Sweeping(dependencies)


class _Sweeping(ProviderSteps[SweepReports, Leavings, bool]):
    """Objects first, rows after them: what breaks off in between is found again. There may be more than one go."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._exports, self._imports = dependencies.for_exports, dependencies.for_imports
        self._facts = dependencies.facts

    def prepare(self, session: Session, _message: SweepReports) -> Leavings | None:
        found = Leavings(
            export_sweeping.prepare(session, self._exports),
            import_sweeping.prepare(session, self._imports),
            rebuilding.trim_log(session, self._facts),
        )
        return found if found.exports or found.imports or not found.log_is_done else None

    def call(self, intent: Leavings) -> bool:
        export_sweeping.remove_files(self._exports, intent.exports)
        import_sweeping.remove_files(self._imports, intent.imports)
        return True

    def resolve(self, _intent: Leavings) -> None:
        return None

    def record(self, session: Session, intent: Leavings, _result: bool) -> None:
        export_sweeping.record(session, intent.exports)
        import_sweeping.record(session, intent.imports)
        publish(session, SweepReports())
