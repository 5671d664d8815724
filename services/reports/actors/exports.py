"""Exports: making their files, failing, and whose key is good no more."""

from services.reports.domain.exports import Export
from services.reports.handlers import exports, rights, running_exports
from services.reports.handlers.dependencies import Dependencies
from services.reports.handlers.projection import WAIT_SECONDS, projection_is_whole
from services.reports.handlers.running_exports import Made
from shared.contracts.gateway import KeyRevoked
from shared.contracts.reports import MarkExportFailed, RunExport
from shared.messaging.actor import ProviderSteps, Snooze, actor, provider_actor
from shared.messaging.middleware import Concurrency
from shared.messaging.outbox import Session

TIME_LIMIT = 600
AT_ONCE = 2
REBUILDING = "the projection is being rebuilt"


@provider_actor(
    RunExport,
    queue="reports.exports",
    tries=1,
    time_limit=TIME_LIMIT,
    call_deadline=TIME_LIMIT,
    repeatable=True,
    on_failure=MarkExportFailed,
    middleware=[Concurrency("exports of {organisation_id}", AT_ONCE)],
)
def run_export(dependencies: Dependencies) -> ProviderSteps[RunExport, Export, Made]:
    return _Running(dependencies)


class _Running(ProviderSteps[RunExport, Export, Made]):
    """Making a file again is harmless: it is the same object."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._needs = dependencies.for_exports

    def prepare(self, session: Session, message: RunExport) -> Export | None:
        if not projection_is_whole(session):
            raise Snooze(WAIT_SECONDS, REBUILDING)
        return running_exports.prepare(session, message)

    def call(self, intent: Export) -> Made:
        made = running_exports.make(self._needs, intent)
        if made is None:
            raise Snooze(WAIT_SECONDS, REBUILDING)
        return made

    def resolve(self, _intent: Export) -> None:
        return None

    def record(self, session: Session, intent: Export, result: Made) -> None:
        running_exports.record(session, self._needs, intent, result)

    def failed(self, session: Session, message: RunExport, error: BaseException, *, final: bool) -> None:
        if final:
            exports.record_failure(session, self._needs, message, error)


@actor(MarkExportFailed, queue="reports.default")
def mark_export_failed(message: MarkExportFailed, session: Session, dependencies: Dependencies) -> None:
    exports.mark_failed(session, dependencies.for_exports, message)


@actor(KeyRevoked, queue="reports.events")
def key_revoked(message: KeyRevoked, session: Session, _dependencies: Dependencies) -> None:
    rights.key_revoked(session, message)
