"""What every source of webhooks can do."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import orjson

from services.webhooks.domain.inbound import Received
from services.webhooks.errors import MalformedWebhookError
from services.webhooks.settings import WebhooksSettings
from shared.contracts.message import Event

_NAME = re.compile(r"[\x21-\x7e]{1,255}")


class Source(Protocol):
    """One provider that sends webhooks."""

    name: str
    """Its name in the address: `/webhooks/<name>`."""

    def secret(self, settings: WebhooksSettings) -> str:
        """What it signs with; empty where it is not set up."""
        ...

    def read(self, headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> Received:
        """Verify the signature over the raw body, then read it. Raises MalformedWebhookError, SignatureError."""
        ...

    def event(self, inbound_id: UUID, received: Received, storage_key: str | None) -> Event:
        """What the other services are told. With a storage key the data stays where that leads."""
        ...


def json_object(body: bytes) -> dict[str, Any]:
    """The JSON object in a body. Raises MalformedWebhookError."""
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise MalformedWebhookError(f"the body is not JSON: {error}") from None
    if not isinstance(parsed, dict):
        raise MalformedWebhookError("the body is not a JSON object")
    return parsed


def name_in(parsed: Mapping[str, Any], field: str) -> str:
    """A field that names something: 1 to 255 printable ASCII characters. Raises MalformedWebhookError."""
    value = parsed.get(field)
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise MalformedWebhookError(f"the body has no usable {field!r}")
    return value
