"""A thread of a worker dies: the process ends, and is started again."""

from tests.faults.account import Account, once
from tests.faults.shop import Shop
from tests.support.waiting import wait_for
from tests.toyshop.contracts import BreakThread, MakeToy


def test_process_ends_and_the_work_is_done_by_its_successor(shop: Shop) -> None:
    """A worker with fewer threads than it says would be slower for ever, deaf on a queue, or without time limits, and
    nobody would know.
    """
    threads = ("WorkerThread", "ConsumerThread", "_Deadlines")
    shop.relay()
    keeper = shop.keep(shop.worker)
    for number, thread in enumerate(threads):
        shop.publish(BreakThread(number=number, thread=thread))
        wait_for(lambda deaths=number + 1: len(keeper.codes) == deaths, 30, f"the process to end without its {thread}")  # type: ignore[misc] # bound now
        shop.publish(MakeToy(number=number))
    expected = {**once(range(3)), **{(number, "broken"): 1 for number in range(3)}}

    counted = shop.settle(expected)

    assert (keeper.codes, counted) == ([1, 1, 1], Account(expected))
