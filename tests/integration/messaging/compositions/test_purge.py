"""The relay's housekeeping: ended chains and batches go after the retention, what something open hangs on stays."""

from datetime import UTC, datetime, timedelta

import psycopg

from shared.messaging.chain import Chain
from shared.messaging.failed_jobs import discard_failed
from shared.messaging.purging import purge_some
from shared.messaging.retention import MessagingRetention, purges
from tests.integration.messaging.compositions.yard import Piece, Yard, batch_of, pieces


def purged(yard: Yard) -> dict[str, int]:
    """Purge twice, and count what is left."""
    with psycopg.connect(yard.database.url, autocommit=True) as connection:
        for minutes in (0, 11):
            at = datetime.now(UTC) + timedelta(minutes=minutes)
            purge_some(connection, purges(MessagingRetention()), 30, at=at)
    tables = ("chain", "batch", "batch_shard", "batch_failure")
    return {name: yard.database.value(f"SELECT count(*) FROM messaging.{name}") for name in tables}


def let_time_pass(yard: Yard) -> None:
    for table in ("chain", "batch", "inbox"):
        yard.database.query(f"UPDATE messaging.{table} SET finished_at = finished_at - interval '31 days'")


def test_what_ended_long_ago_is_deleted(yard: Yard) -> None:
    """Not what ended since, nor what runs."""
    yard.batch(batch_of(*pieces(1), name="inner"), Chain("chain", pieces(2, 3)), *pieces(4))
    yard.chain(*pieces(5))
    yard.drain()
    young = purged(yard)
    let_time_pass(yard)
    yard.batch(*pieces(6))
    yard.chain(*pieces(7))
    assert young == {"chain": 2, "batch": 2, "batch_shard": 0, "batch_failure": 0}
    assert purged(yard) == {"chain": 1, "batch": 1, "batch_shard": 1, "batch_failure": 0}


def test_failed_ones_stay_as_long_as_their_failed_jobs_are_open(yard: Yard) -> None:
    """They can still be retried, and are to count then."""
    inner = batch_of(Piece(number=1, how="breaks"), name="inner")
    yard.batch(inner, Chain("chain", [Piece(number=2, how="breaks")]), allow_failures=True)
    yard.drain()
    let_time_pass(yard)
    kept = purged(yard)
    for job in yard.failed_jobs():
        yard.act(discard_failed, job)
    assert kept == {"chain": 1, "batch": 2, "batch_shard": 0, "batch_failure": 3}
    assert purged(yard) == {"chain": 0, "batch": 0, "batch_shard": 0, "batch_failure": 0}


def test_what_limits_and_keys_have_left_behind_is_deleted(yard: Yard) -> None:
    """Once it has no meaning any more; what is in force stays."""
    for age in ("'-1 hour'", "'2 days'", "'40 days'", "'400 days'"):
        then, message = f"now() - interval {age}", "gen_random_uuid()"
        for statement in (
            f"unique_key VALUES ({message}::text, {message}, 'finished', {then})",
            f"place (key, message_id, service, expires_at, is_waiting) VALUES ('k', {message}, 'toyshop', {then}, false)",
            f"breaker VALUES ({message}::text, 1, {then}, NULL, NULL)",
            f"rate_limit VALUES ({message}::text, {then}, 1, NULL)",
        ):
            yard.database.query(f"INSERT INTO messaging.{statement}")

    purged(yard)

    tables = ("unique_key", "place", "breaker", "rate_limit")
    left = {name: yard.database.value(f"SELECT count(*) FROM messaging.{name}") for name in tables}
    assert left == {"unique_key": 1, "place": 1, "breaker": 2, "rate_limit": 3}
