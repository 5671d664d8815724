"""What providers tell us: stored once, and said to the other services once."""

import hashlib
from typing import Protocol
from uuid import UUID

from services.webhooks.domain.inbound import Received
from services.webhooks.domain.retention import INBOUND
from services.webhooks.repository.inbound import InboundEvents
from shared.contracts.message import Event
from shared.ids import new_id
from shared.messaging.outbox import Session, publish

LARGEST_IN_MESSAGE = 56 * 1024
"""Bytes of an event that travel inside of a message: 8 kB under its limit, for what a message carries besides."""


class Drawer(Protocol):
    """What is asked of the storage."""

    def put(self, key: str, data: bytes, content_type: str) -> None: ...


class Source(Protocol):
    """What is asked of the source, which has verified and read the webhook already."""

    name: str

    def event(self, inbound_id: UUID, received: Received, storage_key: str | None) -> Event: ...


def set_aside(storage: Drawer, source: Source, received: Received, body: bytes) -> str | None:
    """Put the raw body into storage where its data is too large for a message; the key, or None where it is not.

    Called before the transaction that records it. The key is made of the body, so that writing it again is harmless.
    """
    event = source.event(new_id(), received, None)
    if len(event.model_dump_json().encode()) <= LARGEST_IN_MESSAGE:
        return None
    key = INBOUND.key(source.name, f"{hashlib.sha256(body).hexdigest()}.json")
    storage.put(key, body, "application/json")
    return key


def store(session: Session, source: Source, received: Received, body: bytes, storage_key: str | None) -> bool:
    """Store the event and publish it, both in one transaction; False, and no effect, where it is stored already."""
    inbound_id = new_id()
    events = InboundEvents(session)
    kept = body if storage_key is None else None
    if not events.add(inbound_id, source.name, received, body=kept, storage_key=storage_key):
        return False
    publish(session, source.event(inbound_id, received, storage_key))
    return True
