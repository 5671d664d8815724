"""What a provider told us."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Received:
    """A verified webhook. `external_id` is the source's own id of it, by which a repetition is recognised."""

    external_id: str
    event_type: str
    created_at: datetime
    livemode: bool
    data: dict[str, Any]
