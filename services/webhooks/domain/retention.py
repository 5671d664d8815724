"""How long the service keeps what it was told and what it has sent."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from shared.retention import Prefix, kept_for

INBOUND: Final = Prefix(
    "webhooks/inbound", kept_for("WEBHOOKS_RETENTION_BODIES_DAYS", "it was written, and one day more")
)
"""Raw bodies too large for a row's message, by their source and their own hash."""
BODIES_GRACE: Final = timedelta(days=1)
"""By so much an object outlives its row's word of it."""


@dataclass(frozen=True, slots=True)
class Keep:
    """`bodies` of inbound events; `inbound`: the events' ids, by which a repetition is known; `deliveries` with all that
    belongs to them. None is for ever.
    """

    bodies: timedelta | None = timedelta(days=30)
    inbound: timedelta | None = timedelta(days=90)
    deliveries: timedelta | None = timedelta(days=30)
