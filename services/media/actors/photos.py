"""What the service hears of photos."""

from services.media.domain.pictures import Picture
from services.media.handlers import thumbnails
from services.media.handlers.dependencies import Dependencies
from services.media.handlers.thumbnails import Work
from shared.contracts.media import MarkPhotoFailed, ProcessPhoto, RegenerateThumbnails
from shared.messaging.actor import ProviderSteps, actor, provider_actor
from shared.messaging.outbox import Session
from shared.messaging.retries import Delays

PHOTOS, DEFAULT = "media.photos", "media.default"
TIME_LIMIT, DEADLINE = 300, 270
"""Seconds for one photo: the original may come slowly out of a bucket."""


@provider_actor(
    ProcessPhoto,
    queue=PHOTOS,
    tries=3,
    backoff=Delays([10, 60]),
    time_limit=TIME_LIMIT,
    call_deadline=DEADLINE,
    repeatable=True,
    on_failure=MarkPhotoFailed,
)
def process_photo(dependencies: Dependencies) -> "_Thumbnails":
    return _Thumbnails(dependencies, announce=True)


@provider_actor(
    RegenerateThumbnails,
    queue=PHOTOS,
    tries=3,
    backoff=Delays([10, 60]),
    time_limit=TIME_LIMIT,
    call_deadline=DEADLINE,
    repeatable=True,
    on_failure=MarkPhotoFailed,
)
def regenerate_thumbnails(dependencies: Dependencies) -> "_Thumbnails":
    return _Thumbnails(dependencies, announce=False)


@actor(MarkPhotoFailed, queue=DEFAULT)
def mark_photo_failed(message: MarkPhotoFailed, session: Session, _dependencies: Dependencies) -> None:
    thumbnails.mark_failed(session, message)


class _Thumbnails(ProviderSteps[ProcessPhoto | RegenerateThumbnails, Work, Picture]):
    """Thumbnails lie under keys that come from ids, and each is written whole: making them twice is harmless."""

    def __init__(self, dependencies: Dependencies, *, announce: bool) -> None:
        self._dependencies, self._announce = dependencies, announce

    def prepare(self, session: Session, message: ProcessPhoto | RegenerateThumbnails) -> Work | None:
        return thumbnails.prepare(session, message)

    def call(self, intent: Work) -> Picture:
        return thumbnails.make(self._dependencies, intent)

    def resolve(self, _intent: Work) -> None:
        return None

    def record(self, session: Session, intent: Work, result: Picture) -> None:
        thumbnails.record(session, self._dependencies, intent, result, announce=self._announce)
