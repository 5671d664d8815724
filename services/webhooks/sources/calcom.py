"""Cal.com's webhooks: how they are signed (https://cal.com/docs/developing/guides/automation/webhooks) and named."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

from services.webhooks.domain.inbound import Received
from services.webhooks.errors import MalformedWebhookError, SignatureError
from services.webhooks.settings import WebhooksSettings
from services.webhooks.sources.source import json_object, name_in, without
from shared.contracts.webhooks import CalcomEventReceived

HEADER = "x-cal-signature-256"
NO_SECRET = "no-secret-provided"  # noqa: S105 - it says that there is none
"""What Cal.com sends instead of a signature where its webhook was set up without a secret."""

_SIGNATURE = re.compile(r"[0-9a-f]{64}")
_SECRET_FIELDS = frozenset({"password"})


class Calcom:
    """The source `calcom`."""

    name = "calcom"
    header = HEADER

    def secret(self, settings: WebhooksSettings) -> str:
        return settings.calcom_webhook_secret.get_secret_value().strip()

    def read(self, headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> Received:
        """Raises MalformedWebhookError, SignatureError.

        Cal.com gives its webhooks neither an id nor a signed time: the same body is the same event.
        """
        verify(headers.get(HEADER), body, secret)
        told = json_object(body)
        payload = told.get("payload")
        return Received(
            external_id=hashlib.sha256(body).hexdigest(),
            event_type=name_in(told, "triggerEvent"),
            created_at=_moment(told.get("createdAt"), now),
            livemode=True,
            data=without(payload if isinstance(payload, dict) else told, _SECRET_FIELDS),
        )

    def event(self, inbound_id: UUID, received: Received, storage_key: str | None) -> CalcomEventReceived:
        return CalcomEventReceived(
            inbound_id=inbound_id,
            connection_id=received.connection_id,
            external_id=received.external_id,
            event_type=received.event_type,
            created_at=received.created_at,
            data=received.data if storage_key is None else None,
            storage_key=storage_key,
        )


def verify(header: str | None, body: bytes, secret: str) -> None:
    """Raises MalformedWebhookError, SignatureError."""
    if not header:
        raise MalformedWebhookError("the header X-Cal-Signature-256 is missing")
    if header == NO_SECRET:
        raise SignatureError("Cal.com has no secret for this webhook: enter the connection's there")
    if not _SIGNATURE.fullmatch(header):
        raise MalformedWebhookError("the header X-Cal-Signature-256 is not 64 hexadecimal digits")
    if not hmac.compare_digest(sign(body, secret), header):
        raise SignatureError("the signature does not match: check the secret, and that nothing rewrites the body")


def sign(body: bytes, secret: str) -> str:
    """The signature of a body: HMAC-SHA256 in hexadecimal."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _moment(created: object, otherwise: datetime) -> datetime:
    """When Cal.com made the event; the moment it came where it does not say so usably."""
    try:
        moment = datetime.fromisoformat(created) if isinstance(created, str) else otherwise
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return otherwise
