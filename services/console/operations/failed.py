"""Failed jobs: looked at, tried again, or closed."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from services.console.operations.database import transaction
from services.console.settings import ConsoleSettings
from shared.errors import BellhopError
from shared.messaging import failed_jobs
from shared.messaging.outbox import Session

BATCH = 500
"""Jobs that are handled before the next are asked for, where all are meant."""


def list_failed(
    settings: ConsoleSettings, *, service: str | None, kind: str | None, include_resolved: bool, limit: int
) -> Sequence[dict[str, Any]]:
    """Failed jobs, the newest first, without their bodies."""
    with transaction(settings) as session:
        return failed_jobs.list_failed(
            session, service=service, kind=kind, include_resolved=include_resolved, limit=limit
        )


def show_failed(settings: ConsoleSettings, failed_id: UUID) -> dict[str, Any]:
    """One failed job with its body and its attempts. Raises FailedJobNotFoundError."""
    with transaction(settings) as session:
        return failed_jobs.show_failed(session, failed_id)


def retry(settings: ConsoleSettings, failed_id: UUID) -> None:
    """Send a failed job to its consumer again. Raises FailedJobNotFoundError, NotRetryableError."""
    with transaction(settings) as session:
        failed_jobs.retry_failed(session, failed_id)


def discard(settings: ConsoleSettings, failed_id: UUID, note: str | None) -> None:
    """Close a failed job without trying it again. Raises FailedJobNotFoundError."""
    with transaction(settings) as session:
        failed_jobs.discard_failed(session, failed_id, note)


def retry_all(settings: ConsoleSettings, service: str | None, kind: str | None) -> tuple[int, dict[UUID, str]]:
    """Retry every open failed job of this service and kind. Returns how many, and why the others could not be."""
    return _each(settings, service, kind, failed_jobs.retry_failed)


def discard_all(
    settings: ConsoleSettings, service: str | None, kind: str | None, note: str | None
) -> tuple[int, dict[UUID, str]]:
    """Discard every open failed job of this service and kind. Returns how many, and why the others could not be."""
    return _each(settings, service, kind, lambda session, job: failed_jobs.discard_failed(session, job, note))


def _each(
    settings: ConsoleSettings, service: str | None, kind: str | None, act: Callable[[Session, UUID], object]
) -> tuple[int, dict[UUID, str]]:
    """Every job is a transaction of its own, so that one that cannot be done does not hold up the others."""
    done, refused = 0, dict[UUID, str]()
    while True:
        with transaction(settings) as session:
            jobs = failed_jobs.list_failed(session, service=service, kind=kind, limit=BATCH + len(refused))
        left = [job["id"] for job in jobs if job["id"] not in refused]
        if not left:
            return done, refused
        for failed_id in left:
            try:
                with transaction(settings) as session:
                    act(session, failed_id)
                done += 1
            except BellhopError as error:
                refused[failed_id] = str(error)
