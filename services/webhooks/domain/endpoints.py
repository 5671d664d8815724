"""Where an organisation wants to be told things."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address. `event_types` is None for all types; `disabled_reason` says who disabled it."""

    id: UUID
    organisation_id: UUID
    url: str
    event_types: list[str] | None
    enabled: bool
    disabled_reason: str | None
    created_at: datetime
