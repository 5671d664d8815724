"""All SQL of the gateway."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Connection, Row, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DataError
from sqlalchemy.orm import Session

from services.gateway.idempotency.rules import Answer, Earlier, Transaction
from services.gateway.models import ApiKeyRow, OrganisationRow
from shared.ids import new_id
from shared.scopes import ALL

_NOW = func.clock_timestamp()
_STALE = timedelta(minutes=1)
"""`last_used_at` is written at most this often."""


class Organisations:
    """The organisations of this installation."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def ensure(self, name: str) -> UUID:
        """The id of the organisation with this name, which is created if it is not there."""
        statement = (
            insert(OrganisationRow).values(id=new_id(), name=name).on_conflict_do_nothing(index_elements=["name"])
        )
        self._session.execute(statement)
        return self._session.scalars(select(OrganisationRow.id).where(OrganisationRow.name == name)).one()


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that is written down; of the key itself only the hash."""

    organisation_id: UUID
    key_hash: bytes
    hint: str
    name: str = ""
    scopes: Sequence[str] = (ALL,)
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ListedKey:
    """A key as it is listed."""

    id: UUID
    organisation_id: UUID
    hint: str
    name: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


class ApiKeys:
    """The keys by which callers are known."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, key: NewKey) -> ListedKey:
        row = ApiKeyRow(
            id=new_id(),
            organisation_id=key.organisation_id,
            key_hash=key.key_hash,
            hint=key.hint,
            name=key.name,
            scopes=list(key.scopes),
            expires_at=key.expires_at,
        )
        self._session.add(row)
        self._session.flush()
        self._session.refresh(row)
        return _listed(row)

    def page(self, organisation_id: UUID, *, after: UUID | None, count: int) -> Sequence[ListedKey]:
        """The organisation's keys behind the one with id `after`, oldest first."""
        statement = select(ApiKeyRow).where(ApiKeyRow.organisation_id == organisation_id)
        if after is not None:
            statement = statement.where(ApiKeyRow.id > after)
        return [_listed(row) for row in self._session.scalars(statement.order_by(ApiKeyRow.id).limit(count))]

    def belongs(self, key_id: UUID, organisation_id: UUID) -> bool:
        """Whether the organisation has such a key, revoked or not."""
        row = self._session.get(ApiKeyRow, key_id)
        return row is not None and row.organisation_id == organisation_id

    def with_hash(self, key_hash: bytes) -> ApiKeyRow | None:
        """The key with this hash, unless it was revoked; it may have expired. Notes that it was used."""
        statement = select(ApiKeyRow).where(ApiKeyRow.key_hash == key_hash, ApiKeyRow.revoked_at.is_(None))
        row = self._session.scalars(statement).one_or_none()
        if row is not None:
            stale = (ApiKeyRow.last_used_at.is_(None)) | (ApiKeyRow.last_used_at < _NOW - _STALE)
            self._session.execute(
                update(ApiKeyRow).where(ApiKeyRow.id == row.id, stale).values(last_used_at=_NOW),
                execution_options={"synchronize_session": False},
            )
        return row

    def listed(self, organisation: str | None) -> Sequence[tuple[ApiKeyRow, str]]:
        """All keys, or those of one organisation, oldest first, each with its organisation's name."""
        statement = (
            select(ApiKeyRow, OrganisationRow.name)
            .join(OrganisationRow, OrganisationRow.id == ApiKeyRow.organisation_id)
            .order_by(ApiKeyRow.id)
        )
        if organisation is not None:
            statement = statement.where(OrganisationRow.name == organisation)
        return [(row, name) for row, name in self._session.execute(statement)]

    def revoke(self, key_id: UUID) -> Row[UUID, datetime | None] | None:
        """End a key: its organisation_id and revoked_at. None if there is none, or if it was revoked before."""
        statement = (
            update(ApiKeyRow)
            .where(ApiKeyRow.id == key_id, ApiKeyRow.revoked_at.is_(None))
            .values(revoked_at=_NOW)
            .returning(ApiKeyRow.organisation_id, ApiKeyRow.revoked_at)
        )
        return self._session.execute(statement).one_or_none()

    def has(self, key_id: UUID) -> bool:
        """Whether there is such a key, revoked or not."""
        return self._session.get(ApiKeyRow, key_id) is not None


def _listed(row: ApiKeyRow) -> ListedKey:
    return ListedKey(
        id=row.id,
        organisation_id=row.organisation_id,
        hint=row.hint,
        name=row.name,
        scopes=list(row.scopes),
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
    )


@dataclass(frozen=True, slots=True)
class Claim:
    """A request that wants its key. `token` tells it from a later request that takes the key over."""

    digest: bytes
    organisation_id: UUID
    method: str
    path: str
    key: str
    fingerprint: bytes
    token: UUID


_INSERT_CLAIM = text("""
INSERT INTO gateway.idempotency_key
    (digest, organisation_id, method, path, key, fingerprint, token, lease_until, expires_at)
VALUES (:digest, :organisation_id, :method, :path, :key, :fingerprint, :token,
        clock_timestamp() + CAST(:lease AS interval), clock_timestamp() + CAST(:keep AS interval))
ON CONFLICT (digest) DO NOTHING RETURNING 1
""")
_EARLIER = text("""
SELECT fingerprint, status, headers, body, transaction_id,
       expires_at < clock_timestamp() AS expired, lease_until > clock_timestamp() AS leased
FROM gateway.idempotency_key WHERE digest = :digest FOR UPDATE
""")
_TRANSACTION_STATUS = text("SELECT pg_xact_status(CAST(CAST(:id AS text) AS xid8))")
_TAKE_OVER = text("""
UPDATE gateway.idempotency_key
SET fingerprint = :fingerprint, token = :token, lease_until = clock_timestamp() + CAST(:lease AS interval),
    expires_at = clock_timestamp() + CAST(:keep AS interval), created_at = clock_timestamp(),
    status = NULL, headers = NULL, body = NULL, transaction_id = NULL
WHERE digest = :digest
""")
_REMEMBER = text("""
UPDATE gateway.idempotency_key
SET status = :status, headers = CAST(:headers AS jsonb), body = :body, transaction_id = :transaction_id
WHERE digest = :digest AND token = :token RETURNING 1
""")
_SETTLE = text("UPDATE gateway.idempotency_key SET transaction_id = NULL WHERE digest = :digest AND token = :token")
_RELEASE = text("DELETE FROM gateway.idempotency_key WHERE digest = :digest AND token = :token AND status IS NULL")
_PURGE = text("""
DELETE FROM gateway.idempotency_key WHERE digest IN (
    SELECT digest FROM gateway.idempotency_key WHERE expires_at < clock_timestamp() LIMIT :limit FOR UPDATE SKIP LOCKED
) RETURNING 1
""")


class IdempotencyKeys:
    """The requests with an Idempotency-Key, and their answers, on a connection of the gateway's engine.

    Plain SQL, since each order pays for it. What is one statement needs no transaction around it.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def insert(self, claim: Claim, lease: timedelta, keep: timedelta) -> bool:
        """Take a key that nobody has used. Says whether that was so."""
        values = {
            **_claimed(claim, lease, keep),
            "organisation_id": claim.organisation_id,
            "method": claim.method,
            "path": claim.path,
            "key": claim.key,
        }
        return self._connection.execute(_INSERT_CLAIM, values).first() is not None

    def earlier(self, digest: bytes) -> tuple[Earlier, Answer | None] | None:
        """The request that had the key before and its answer as stored, locked; None if it has gone meanwhile."""
        row = self._connection.execute(_EARLIER, {"digest": digest}).one_or_none()
        if row is None:
            return None
        answer = None if row.status is None else Answer(row.status, row.headers or {}, bytes(row.body or b""))
        transaction = self._transaction(row.transaction_id)
        return Earlier(bytes(row.fingerprint), row.expired, row.leased, answer is not None, transaction), answer

    def _transaction(self, transaction_id: int | None) -> Transaction:
        """What became of a transaction, as PostgreSQL knows it: also of one whose connection broke at its commit."""
        if transaction_id is None:
            return "none"
        try:
            with self._connection.begin_nested():
                found = self._connection.execute(_TRANSACTION_STATUS, {"id": str(transaction_id)}).scalar_one()
        except DataError:  # an id from the future: the database was restored from a dump into another server
            return "unknown"
        status: Transaction | None = found
        return status or "unknown"

    def take_over(self, claim: Claim, lease: timedelta, keep: timedelta) -> None:
        """Use again a key whose earlier request came to nothing, or is over 24 hours old."""
        self._connection.execute(_TAKE_OVER, _claimed(claim, lease, keep))

    def remember(self, claim: Claim, answer: Answer, transaction_id: int | None) -> bool:
        """Write the answer down; it counts once that transaction is committed. False if the key was taken over."""
        values = {
            **_mine(claim),
            "status": answer.status,
            "headers": orjson.dumps(answer.headers).decode(),
            "body": answer.body,
            "transaction_id": transaction_id,
        }
        return self._connection.execute(_REMEMBER, values).first() is not None

    def settle(self, claim: Claim) -> None:
        """The transaction behind the answer is committed: it need not be asked for any more."""
        self._connection.execute(_SETTLE, _mine(claim))

    def release(self, claim: Claim) -> None:
        """Free a key whose request came to nothing. An answer that was written down stays."""
        self._connection.execute(_RELEASE, _mine(claim))

    def purge(self, limit: int) -> int:
        """Delete up to `limit` keys whose 24 hours are over. Returns how many."""
        return len(self._connection.execute(_PURGE, {"limit": limit}).all())


def _claimed(claim: Claim, lease: timedelta, keep: timedelta) -> dict[str, Any]:
    return {**_mine(claim), "fingerprint": claim.fingerprint, "lease": lease, "keep": keep}


def _mine(claim: Claim) -> dict[str, Any]:
    return {"digest": claim.digest, "token": claim.token}
