"""Removing exports whose time is over: the files first, and the rows after them."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from services.reports.domain.exports import Export
from services.reports.handlers.export_needs import ExportNeeds
from services.reports.repository.exports import Exports
from shared.messaging.outbox import Session

AT_ONCE: Final = 500
FORGOTTEN_AFTER: Final = timedelta(days=30)
"""An export that has not come to an end by then never will."""


def prepare(session: Session, needs: ExportNeeds) -> Sequence[Export]:
    """What is to be removed."""
    now = needs.clock()
    return Exports(session).over(now, now - FORGOTTEN_AFTER, AT_ONCE)


def remove_files(needs: ExportNeeds, exports: Sequence[Export]) -> None:
    """Remove their files. One that was never written is as good as removed."""
    for export in exports:
        needs.storage.delete(export.storage_key)


def record(session: Session, exports: Sequence[Export]) -> None:
    """Forget them."""
    Exports(session).remove([export.id for export in exports])
