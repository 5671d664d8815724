"""What is kept encrypted, brought under a new SECRET_KEY."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from services.appointments.handlers.rotation import rotate as rotate_connections
from services.console.errors import SettingMissingError
from services.console.operations.database import transaction
from services.console.settings import ConsoleSettings
from services.ticketing.handlers.rotation import rotate as rotate_event_keys
from services.webhooks.handlers.rotation import rotate as rotate_endpoints
from shared import discovery
from shared.crypto import Rotation, Vault
from shared.messaging.outbox import Session

ROTATE: Mapping[str, tuple[str, Callable[[Session, Rotation], int]]] = {
    "appointments": ("connections to providers", rotate_connections),
    "ticketing": ("private keys of events", rotate_event_keys),
    "webhooks": ("secrets of endpoints", rotate_endpoints),
}
"""Who keeps what encrypted. Answers to requests with an Idempotency-Key are not here: after a day they are forgotten."""


@dataclass(frozen=True, slots=True)
class Rotated:
    """How many secrets of a service were under the former key, and are under the present one now."""

    service: str
    what: str
    changed: int


def rotate(settings: ConsoleSettings) -> Sequence[Rotated]:
    """Encrypt everything anew, each service's in one transaction. Safe to repeat, also after a failure half-way.

    Raises SettingMissingError; DecryptionFailed where neither key opens a secret, of which nothing is changed then.
    """
    former = settings.former_secret_key.get_secret_value()
    if not former:
        raise SettingMissingError("FORMER_SECRET_KEY is not set: export it, with the new one as SECRET_KEY")
    rotation = Rotation(Vault(former), Vault(settings.need("SECRET_KEY")))
    deployed = discovery.services(settings.bellhop_services)
    return [_rotate(settings, rotation, service) for service in ROTATE if service in deployed]


def _rotate(settings: ConsoleSettings, rotation: Rotation, service: str) -> Rotated:
    what, change = ROTATE[service]
    with transaction(settings, service) as session:
        return Rotated(service, what, change(session, rotation))
