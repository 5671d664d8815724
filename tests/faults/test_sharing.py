"""Quick jobs share a commit: what happens to those beside one that is slow, or that kills its worker."""

from tests.faults.account import Account, once
from tests.faults.shop import Shop
from tests.toyshop.contracts import MakeToy

NUMBERS = range(1, 301)


def test_job_that_takes_long_holds_up_nobody_beside_it(shop: Shop) -> None:
    """They were taken up together; after a quarter of a second it is interrupted, and runs alone. Four in a row, so that
    one is the first of those that were taken up: what is behind it is not held either.
    """
    slow = range(150, 154)
    quick = [number for number in NUMBERS if number not in slow]
    shop.relay()
    shop.worker(WORKER_THREADS="5")
    shop.publish(*(MakeToy(number=number, how="gated" if number in slow else "well") for number in NUMBERS))
    shop.wait_for_runs("gated", 150, 1)

    shop.wait_for_effects(once(quick))
    meanwhile = [number for number in slow if (number, "made") in shop.effects()]
    for number in slow:
        shop.open_gate(number)
    counted = shop.settle(once(NUMBERS))

    assert not meanwhile
    assert counted == Account(once(NUMBERS))


def test_job_that_kills_its_worker_leaves_those_beside_it_to_run_once(shop: Shop) -> None:
    """What shared its transaction was rolled back with it, comes again, and has its effect once."""
    shop.relay()
    shop.keep(lambda: shop.worker(WORKER_THREADS="4"))
    shop.publish(*(MakeToy(number=number, how="die" if number == 150 else "well", times=2) for number in NUMBERS))

    counted = shop.settle(once(NUMBERS), seconds=60)

    assert counted == Account(once(NUMBERS))
