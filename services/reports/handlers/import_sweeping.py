"""Removing imports whose time is over, and those whose file never came: the files first, and the rows after them."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from services.reports.domain.imports import folder
from services.reports.handlers.import_needs import ImportNeeds
from services.reports.repository.imports import Imports
from shared.messaging.outbox import Session

AT_ONCE: Final = 500
UPLOAD_HOURS: Final = 24
"""A file that has not come by then never will."""


def prepare(session: Session, needs: ImportNeeds) -> Sequence[tuple[UUID, UUID]]:
    """What is to be removed: organisation and import."""
    now = needs.clock()
    return Imports(session).over(now, now - timedelta(hours=UPLOAD_HOURS), count=AT_ONCE)


def remove_files(needs: ImportNeeds, imports: Sequence[tuple[UUID, UUID]]) -> None:
    """Remove all that they keep in the storage. The people stay."""
    for organisation_id, import_id in imports:
        needs.files.remove_all(folder(organisation_id, import_id))


def record(session: Session, imports: Sequence[tuple[UUID, UUID]]) -> None:
    """Forget them."""
    Imports(session).remove([import_id for _, import_id in imports])
