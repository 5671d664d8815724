"""Retell's webhooks: how they are signed (https://docs.retellai.com/features/secure-webhook) and named."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from services.webhooks.domain.inbound import Received
from services.webhooks.errors import MalformedWebhookError, SignatureError
from services.webhooks.settings import WebhooksSettings
from services.webhooks.sources.source import json_object, name_in, without
from shared.contracts.webhooks import RetellEventReceived

HEADER = "x-retell-signature"
TOLERANCE_MS = 300_000
"""How far Retell's clock may be from ours, either way: its own libraries allow as much."""

_HEADER_FORM = re.compile(r"v=([0-9]{1,15}),d=([0-9a-f]{64})")
_SUBJECTS = ("call", "chat")
"""What an event may be about. Chats come to the same address, and are of no concern to those who hear of calls."""

_NOT_TOLD = frozenset(
    {
        *("access_token", "public_log_url", "knowledge_base_retrieved_contents_url"),
        *("transcript_object", "transcript_with_tool_calls", "scrubbed_transcript_with_tool_calls"),
        *("latency", "llm_token_usage", "call_cost", "message_with_tool_calls"),
    }
)
"""Credentials, the words with their timings, and what the call cost: a message has only so much room."""


class Retell:
    """The source `retell`."""

    name = "retell"
    header = HEADER

    def secret(self, settings: WebhooksSettings) -> str:
        return settings.retell_api_key.get_secret_value().strip()

    def read(self, headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> Received:
        """Raises MalformedWebhookError, SignatureError. Retell tells of each event of a call once."""
        signed_at = verify(headers.get(HEADER), body, secret, now)
        told = json_object(body)
        event_type, (subject_id, data) = name_in(told, "event"), _subject(told)
        return Received(
            external_id=f"{subject_id}:{event_type}",
            event_type=event_type,
            created_at=signed_at,
            livemode=True,
            data=without(data, _NOT_TOLD),
        )

    def event(self, inbound_id: UUID, received: Received, storage_key: str | None) -> RetellEventReceived:
        """Its `external_id` is the call's own: with the type of the event it says all that ours does."""
        return RetellEventReceived(
            inbound_id=inbound_id,
            connection_id=received.connection_id,
            external_id=received.external_id.removesuffix(f":{received.event_type}"),
            event_type=received.event_type,
            created_at=received.created_at,
            data=received.data if storage_key is None else None,
            storage_key=storage_key,
        )


def verify(header: str | None, body: bytes, secret: str, now: datetime) -> datetime:
    """When Retell signed this body. Raises MalformedWebhookError, SignatureError."""
    if not header:
        raise MalformedWebhookError("the header X-Retell-Signature is missing")
    parts = _HEADER_FORM.fullmatch(header)
    if parts is None:
        raise MalformedWebhookError("the header X-Retell-Signature is not v=<milliseconds>,d=<64 hexadecimal digits>")
    timestamp, digest = parts.groups()
    if not hmac.compare_digest(sign(timestamp, body, secret), digest):
        raise SignatureError(
            "the signature does not match: is the connection's API key the one with the webhook badge, "
            "and does nothing rewrite the body on its way?"
        )
    age = now.timestamp() * 1000 - int(timestamp)
    if abs(age) > TOLERANCE_MS:
        when = "ago: too old" if age > 0 else "in the future: check the clocks"
        raise SignatureError(f"signed {abs(age) / 1000:.0f} s {when}")
    return datetime.fromtimestamp(int(timestamp) / 1000, UTC)


def sign(timestamp: str, body: bytes, secret: str) -> str:
    """The digest of a body: HMAC-SHA256 over the body and, right behind it, the milliseconds; in hexadecimal."""
    digest = hmac.new(secret.encode(), body, hashlib.sha256)
    digest.update(timestamp.encode())
    return digest.hexdigest()


def _subject(told: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """What the event is about, and its id. Raises MalformedWebhookError."""
    for name in _SUBJECTS:
        found = told.get(name)
        if isinstance(found, dict):
            return name_in(found, f"{name}_id"), found
    raise MalformedWebhookError("the body has no 'call'")
