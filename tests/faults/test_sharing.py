"""Quick jobs share a commit: what happens to those beside one that is slow, or that kills its worker."""

from tests.faults.account import Account, once
from tests.faults.shop import Shop
from tests.toyshop.contracts import MakeToy

NUMBERS = range(1, 301)


def test_job_that_takes_long_holds_up_nobody_beside_it(shop: Shop) -> None:
    """They were taken up together; after a quarter of a second it is interrupted, and runs alone."""
    quick = [number for number in NUMBERS if number != 150]
    shop.relay()
    shop.worker(WORKER_THREADS="4")
    shop.publish(*(MakeToy(number=number, how="gated" if number == 150 else "well") for number in NUMBERS))
    shop.wait_for_runs("gated", 150, 1)

    shop.wait_for_effects(once(quick))
    meanwhile = (150, "made") in shop.effects()
    shop.open_gate(150)
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
