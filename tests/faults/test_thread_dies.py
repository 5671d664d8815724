"""A thread of a worker dies: the process ends, and is started again."""

import pytest

from tests.faults.account import Account, once
from tests.faults.shop import Shop
from tests.support.waiting import wait_for
from tests.toyshop.contracts import BreakThread, MakeToy


@pytest.mark.parametrize("thread", ["WorkerThread", "ConsumerThread", "_Deadlines"])
def test_process_ends_and_the_work_is_done_by_its_successor(shop: Shop, thread: str) -> None:
    """A worker with fewer threads than it says would be slower for ever, or deaf on one queue, and nobody would know."""
    shop.relay()
    keeper = shop.keep(shop.worker)
    keeper.process.wait_ready()
    shop.publish(BreakThread(number=0, thread=thread))
    wait_for(lambda: keeper.codes, 30, "the process to end")
    shop.publish(MakeToy(number=1))
    expected = {(0, "broken"): 1, **once([1])}

    counted = shop.settle(expected)

    assert (keeper.codes, counted) == ([1], Account(expected))
