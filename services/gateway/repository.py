"""All SQL of the gateway."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DataError
from sqlalchemy.orm import Session

from services.gateway.idempotency.rules import Answer, Earlier, Transaction
from services.gateway.models import ApiKeyRow, IdempotencyKeyRow, OrganisationRow
from shared.ids import new_id

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


class ApiKeys:
    """The keys by which callers are known."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, organisation_id: UUID, key_hash: bytes, hint: str) -> UUID:
        row = ApiKeyRow(id=new_id(), organisation_id=organisation_id, key_hash=key_hash, hint=hint)
        self._session.add(row)
        self._session.flush()
        return row.id

    def with_hash(self, key_hash: bytes) -> ApiKeyRow | None:
        """The valid key with this hash. Notes that it was used."""
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

    def revoke(self, key_id: UUID) -> bool:
        """End a key. Says whether there is such a key; one that was revoked before keeps its time."""
        statement = (
            update(ApiKeyRow)
            .where(ApiKeyRow.id == key_id)
            .values(revoked_at=func.coalesce(ApiKeyRow.revoked_at, _NOW))
            .returning(ApiKeyRow.id)
        )
        return self._session.execute(statement).first() is not None


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


class IdempotencyKeys:
    """The requests with an Idempotency-Key, and their answers.

    None of these commits waits for the disk: the service's commit comes after them in the write-ahead log, and takes
    them along. If the server dies before that, nothing has happened, and nothing needs to be remembered.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        session.execute(text("SET LOCAL synchronous_commit = off"))

    def insert(self, claim: Claim, lease: timedelta, keep: timedelta) -> bool:
        """Take a key that nobody has used. Says whether that was so."""
        values = _claimed(claim, lease, keep) | {
            "digest": claim.digest,
            "organisation_id": claim.organisation_id,
            "method": claim.method,
            "path": claim.path,
            "key": claim.key,
        }
        statement = insert(IdempotencyKeyRow).values(values).on_conflict_do_nothing(index_elements=["digest"])
        return self._session.execute(statement.returning(IdempotencyKeyRow.token)).first() is not None

    def earlier(self, digest: bytes) -> tuple[Earlier, Answer | None] | None:
        """The request that had the key before and its answer as stored, locked; None if it has gone meanwhile."""
        statement = (
            select(
                IdempotencyKeyRow,
                (IdempotencyKeyRow.expires_at < _NOW).label("expired"),
                (IdempotencyKeyRow.lease_until > _NOW).label("leased"),
            )
            .where(IdempotencyKeyRow.digest == digest)
            .with_for_update()
        )
        found = self._session.execute(statement).one_or_none()
        if found is None:
            return None
        row, expired, leased = found
        answer = None if row.status is None else Answer(row.status, row.headers or {}, row.body or b"")
        transaction = self._transaction(row.transaction_id)
        return Earlier(row.fingerprint, expired, leased, answer is not None, transaction), answer

    def _transaction(self, transaction_id: int | None) -> Transaction:
        """What became of a transaction, as PostgreSQL knows it: also of one whose connection broke at its commit."""
        if transaction_id is None:
            return "none"
        statement = text("SELECT pg_xact_status(CAST(CAST(:id AS text) AS xid8))")
        try:
            with self._session.begin_nested():
                status: Transaction | None = self._session.execute(statement, {"id": str(transaction_id)}).scalar_one()
        except DataError:  # an id from the future: the database was restored from a dump into another server
            return "unknown"
        return status or "unknown"

    def take_over(self, claim: Claim, lease: timedelta, keep: timedelta) -> None:
        """Use again a key whose earlier request came to nothing, or is over 24 hours old."""
        values = _claimed(claim, lease, keep) | dict.fromkeys(("status", "headers", "body", "transaction_id"))
        self._session.execute(update(IdempotencyKeyRow).where(IdempotencyKeyRow.digest == claim.digest).values(values))

    def remember(self, claim: Claim, answer: Answer, transaction_id: int | None) -> bool:
        """Write the answer down; it counts once that transaction is committed. False if the key was taken over."""
        statement = (
            update(IdempotencyKeyRow)
            .where(*_mine(claim))
            .values(status=answer.status, headers=answer.headers, body=answer.body, transaction_id=transaction_id)
            .returning(IdempotencyKeyRow.token)
        )
        return self._session.execute(statement).first() is not None

    def settle(self, claim: Claim) -> None:
        """The transaction behind the answer is committed: it need not be asked for any more."""
        self._session.execute(update(IdempotencyKeyRow).where(*_mine(claim)).values(transaction_id=None))

    def release(self, claim: Claim) -> None:
        """Free a key whose request came to nothing. An answer that was written down stays."""
        self._session.execute(delete(IdempotencyKeyRow).where(*_mine(claim), IdempotencyKeyRow.status.is_(None)))

    def purge(self, limit: int) -> int:
        """Delete up to `limit` keys whose 24 hours are over. Returns how many."""
        expired = (
            select(IdempotencyKeyRow.digest)
            .where(IdempotencyKeyRow.expires_at < _NOW)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        statement = delete(IdempotencyKeyRow).where(IdempotencyKeyRow.digest.in_(expired))
        return len(self._session.execute(statement.returning(IdempotencyKeyRow.token)).all())


def _claimed(claim: Claim, lease: timedelta, keep: timedelta) -> dict[str, Any]:
    return {
        "fingerprint": claim.fingerprint,
        "token": claim.token,
        "lease_until": _NOW + lease,
        "created_at": _NOW,
        "expires_at": _NOW + keep,
    }


def _mine(claim: Claim) -> tuple[Any, Any]:
    return IdempotencyKeyRow.digest == claim.digest, IdempotencyKeyRow.token == claim.token
