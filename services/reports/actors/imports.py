"""What the service hears of imports of people: looked through, tried, cut up, taken in, ended."""

from typing import Any, TypeVar

from services.reports.domain.imports import Counts, Found, Import, ImportState, Refused
from services.reports.handlers import import_finishing, import_reading, imports, people
from services.reports.handlers.dependencies import Dependencies
from services.reports.handlers.import_finishing import Ending
from services.reports.handlers.import_needs import ImportNeeds
from services.reports.handlers.import_reading import Cut
from services.reports.handlers.people import Chunk, Rows
from shared.contracts.reports import (
    AnalyseImport,
    DryRunImport,
    FinishImport,
    ImportChunk,
    MarkImportFailed,
    SplitImport,
)
from shared.messaging.actor import ProviderSteps, actor, provider_actor
from shared.messaging.outbox import Session
from shared.messaging.retries import Delays

QUEUE = "reports.imports"
DELAYS = [5.0, 30.0, 120.0, 600.0]
WHOLE_FILE_SECONDS = 900.0
CHUNK_SECONDS = 600.0
"""What is read is on our own storage: 600 s are for a thousand rows, 900 s for a file of half a million."""
READING: dict[str, Any] = {
    "queue": QUEUE,
    "tries": 5,
    "backoff": Delays(DELAYS),
    "time_limit": WHOLE_FILE_SECONDS,
    "call_deadline": WHOLE_FILE_SECONDS,
    "repeatable": True,
    "on_failure": MarkImportFailed,
}

CommandT = TypeVar("CommandT", AnalyseImport, DryRunImport, SplitImport, ImportChunk, FinishImport)
IntentT = TypeVar("IntentT")
ResultT = TypeVar("ResultT")


class _Steps(ProviderSteps[CommandT, IntentT, ResultT]):
    """Files are written under keys that come from ids: whatever was done before can be done again."""

    def __init__(self, needs: ImportNeeds) -> None:
        self._needs = needs

    def resolve(self, _intent: IntentT) -> None:
        return None


@provider_actor(AnalyseImport, **READING)
def analyse_import(dependencies: Dependencies) -> ProviderSteps[AnalyseImport, Import, Found | Refused]:
    return _Analysis(dependencies.for_imports)


@provider_actor(DryRunImport, **READING)
def dry_run_import(dependencies: Dependencies) -> ProviderSteps[DryRunImport, Import, dict[str, Any] | Refused]:
    return _DryRun(dependencies.for_imports)


@provider_actor(SplitImport, **READING)
def split_import(dependencies: Dependencies) -> ProviderSteps[SplitImport, Import, Cut | Refused]:
    return _Split(dependencies.for_imports)


@provider_actor(
    ImportChunk,
    queue=QUEUE,
    tries=5,
    backoff=Delays(DELAYS),
    time_limit=CHUNK_SECONDS,
    call_deadline=CHUNK_SECONDS,
    repeatable=True,
)
def import_chunk(dependencies: Dependencies) -> ProviderSteps[ImportChunk, Chunk, Rows]:
    return _TakeIn(dependencies.for_imports)


@provider_actor(FinishImport, **READING)
def finish_import(dependencies: Dependencies) -> ProviderSteps[FinishImport, Ending, Counts]:
    return _Finish(dependencies.for_imports)


@actor(MarkImportFailed, queue=QUEUE)
def mark_import_failed(message: MarkImportFailed, session: Session, dependencies: Dependencies) -> None:
    imports.mark_failed(session, dependencies.for_imports, message)


class _Analysis(_Steps[AnalyseImport, Import, Found | Refused]):
    def prepare(self, session: Session, message: AnalyseImport) -> Import | None:
        return import_reading.prepare(session, message.import_id, ImportState.ANALYSING)

    def call(self, intent: Import) -> Found | Refused:
        return import_reading.analyse(self._needs, intent)

    def record(self, session: Session, intent: Import, result: Found | Refused) -> None:
        import_reading.record_analysis(session, self._needs, intent, result)


class _DryRun(_Steps[DryRunImport, Import, dict[str, Any] | Refused]):
    def prepare(self, session: Session, message: DryRunImport) -> Import | None:
        return import_reading.prepare(session, message.import_id, ImportState.CHECKING)

    def call(self, intent: Import) -> dict[str, Any] | Refused:
        return import_reading.dry_run(self._needs, intent)

    def record(self, session: Session, intent: Import, result: dict[str, Any] | Refused) -> None:
        import_reading.record_dry_run(session, self._needs, intent, result)


class _Split(_Steps[SplitImport, Import, Cut | Refused]):
    def prepare(self, session: Session, message: SplitImport) -> Import | None:
        return import_reading.prepare(session, message.import_id, ImportState.SPLITTING)

    def call(self, intent: Import) -> Cut | Refused:
        return import_reading.split(self._needs, intent)

    def record(self, session: Session, intent: Import, result: Cut | Refused) -> None:
        import_reading.record_split(session, self._needs, intent, result)


class _TakeIn(_Steps[ImportChunk, Chunk, Rows]):
    def prepare(self, session: Session, message: ImportChunk) -> Chunk | None:
        return people.prepare(session, message.import_id, message.chunk)

    def call(self, intent: Chunk) -> Rows:
        return people.read(self._needs, intent)

    def record(self, session: Session, intent: Chunk, result: Rows) -> None:
        people.record(session, intent, result)


class _Finish(_Steps[FinishImport, Ending, Counts]):
    def prepare(self, session: Session, message: FinishImport) -> Ending | None:
        return import_finishing.prepare(session, message.import_id)

    def call(self, intent: Ending) -> Counts:
        return import_finishing.write_failures(self._needs, intent)

    def record(self, session: Session, intent: Ending, result: Counts) -> None:
        import_finishing.record(session, self._needs, intent, result)
