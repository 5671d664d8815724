"""Time limit reached at any moment, also in the last microsecond: done or retried, never both."""

from tests.faults.account import Account
from tests.faults.shop import Shop
from tests.toyshop.contracts import RushToy

JOBS = range(1, 201)


def test_every_attempt_near_its_limit_is_either_done_or_retried(shop: Shop) -> None:
    """Jobs take as long as their limit, more or less, so that the limit strikes before, in and after their commits."""
    shop.relay()
    workers = [shop.worker(WORKER_THREADS="16") for _ in range(2)]
    shop.publish(*(RushToy(number=number) for number in JOBS))
    expected = {(number, "rushed"): 1 for number in JOBS}
    counted = shop.settle(expected, seconds=100)

    interrupted = shop.database.query("SELECT outcome, error_type, count(*) FROM messaging.attempt GROUP BY 1, 2")
    uneven = shop.database.query(
        "SELECT inbox.attempts, count(attempt.id) FROM messaging.inbox LEFT JOIN messaging.attempt USING (message_id)"
        " WHERE inbox.kind = %s GROUP BY inbox.message_id, inbox.service, inbox.attempts"
        " HAVING inbox.attempts <> count(attempt.id) + 1",
        RushToy.kind,
    )
    outcomes = [outcome for _, outcome in shop.outcomes()]
    assert len(workers) == 2
    assert [(outcome, error) for outcome, error, _ in interrupted] == [("retry", "TimeLimitExceeded")]
    assert (uneven, outcomes.count("done"), outcomes.count("retry")) == ([], len(JOBS), interrupted[0][2])
    assert counted == Account(expected)
