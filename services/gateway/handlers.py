"""What operators do with organisations and keys."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.gateway.errors import UnknownKeyError
from services.gateway.repository import ApiKeys, Organisations
from shared.crypto import hash_api_key, new_api_key
from shared.messaging.outbox import Session

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
    """End a key. Gateways that know it let it in for up to 30 s more. Raises UnknownKeyError."""
    if not ApiKeys(session).revoke(key_id):
        raise UnknownKeyError(f"there is no key {key_id}; `bellhop keys list` shows those there are")
