"""A thread of a worker dies: the process ends, and is started again."""

from tests.faults.account import Account, once
from tests.faults.shop import Shop
from tests.support.waiting import wait_for
from tests.toyshop.contracts import BreakThread, MakeToy, PackToy


def test_process_ends_and_the_work_is_done_by_its_successor(shop: Shop) -> None:
    """A worker with fewer threads than it says would be slower for ever, deaf on a queue, or without time limits, and
    nobody would know.
    """
    threads = ("WorkerThread", "ConsumerThread", "_Deadlines")
    shop.relay()
    keeper = shop.keep(shop.worker)
    packed = 100
    for number, thread in enumerate(threads):
        shop.publish(BreakThread(number=number, thread=thread))
        shop.wait_for_effects({(number, "broken"): 1})

        def ended(deaths: int = number + 1) -> bool:
            """A thread that waits for a message dies when one comes."""
            nonlocal packed
            shop.publish(PackToy(number=packed))
            packed += 1
            return len(keeper.codes) == deaths

        wait_for(ended, 30, f"the process to end without its {thread}", every=0.2)
        shop.publish(MakeToy(number=number))
    expected = {**once(range(3)), **{(number, "broken"): 1 for number in range(3)}}
    expected |= {(number, "packed"): 1 for number in range(100, packed)}

    counted = shop.settle(expected)

    assert (keeper.codes, counted) == ([1, 1, 1], Account(expected))
