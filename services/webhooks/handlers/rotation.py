"""Secrets of endpoints under a new SECRET_KEY."""

from services.webhooks.handlers.endpoints import secret_context
from services.webhooks.repository.endpoints import Endpoints
from shared.crypto import Rotation
from shared.messaging.outbox import Session


def rotate(session: Session, rotation: Rotation) -> int:
    """Encrypt all secrets anew; returns how many were under the former key.

    Raises DecryptionFailed, and nothing is changed then.
    """
    endpoints, changed = Endpoints(session), 0
    for endpoint_id, sealed in endpoints.all_sealed():
        renewed = rotation.renewed(sealed, secret_context(endpoint_id))
        if renewed is not None:
            endpoints.change(endpoint_id, {"secret": renewed})
            changed += 1
    return changed
