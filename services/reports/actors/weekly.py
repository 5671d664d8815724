"""The weekly reports: sending them, and removing their files later."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from services.reports.domain.weekly import StoredFile, WeeklyReport
from services.reports.handlers import weekly
from services.reports.handlers.dependencies import Dependencies
from services.reports.handlers.projection import WAIT_SECONDS, projection_is_whole
from shared.contracts.notifications import AlertFailure
from shared.contracts.reports import RemoveWeeklyReport, SendWeeklyReport, SendWeeklyReports
from shared.messaging.actor import ProviderSteps, Snooze, actor, provider_actor
from shared.messaging.outbox import Session
from shared.messaging.retries import Delays

DEFAULT = "reports.default"
WAITS = Delays([30, 300, 1_800])
_Old = tuple[UUID, date, Sequence[str]]


@actor(SendWeeklyReports, queue=DEFAULT, time_limit=120, shares_commit=False, on_failure=AlertFailure)
def send_weekly_reports(_message: SendWeeklyReports, session: Session, dependencies: Dependencies) -> None:
    weekly.send_all(session, dependencies.clock())


@provider_actor(
    SendWeeklyReport,
    queue=DEFAULT,
    tries=5,
    backoff=WAITS,
    time_limit=300,
    call_deadline=180,
    repeatable=True,
    on_failure=AlertFailure,
)
def send_weekly_report(
    dependencies: Dependencies,
) -> ProviderSteps[SendWeeklyReport, WeeklyReport, Sequence[StoredFile]]:
    return _Sending(dependencies)


@provider_actor(RemoveWeeklyReport, queue=DEFAULT, tries=5, backoff=WAITS, call_deadline=30, repeatable=True)
def remove_weekly_report(dependencies: Dependencies) -> ProviderSteps[RemoveWeeklyReport, _Old, None]:
    return _Removing(dependencies)


class _Sending(ProviderSteps[SendWeeklyReport, WeeklyReport, Sequence[StoredFile]]):
    """Drawing a report again is harmless: its files have the same keys."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._dependencies = dependencies

    def prepare(self, session: Session, message: SendWeeklyReport) -> WeeklyReport | None:
        if not projection_is_whole(session):
            raise Snooze(WAIT_SECONDS, "the projection is being rebuilt")
        return weekly.prepare(session, message, self._dependencies.clock())

    def call(self, intent: WeeklyReport) -> Sequence[StoredFile]:
        return self._dependencies.for_figures.files.write(intent)

    def resolve(self, _intent: WeeklyReport) -> None:
        return None

    def record(self, session: Session, intent: WeeklyReport, result: Sequence[StoredFile]) -> None:
        weekly.record(session, intent, result)


class _Removing(ProviderSteps[RemoveWeeklyReport, _Old, None]):
    """First the objects, then the word of them: what is gone already is as good as removed."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._dependencies = dependencies

    def prepare(self, session: Session, message: RemoveWeeklyReport) -> _Old | None:
        keys = weekly.files_to_remove(session, message.organisation_id, message.monday)
        return None if keys is None else (message.organisation_id, message.monday, keys)

    def call(self, intent: _Old) -> None:
        self._dependencies.for_figures.files.remove(intent[2])

    def resolve(self, _intent: _Old) -> None:
        return None

    def record(self, session: Session, intent: _Old, _result: None) -> None:
        weekly.forget_files(session, intent[0], intent[1])
