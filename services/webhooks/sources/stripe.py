"""Stripe's webhooks: how they are signed (https://docs.stripe.com/webhooks/signature) and named."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

from services.webhooks.domain.inbound import Received
from services.webhooks.errors import MalformedWebhookError, SignatureError
from services.webhooks.settings import WebhooksSettings
from services.webhooks.sources.source import json_object, name_in, without
from shared.contracts.webhooks import StripeEventReceived

HEADER = "stripe-signature"
SCHEME = "v1"
TOLERANCE_SECONDS = 300
"""How far Stripe's clock may be from ours, either way: Stripe's own library looks at the past only."""

_LONGEST_HEADER = 4_096
_THIN = "v2.core.event"
_SECRET_FIELDS = frozenset({"client_secret"})
"""What a payer's browser proves itself with: messages carry no secrets."""


class Stripe:
    """The source `stripe`."""

    name = "stripe"
    header = HEADER

    def secret(self, settings: WebhooksSettings) -> str:
        return settings.stripe_webhook_secret.get_secret_value().strip()

    def read(self, headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> Received:
        """Raises MalformedWebhookError, SignatureError."""
        signed_at = verify(headers.get(HEADER), body, secret, now)
        event = json_object(body)
        if event.get("object") == _THIN:
            raise MalformedWebhookError("thin events are not supported: let Stripe send snapshot events")
        data = event.get("data")
        snapshot = data.get("object") if isinstance(data, dict) else None
        return Received(
            external_id=name_in(event, "id"),
            event_type=name_in(event, "type"),
            created_at=_moment(event.get("created"), signed_at),
            livemode=event.get("livemode") is True,
            data=without(snapshot, _SECRET_FIELDS) if isinstance(snapshot, dict) else {},
        )

    def event(self, inbound_id: UUID, received: Received, storage_key: str | None) -> StripeEventReceived:
        return StripeEventReceived(
            inbound_id=inbound_id,
            external_id=received.external_id,
            event_type=received.event_type,
            created_at=received.created_at,
            livemode=received.livemode,
            data=received.data if storage_key is None else None,
            storage_key=storage_key,
        )


def verify(header: str | None, body: bytes, secret: str, now: datetime) -> datetime:
    """When Stripe signed this body. Raises MalformedWebhookError, SignatureError.

    The key is the secret as it is written, `whsec_` included; it is not base64. While a secret is being replaced there
    is more than one signature, and any may match.
    """
    timestamp, signatures = _parse(header)
    expected = sign(timestamp, body, secret)
    matches = [hmac.compare_digest(expected.encode(), signature.encode()) for signature in signatures]
    if not any(matches):
        raise SignatureError("no signature matches: check the secret, and that nothing rewrites the body on its way")
    age = now.timestamp() - int(timestamp)
    if age > TOLERANCE_SECONDS:
        raise SignatureError(f"signed {age:.0f} s ago, over {TOLERANCE_SECONDS} s: too old")
    if age < -TOLERANCE_SECONDS:
        raise SignatureError(f"signed {-age:.0f} s in the future, over {TOLERANCE_SECONDS} s: check the clocks")
    return datetime.fromtimestamp(int(timestamp), UTC)


def sign(timestamp: str, body: bytes, secret: str) -> str:
    """The signature of a body in scheme v1: HMAC-SHA256 over `<timestamp>.<body>`, in hexadecimal."""
    signature = hmac.new(secret.encode(), timestamp.encode() + b".", hashlib.sha256)
    signature.update(body)
    return signature.hexdigest()


def _parse(header: str | None) -> tuple[str, list[str]]:
    """The timestamp as written and all v1 signatures of `t=…,v1=…[,v1=…][,v0=…]`. Raises MalformedWebhookError."""
    if not header:
        raise MalformedWebhookError("the header Stripe-Signature is missing")
    if len(header) > _LONGEST_HEADER:
        raise MalformedWebhookError("the header Stripe-Signature is too long")
    pairs = [item.strip().partition("=") for item in header.split(",")]
    timestamps = [value for name, _, value in pairs if name == "t"]
    signatures = [value for name, _, value in pairs if name == SCHEME and value]
    if not timestamps or not (timestamps[0].isascii() and timestamps[0].isdigit() and len(timestamps[0]) < 12):
        raise MalformedWebhookError("the header Stripe-Signature has no timestamp")
    if not signatures:
        raise MalformedWebhookError("the header Stripe-Signature has no signature of scheme v1")
    return timestamps[0], signatures


def _moment(created: object, otherwise: datetime) -> datetime:
    """The event's own time; that of the signature where it has none that can be one."""
    try:
        return datetime.fromtimestamp(created, UTC) if type(created) is int else otherwise
    except (OverflowError, ValueError, OSError):
        return otherwise
