"""How long the service keeps what was not paid, and the pictures of tickets."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from shared.retention import Prefix, kept_for

PICTURES: Final = Prefix("tickets", kept_for("TICKETING_RETENTION_PICTURES_DAYS", "the end of the ticket's event"))
"""QR codes, by organisation, event and ticket."""


@dataclass(frozen=True, slots=True)
class Keep:
    """`unpaid`: orders that expired or were cancelled before they were paid; `pictures`: from their event's end. None is
    for ever.
    """

    unpaid: timedelta | None = timedelta(days=90)
    pictures: timedelta | None = timedelta(days=30)
