"""The projection of the reports service: how it stands, and building it again."""

import time
from collections.abc import Callable
from uuid import UUID

from services.console.errors import RebuildFailedError
from services.console.operations.database import transaction
from services.console.settings import ConsoleSettings
from services.reports.domain.rebuilds import Rebuild, RebuildState
from services.reports.handlers import rebuilding
from services.reports.handlers.projection import projection_is_whole

REPORTS = "reports"
LOOK_SECONDS = 0.5


def show(settings: ConsoleSettings) -> tuple[bool, Rebuild | None]:
    """Whether the projection is whole, and the rebuild that was started last, if there was one."""
    with transaction(settings, REPORTS) as session:
        return projection_is_whole(session), rebuilding.newest(session)


def rebuild(settings: ConsoleSettings) -> UUID:
    """Begin to build the projection again. Raises RebuildRunningError while that is being done."""
    with transaction(settings, REPORTS) as session:
        return rebuilding.start(session)


def wait(
    settings: ConsoleSettings, rebuild_id: UUID, progress: Callable[[Rebuild], None], look: float = LOOK_SECONDS
) -> None:
    """Return when the rebuild has come to its end, and tell of its progress. Raises RebuildFailedError.

    The workers do it: nothing is lost when nobody waits.
    """
    while True:
        _, found = show(settings)
        if found is None or found.id != rebuild_id:
            raise RebuildFailedError("another rebuild was started since: see `bellhop projection show`")
        progress(found)
        if found.state is RebuildState.FAILED:
            raise RebuildFailedError(f"the projection was not rebuilt: {found.failure}")
        if found.state is RebuildState.DONE:
            return
        time.sleep(look)
