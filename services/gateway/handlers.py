"""What operators do with organisations and keys, and what callers do with their batches."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID

from services.gateway.errors import (
    ExpiryInThePastError,
    ScopeNotGrantedError,
    UnknownBatchError,
    UnknownKeyError,
    UnknownScopeError,
)
from services.gateway.repository import ApiKeys, ListedKey, NewKey, Organisations
from shared.clock import now
from shared.contracts.gateway import KeyRevoked
from shared.crypto import hash_api_key, new_api_key
from shared.messaging.batch import BatchState, InvalidBatchError, cancel_batch, show_batch
from shared.messaging.outbox import Session, publish
from shared.scopes import ALL, SCOPES, unknown_scopes

HINT_LENGTH = 8
"""Characters of a key that are kept, so that people can tell keys apart: `bh_` and five more."""


class Maker(Protocol):
    """Whoever makes keys with a key of its own: shared.api.Caller."""

    @property
    def organisation_id(self) -> UUID: ...
    @property
    def expires_at(self) -> datetime | None: ...
    def may(self, scope: str) -> bool: ...


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
    name: str
    scopes: list[str]
    organisation: str
    organisation_id: UUID
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class KeyWish:
    """What a new key is to be. It has every right, and for ever, unless it is said otherwise."""

    name: str = ""
    scopes: tuple[str, ...] = (ALL,)
    expires_at: datetime | None = None

    def checked(self) -> "KeyWish":
        """The wish, with each scope once. Raises UnknownScopeError, ExpiryInThePastError."""
        unknown = unknown_scopes(self.scopes)
        if unknown or not self.scopes:
            named = ", ".join(unknown) or "none was given"
            raise UnknownScopeError(f"unknown scope: {named}. There are {ALL} and {', '.join(SCOPES)}")
        if self.expires_at is not None and self.expires_at <= now():
            moment = f"{self.expires_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
            raise ExpiryInThePastError(f"{moment} has passed: give a moment to come, or none for a key without end")
        return replace(self, scopes=(ALL,) if ALL in self.scopes else tuple(dict.fromkeys(self.scopes)))


def create_key(session: Session, organisation: str, wish: KeyWish | None = None) -> CreatedKey:
    """A key of the organisation with this name, which is created if it is not there.

    Raises UnknownScopeError, ExpiryInThePastError.
    """
    wish = (wish or KeyWish()).checked()
    organisation_id = Organisations(session).ensure(organisation)
    key, listed = _add(session, organisation_id, wish)
    return CreatedKey(key, listed.id, organisation_id)


def create_key_of(session: Session, maker: Maker, wish: KeyWish) -> tuple[str, ListedKey]:
    """A key of the maker's organisation, and what is kept of it.

    Raises UnknownScopeError, ExpiryInThePastError, ScopeNotGrantedError for more than the maker may do itself.
    """
    wish = wish.checked()
    lacking = [scope for scope in wish.scopes if not maker.may(scope)]
    if lacking:
        raise ScopeNotGrantedError(f"your key lacks {', '.join(lacking)}: it cannot give that to another")
    if maker.expires_at is not None and (wish.expires_at is None or wish.expires_at > maker.expires_at):
        ends = f"{maker.expires_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        raise ScopeNotGrantedError(f"your key ends at {ends}, and so must what it makes: give an expires_at until then")
    return _add(session, maker.organisation_id, wish)


def _add(session: Session, organisation_id: UUID, wish: KeyWish) -> tuple[str, ListedKey]:
    key = new_api_key()
    row = NewKey(organisation_id, hash_api_key(key), key[:HINT_LENGTH], wish.name, wish.scopes, wish.expires_at)
    return key, ApiKeys(session).add(row)


def list_keys_of(session: Session, organisation_id: UUID, *, after: UUID | None, count: int) -> Sequence[ListedKey]:
    """The organisation's keys behind the one with id `after`, oldest first."""
    return ApiKeys(session).page(organisation_id, after=after, count=count)


def revoke_key_of(session: Session, organisation_id: UUID, key_id: UUID) -> None:
    """`revoke_key` for one of the organisation's own. Raises UnknownKeyError, for those of others as well."""
    if not ApiKeys(session).belongs(key_id, organisation_id):
        raise UnknownKeyError(f"there is no key {key_id}")
    revoke_key(session, key_id)


def list_keys(session: Session, organisation: str | None = None) -> Sequence[KnownKey]:
    """All keys, or those of one organisation, oldest first."""
    return [
        KnownKey(
            id=row.id,
            hint=row.hint,
            name=row.name,
            scopes=list(row.scopes),
            organisation=name,
            organisation_id=row.organisation_id,
            created_at=row.created_at,
            expires_at=row.expires_at,
            last_used_at=row.last_used_at,
            revoked_at=row.revoked_at,
        )
        for row, name in ApiKeys(session).listed(organisation)
    ]


def revoke_key(session: Session, key_id: UUID) -> None:
    """End a key, and say so: what it asked for is not done in its name any more. One that was ended before stays as it is.

    Gateways that know it let it in for up to GATEWAY_KEY_CACHE_SECONDS (5) more. Raises UnknownKeyError.
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
