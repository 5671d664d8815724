"""In whose name something is done, and whether it still may be."""

from uuid import UUID

from services.reports.errors import KeyRevokedError
from services.reports.repository.revoked_keys import RevokedKeys
from shared.contracts.gateway import KeyRevoked
from shared.messaging.outbox import Session


def key_revoked(session: Session, message: KeyRevoked) -> None:
    """Remember that nothing is done in the name of this key any more."""
    RevokedKeys(session).add(message.key_id, message.revoked_at)


def assure_key_stands(session: Session, key_id: UUID) -> None:
    """Raises KeyRevokedError where the key that asked was revoked since."""
    if RevokedKeys(session).has(key_id):
        raise KeyRevokedError("the API key that asked for this has been revoked since")
