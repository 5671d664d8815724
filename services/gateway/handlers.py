"""What operators do with organisations and keys, and what callers do with their batches."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.gateway.errors import UnknownBatchError, UnknownKeyError
from services.gateway.repository import ApiKeys, Organisations
from shared.contracts.gateway import KeyRevoked
from shared.crypto import hash_api_key, new_api_key
from shared.messaging.batch import BatchState, InvalidBatchError, cancel_batch, show_batch
from shared.messaging.outbox import Session, publish

HINT_LENGTH = 8
"""Characters of a key that are kept, so that people can tell keys apart: `bh_` and five more."""


@dataclass(frozen=True, slots=True)
class CreatedKey:
    """A new key. `key` is shown this once."""

    key: str
    key_id: UUID
    organisation_id: UUID


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A key as it is listed."""

    id: UUID
    hint: str
    organisation: str
    organisation_id: UUID
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


def create_key(session: Session, organisation: str) -> CreatedKey:
    """A key of the organisation with this name, which is created if it is not there."""
    organisation_id = Organisations(session).ensure(organisation)
    key = new_api_key()
    key_id = ApiKeys(session).add(organisation_id, hash_api_key(key), key[:HINT_LENGTH])
    return CreatedKey(key, key_id, organisation_id)


def list_keys(session: Session, organisation: str | None = None) -> Sequence[KnownKey]:
    """All keys, or those of one organisation, oldest first."""
    return [
        KnownKey(row.id, row.hint, name, row.organisation_id, row.created_at, row.last_used_at, row.revoked_at)
        for row, name in ApiKeys(session).listed(organisation)
    ]


def revoke_key(session: Session, key_id: UUID) -> None:
    """End a key, and say so: what it asked for is not done in its name any more. One that was ended before stays as it is.

    Gateways that know it let it in for up to 30 s more. Raises UnknownKeyError.
    """
    keys = ApiKeys(session)
    ended = keys.revoke(key_id)
    if ended is not None and ended.revoked_at is not None:
        told = KeyRevoked(key_id=key_id, organisation_id=ended.organisation_id, revoked_at=ended.revoked_at)
        publish(session, told, organisation_id=ended.organisation_id)
    elif not keys.has(key_id):
        raise UnknownKeyError(f"there is no key {key_id}; `bellhop keys list` shows those there are")


def organisations_batch(session: Session, organisation_id: UUID, batch_id: UUID) -> BatchState:
    """A batch of this organisation. Raises UnknownBatchError, for those of others as well."""
    try:
        batch = show_batch(session, batch_id)
    except InvalidBatchError:
        batch = None
    if batch is None or batch.organisation_id != organisation_id:
        raise UnknownBatchError(f"there is no batch {batch_id}")
    return batch


def cancel_organisations_batch(session: Session, organisation_id: UUID, batch_id: UUID) -> BatchState:
    """The batch as it stands then. Raises UnknownBatchError, InvalidBatchError if it has ended."""
    batch = organisations_batch(session, organisation_id, batch_id)
    if batch.finished_at is not None and batch.state == "cancelled":
        return batch
    cancel_batch(session, batch_id)
    return show_batch(session, batch_id)
