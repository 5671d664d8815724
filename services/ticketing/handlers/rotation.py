"""Private keys of events under a new SECRET_KEY."""

from services.ticketing.domain.tickets import key_context
from services.ticketing.repository.events import Events
from shared.crypto import Rotation
from shared.messaging.outbox import Session


def rotate(session: Session, rotation: Rotation) -> int:
    """Encrypt all private keys anew; returns how many were under the former key. The keys themselves stay the same:
    tickets that were issued remain good.

    Raises DecryptionFailed, and nothing is changed then.
    """
    events, changed = Events(session), 0
    for key in events.all_keys():
        renewed = rotation.renewed(key.sealed_private_key, key_context(key.event_id, key.id))
        if renewed is not None:
            events.reseal_key(key, renewed)
            changed += 1
    return changed
