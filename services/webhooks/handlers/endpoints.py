"""Endpoints of subscribers: made, changed, deleted; and a delivery tried again by hand."""

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from services.webhooks.domain.deliveries import DeliveryState
from services.webhooks.domain.endpoints import Endpoint
from services.webhooks.errors import EndpointDisabledError, UnknownDeliveryError, UnknownEndpointError
from services.webhooks.repository.deliveries import Deliveries
from services.webhooks.repository.endpoints import Endpoints
from shared.contracts.webhooks import DeliverWebhook, ProbeEndpoint
from shared.ids import new_id
from shared.messaging.outbox import Session, publish

SECRET_BYTES = 32
"""The Standard Webhooks specification asks for 24 to 64 random bytes."""


class Vault(Protocol):
    """What is asked of the vault. `context` ties a ciphertext to its row, so that it opens nowhere else."""

    def encrypt(self, plaintext: str, context: str) -> bytes: ...

    def decrypt(self, ciphertext: bytes, context: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Created:
    """A new endpoint, and its secret, which is shown this once."""

    endpoint: Endpoint
    secret: str = field(repr=False)


def create(
    session: Session,
    vault: Vault,
    organisation_id: UUID,
    *,
    url: str,
    event_types: list[str] | None,
    max_concurrency: int | None = None,
    max_per_second: int | None = None,
) -> Created:
    """A new endpoint, enabled, with a secret of its own. The caller has checked where the URL leads."""
    endpoint_id = new_id()
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
    encrypted = vault.encrypt(secret, secret_context(endpoint_id))
    endpoint = Endpoints(session).add(
        endpoint_id,
        organisation_id,
        url=url,
        event_types=event_types,
        secret=encrypted,
        max_concurrency=max_concurrency,
        max_per_second=max_per_second,
    )
    return Created(endpoint, secret)


def secret_context(endpoint_id: UUID) -> str:
    """What an endpoint's encrypted secret is tied to."""
    return f"webhooks.endpoint:{endpoint_id}"


def get(session: Session, organisation_id: UUID, endpoint_id: UUID) -> Endpoint:
    """The organisation's endpoint. Raises UnknownEndpointError."""
    endpoint = Endpoints(session).get(organisation_id, endpoint_id)
    if endpoint is None:
        raise UnknownEndpointError(f"there is no endpoint {endpoint_id}")
    return endpoint


def change(session: Session, organisation_id: UUID, endpoint_id: UUID, changes: Mapping[str, Any]) -> Endpoint:
    """Change `url`, `event_types`, `enabled` or the limits. Raises UnknownEndpointError.

    What was pending when an endpoint is disabled is skipped, and stays so: it can be tried again by hand. One that is
    paused is tried again at once where its URL changes, or it is enabled.
    """
    get(session, organisation_id, endpoint_id)
    values = dict(changes)
    if "enabled" in values:
        values["disabled_reason"] = None if values["enabled"] else "disabled by its owner"
    if values:
        Endpoints(session).change(endpoint_id, values)
    if "url" in values or values.get("enabled"):
        publish(session, ProbeEndpoint(endpoint_id=endpoint_id, number=1), organisation_id=organisation_id)
    if values.get("enabled") is False:
        Deliveries(session).skip_pending(endpoint_id, "the endpoint was disabled")
    return get(session, organisation_id, endpoint_id)


def delete(session: Session, organisation_id: UUID, endpoint_id: UUID) -> None:
    """Delete an endpoint; what was pending is skipped. Raises UnknownEndpointError."""
    get(session, organisation_id, endpoint_id)
    Endpoints(session).delete(endpoint_id)
    Deliveries(session).skip_pending(endpoint_id, "the endpoint was deleted")


def retry(session: Session, organisation_id: UUID, delivery_id: UUID) -> DeliveryState:
    """One more attempt at a delivery, now, whatever its state; the schedule is left as it is.

    Returns the state before it. Raises UnknownDeliveryError, EndpointDisabledError.
    """
    found = Deliveries(session).of_organisation(organisation_id, delivery_id)
    if found is None:
        raise UnknownDeliveryError(f"there is no delivery {delivery_id}")
    state, reachable = found
    if not reachable:
        raise EndpointDisabledError("the endpoint of this delivery is disabled or deleted")
    publish(session, DeliverWebhook(delivery_id=delivery_id, by_hand=True), organisation_id=organisation_id)
    return state
