"""Keys and answers, kept in the gateway's own schema."""

from dataclasses import replace
from datetime import timedelta
from time import monotonic

from sqlalchemy import Engine

from services.gateway.idempotency.rules import Answer, Decision, decide
from services.gateway.repository import Claim, IdempotencyKeys
from shared.crypto import DecryptionFailed, Vault

LEASE = timedelta(seconds=60)
"""How long a request may hold its key. It is not locked for longer by a process that died."""
KEEP = timedelta(hours=24)
PURGE_LIMIT = 1_000
PURGE_SECONDS = 1.0
"""A slice at a time, for so long: as many as come in go, whatever the load."""


class IdempotencyStore:
    """What is known of keys. Each method is one statement or one short transaction of the gateway's own role, and blocks.

    None of them waits for the disk: the service's commit comes after them in the write-ahead log, and takes them along.
    If the server dies before that, nothing has happened, and nothing needs to be remembered.

    Answers are encrypted, since they may hold secrets that are shown once (a webhook endpoint's, say).
    """

    def __init__(self, engine: Engine, vault: Vault, *, lease: timedelta = LEASE, keep: timedelta = KEEP) -> None:
        self._engine, self._vault = engine, vault
        self._at_once = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._lease, self._keep = lease, keep

    def claim(self, claim: Claim) -> tuple[Decision, Answer | None]:
        """Take the key, or say what stands in the way. The answer is there where the decision is REPLAY."""
        with self._at_once.connect() as connection:
            if IdempotencyKeys(connection).insert(claim, self._lease, self._keep):
                return Decision.RUN, None
        with self._engine.begin() as connection:
            keys = IdempotencyKeys(connection)
            found = keys.earlier(claim.digest)
            if found is None:  # released between the two statements: the client tries again
                return Decision.IN_PROGRESS, None
            earlier, answer = found
            decision = decide(earlier, claim.fingerprint)
            if decision is Decision.RUN:
                keys.take_over(claim, self._lease, self._keep)
        if decision is not Decision.REPLAY or answer is None:
            return decision, None
        try:
            return decision, replace(answer, body=self._open(answer.body, claim))
        except DecryptionFailed:  # SECRET_KEY has changed since
            return Decision.IN_DOUBT, None

    def remember(self, claim: Claim, answer: Answer, transaction_id: int | None) -> bool:
        """Write the answer down before the service's transaction is committed. False if the key was taken over."""
        kept = replace(answer, body=self._seal(answer.body, claim))
        with self._at_once.connect() as connection:
            return IdempotencyKeys(connection).remember(claim, kept, transaction_id)

    def settle(self, claim: Claim) -> None:
        """The service's transaction is committed: the answer needs no asking any more."""
        with self._at_once.connect() as connection:
            IdempotencyKeys(connection).settle(claim)

    def release(self, claim: Claim) -> None:
        """Free the key of a request that came to nothing."""
        with self._at_once.connect() as connection:
            IdempotencyKeys(connection).release(claim)

    def purge(self) -> int:
        """Delete the keys whose time is over, slice by slice, for a second at most. Returns how many."""
        deleted, end = 0, monotonic() + PURGE_SECONDS
        with self._at_once.connect() as connection:
            while gone := IdempotencyKeys(connection).purge(PURGE_LIMIT):
                deleted += gone
                if gone < PURGE_LIMIT or monotonic() > end:
                    break
        return deleted

    def _seal(self, body: bytes, claim: Claim) -> bytes:
        return self._vault.encrypt(body.decode("latin-1"), _context(claim))

    def _open(self, body: bytes, claim: Claim) -> bytes:
        return self._vault.decrypt(body, _context(claim)).encode("latin-1")


def _context(claim: Claim) -> str:
    return f"idempotency:{claim.digest.hex()}"
