"""What every source of webhooks can do."""

import json
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
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_DEEPEST = 64


class Source(Protocol):
    """One provider that sends webhooks."""

    name: str
    """Its name in the address: `/webhooks/<name>`."""
    header: str
    """The header with its signature, in lower case."""

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
        if not _SURROGATE.search(body):
            raise MalformedWebhookError(f"the body is not JSON: {error}") from None
        parsed = _halved(body)
    if not isinstance(parsed, dict):
        raise MalformedWebhookError("the body is not a JSON object")
    return parsed


def _halved(body: bytes) -> Any:
    """What is in a body with halves of characters: JavaScript writes them where it has cut a text inside of an emoji.

    The specification of JSON allows them, UTF-8 does not: `without` replaces them. Raises MalformedWebhookError.
    """

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is not a value")

    try:
        return json.loads(body, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise MalformedWebhookError(f"the body is not JSON: {error}") from None


def without(value: Any, names: frozenset[str], levels: int = _DEEPEST) -> Any:
    """A value without the fields of these names, on whatever level, and without what PostgreSQL's texts cannot hold.

    Raises MalformedWebhookError where it is nested so deeply that a message could not hold it.
    """
    if levels == 0:
        raise MalformedWebhookError(f"the data is nested more than {_DEEPEST} levels deep")
    if isinstance(value, dict):
        kept = ((name, item) for name, item in value.items() if name not in names)
        return {_storable(name): without(item, names, levels - 1) for name, item in kept}
    if isinstance(value, list):
        return [without(item, names, levels - 1) for item in value]
    return _storable(value) if isinstance(value, str) else value


def _storable(text: str) -> str:
    """Without NUL and halves of characters."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def name_in(parsed: Mapping[str, Any], field: str) -> str:
    """A field that names something: 1 to 255 printable ASCII characters. Raises MalformedWebhookError."""
    value = parsed.get(field)
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise MalformedWebhookError(f"the body has no usable {field!r}")
    return value
