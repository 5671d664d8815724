"""What is known of a key, by PostgreSQL's own knowledge of transactions."""

from datetime import timedelta
from uuid import UUID

import psycopg
import pytest

from services.gateway.idempotency.rules import Answer, Decision
from services.gateway.idempotency.store import IdempotencyStore
from services.gateway.repository import Claim
from shared.crypto import Vault
from shared.ids import new_id
from tests.support.databases import SECRET_KEY, Database

ANSWER = Answer(201, {"content-type": "application/json"}, '{"name":"Bärbel"}'.encode())
ACME = UUID(int=1)


def claim(key: str = "k", fingerprint: bytes = b"f") -> Claim:
    """A request, with a token of its own each time."""
    return Claim(key.encode(), ACME, "POST", "/v1/toys", key, fingerprint, new_id())


@pytest.fixture
def store(database: Database) -> IdempotencyStore:
    return IdempotencyStore(database.engine("gateway"), Vault(SECRET_KEY))


def test_answer_without_a_transaction_counts_at_once(store: IdempotencyStore) -> None:
    """A request that wrote nothing is answered alike; umlauts come back as they were."""
    first = claim()
    store.claim(first)
    store.remember(first, ANSWER, None)
    assert store.claim(claim()) == (Decision.REPLAY, ANSWER)


def test_transaction_that_is_open_holds_the_key(store: IdempotencyStore, database: Database) -> None:
    """Neither again nor answered, until PostgreSQL knows; then by what it knows."""
    first = claim()
    store.claim(first)
    with psycopg.connect(database.url) as connection:
        row = connection.execute("SELECT pg_current_xact_id()::text::bigint").fetchone()
        assert row is not None
        store.remember(first, ANSWER, row[0])
        while_open = store.claim(claim())
    assert while_open == (Decision.IN_PROGRESS, None)
    assert store.claim(claim()) == (Decision.REPLAY, ANSWER)


def test_settled_answer_does_not_ask_any_more(store: IdempotencyStore, database: Database) -> None:
    """The transaction's id is forgotten once it is known to be committed."""
    first = claim()
    store.claim(first)
    store.remember(first, ANSWER, int(database.value("SELECT pg_current_xact_id()::text::bigint")))
    store.settle(first)
    assert database.value("SELECT transaction_id FROM gateway.idempotency_key") is None


def test_transaction_of_another_server_is_in_doubt(store: IdempotencyStore) -> None:
    """After a restore from a dump nobody knows: that is said, and nothing is run again."""
    first = claim()
    store.claim(first)
    store.remember(first, ANSWER, 2**52)
    assert store.claim(claim()) == (Decision.IN_DOUBT, None)


def test_answer_that_cannot_be_decrypted_is_in_doubt(store: IdempotencyStore, database: Database) -> None:
    """SECRET_KEY has changed: the request was done, and must not be done again."""
    first = claim()
    store.claim(first)
    store.remember(first, ANSWER, None)
    other = IdempotencyStore(database.engine("gateway"), Vault("another-secret-key-of-some-length"))
    assert other.claim(claim()) == (Decision.IN_DOUBT, None)


def test_who_lost_the_key_cannot_answer(store: IdempotencyStore, database: Database) -> None:
    """A request that was slower than its lease finds the key taken over, and must roll back."""
    slow, fast = claim(), claim()
    store.claim(slow)
    database.query("UPDATE gateway.idempotency_key SET lease_until = now() - interval '1 second'")
    assert store.claim(fast) == (Decision.RUN, None)
    store.release(slow)
    assert (store.remember(slow, ANSWER, None), store.remember(fast, ANSWER, None)) == (False, True)


def test_released_key_is_free(store: IdempotencyStore) -> None:
    """After a failure the same request runs again."""
    first = claim()
    store.claim(first)
    store.release(first)
    assert store.claim(claim(fingerprint=b"other")) == (Decision.RUN, None)


def test_answer_is_not_released(store: IdempotencyStore) -> None:
    """A commit whose outcome is not known leaves its answer to PostgreSQL's judgement."""
    first = claim()
    store.claim(first)
    store.remember(first, ANSWER, None)
    store.release(first)
    assert store.claim(claim())[0] is Decision.REPLAY


def test_expired_keys_are_deleted(database: Database) -> None:
    """And only those."""
    short = IdempotencyStore(database.engine("gateway"), Vault(SECRET_KEY), keep=timedelta(0))
    short.claim(claim("old"))
    IdempotencyStore(database.engine("gateway"), Vault(SECRET_KEY)).claim(claim("new"))
    assert short.purge() == 1
    assert database.value("SELECT key FROM gateway.idempotency_key") == "new"
