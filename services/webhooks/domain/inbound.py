"""What a provider told us."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Received:
    """A verified webhook. `external_id` is the source's own id of it, by which a repetition is recognised: among those
    of the same connection. `connection_id` is None where it came to the address of the installation's own settings.
    """

    external_id: str
    event_type: str
    created_at: datetime
    livemode: bool
    data: dict[str, Any]
    connection_id: UUID | None = None

    @property
    def key(self) -> str:
        """What is stored once: two connections may be told of the same."""
        return f"{self.connection_id}/{self.external_id}" if self.connection_id else self.external_id
