"""What the service hears of archives, and of what is to be cleared away."""

from services.media.domain.archives import Archive
from services.media.handlers import archives, sweeping
from services.media.handlers.archives import Build
from services.media.handlers.dependencies import Dependencies
from services.media.handlers.sweeping import Sweep
from shared.contracts.media import BuildArchive, MarkArchiveFailed, RemoveArchive, SweepMedia
from shared.contracts.notifications import AlertFailure
from shared.messaging.actor import ProviderSteps, actor, provider_actor
from shared.messaging.outbox import Session
from shared.messaging.retries import Delays

ARCHIVES, DEFAULT = "media.archives", "media.default"
BUILD_SECONDS = 600.0


@provider_actor(
    BuildArchive,
    queue=ARCHIVES,
    tries=2,
    backoff=Delays([30]),
    time_limit=BUILD_SECONDS,
    call_deadline=BUILD_SECONDS,
    repeatable=True,
    on_failure=MarkArchiveFailed,
)
def build_archive(dependencies: Dependencies) -> ProviderSteps[BuildArchive, Build, int]:
    return _Building(dependencies)


class _Building(ProviderSteps[BuildArchive, Build, int]):
    """Taken up again, it is written from the start, under the same key."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._dependencies = dependencies

    def prepare(self, session: Session, message: BuildArchive) -> Build | None:
        return archives.prepare(session, message.archive_id, self._dependencies.zone, self._dependencies.clock())

    def call(self, intent: Build) -> int:
        return archives.build(self._dependencies.archives, intent)

    def resolve(self, _intent: Build) -> None:
        return None

    def record(self, session: Session, intent: Build, result: int) -> None:
        archives.record(session, intent, result, self._dependencies.clock())


@actor(MarkArchiveFailed, queue=DEFAULT)
def mark_archive_failed(message: MarkArchiveFailed, session: Session, _dependencies: Dependencies) -> None:
    archives.notice_failure(session, message)


@provider_actor(RemoveArchive, queue=DEFAULT, repeatable=True, on_failure=AlertFailure)
def remove_archive(dependencies: Dependencies) -> ProviderSteps[RemoveArchive, Archive, None]:
    return _Removing(dependencies)


class _Removing(ProviderSteps[RemoveArchive, Archive, None]):
    def __init__(self, dependencies: Dependencies) -> None:
        self._dependencies = dependencies

    def prepare(self, session: Session, message: RemoveArchive) -> Archive | None:
        return archives.prepare_removal(session, message, self._dependencies.clock())

    def call(self, intent: Archive) -> None:
        self._dependencies.storage.delete(intent.storage_key)

    def resolve(self, _intent: Archive) -> None:
        return None

    def record(self, session: Session, intent: Archive, _result: None) -> None:
        archives.record_removal(session, intent)


@provider_actor(SweepMedia, queue=DEFAULT, time_limit=600, call_deadline=600, repeatable=True, on_failure=AlertFailure)
def sweep_media(dependencies: Dependencies) -> ProviderSteps[SweepMedia, Sweep, None]:
    return _Sweeping(dependencies)


class _Sweeping(ProviderSteps[SweepMedia, Sweep, None]):
    def __init__(self, dependencies: Dependencies) -> None:
        self._dependencies = dependencies

    def prepare(self, session: Session, _message: SweepMedia) -> Sweep:
        return sweeping.prepare(session, self._dependencies.clock())

    def call(self, intent: Sweep) -> None:
        sweeping.sweep(self._dependencies.storage, intent)

    def resolve(self, _intent: Sweep) -> None:
        return None

    def record(self, session: Session, intent: Sweep, _result: None) -> None:
        sweeping.record(session, intent, self._dependencies.clock())
