"""Worker killed with `kill -9`, before it commits and between its commit and its acknowledgement."""

from shared.contracts.message import Contract
from tests.faults.account import Account, Effects, once
from tests.faults.shop import Shop
from tests.toyshop.contracts import MakeToy

KIND = MakeToy.kind
NEIGHBOURS = range(10, 20)


def kill_at(shop: Shop, point: str, message: Contract) -> None:
    """Run `message`, with neighbours, into the point, kill the worker there, and start another."""
    hold = shop.hold(f"{point}:{KIND}")
    shop.relay()
    worker = shop.worker(**hold.environment)
    shop.publish(message)
    hold.wait(worker)
    shop.publish(*(MakeToy(number=number) for number in NEIGHBOURS))
    shop.wait_for_effects(once(NEIGHBOURS))
    worker.kill()
    shop.worker()


def with_neighbours(effects: Effects) -> Effects:
    return {**effects, **once(NEIGHBOURS)}


def test_killed_before_commit_the_job_runs_again_and_has_its_effect_once(shop: Shop) -> None:
    """Nothing was committed: the redelivered message runs a second time."""
    kill_at(shop, "before_commit", MakeToy(number=1, how="counted"))
    counted = shop.settle(with_neighbours(once([1])))
    assert (shop.runs("counted", 1), counted) == (2, Account(with_neighbours(once([1]))))


def test_killed_after_done_was_committed_the_redelivery_is_quiet(shop: Shop) -> None:
    """The inbox row says that it is done: the handler does not run again."""
    kill_at(shop, "after_commit", MakeToy(number=1, how="counted"))
    counted = shop.settle(with_neighbours(once([1])))
    assert (KIND, "quiet") in shop.outcomes()
    assert (shop.runs("counted", 1), counted) == (1, Account(with_neighbours(once([1]))))


def test_killed_after_a_retry_was_committed_the_retry_runs_once(shop: Shop) -> None:
    """The redelivered first turn is old; only the second turn, which was scheduled, runs."""
    kill_at(shop, "after_commit", MakeToy(number=1, how="bug", times=1))
    counted = shop.settle(with_neighbours(once([1])))
    attempts = shop.database.query("SELECT turn, attempt, outcome FROM messaging.attempt")
    assert (KIND, "quiet") in shop.outcomes()
    assert (shop.runs("bug", 1), attempts, counted) == (
        2,
        [(1, 1, "retry")],
        Account(with_neighbours(once([1]))),
    )


def test_killed_after_a_final_failure_was_committed_the_failed_job_is_there_once(shop: Shop) -> None:
    """The redelivery finds the message ended; its notice was published with the failure, once."""
    kill_at(shop, "after_commit", MakeToy(number=1, how="permanent"))
    expected = with_neighbours({(1, "told"): 1})
    counted = shop.settle(expected)
    assert (KIND, "quiet") in shop.outcomes()
    assert (shop.runs("permanent", 1), counted) == (1, Account(expected, failed={"permanent": 1}))
