"""Messages of the gateway: who may ask."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from shared.contracts.message import Event


class KeyRevoked(Event):
    """An API key was ended: what it asked for, and has not been done yet, must not be done in its name any more."""

    kind: ClassVar[str] = "gateway.key.revoked"
    key_id: UUID
    organisation_id: UUID
    revoked_at: datetime
