"""Albums: sets of photos with a name."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Album:
    """An album. `keeps_place`: where its photos were taken may be read from them and shown."""

    id: UUID
    organisation_id: UUID
    name: str
    keeps_place: bool
    created_at: datetime
