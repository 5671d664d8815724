"""Credentials of providers under a new SECRET_KEY."""

from services.appointments.domain.connections import SealedCredentials, secret_context
from services.appointments.repository.connections import Connections
from shared.crypto import Rotation
from shared.messaging.outbox import Session


def rotate(session: Session, rotation: Rotation) -> int:
    """Encrypt all credentials anew; returns how many connections had some under the former key.

    Raises DecryptionFailed, and nothing is changed then.
    """
    connections, changed = Connections(session), 0
    for sealed in connections.all_sealed():
        renewed = _renewed(rotation, sealed)
        if renewed:
            connections.change(sealed.connection_id, renewed)
            changed += 1
    return changed


def _renewed(rotation: Rotation, sealed: SealedCredentials) -> dict[str, bytes]:
    """The columns that change."""
    kept = {"api_key": sealed.api_key, "webhook_secret": sealed.webhook_secret}
    renewed = {
        name: rotation.renewed(value, secret_context(sealed.connection_id, name))
        for name, value in kept.items()
        if value is not None
    }
    return {name: value for name, value in renewed.items() if value is not None}
