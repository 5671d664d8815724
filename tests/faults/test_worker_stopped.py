"""Worker told to stop, with SIGTERM: nothing is killed, and nothing is counted against any message."""

from tests.faults.account import Account, look_into, once, waiting_in
from tests.faults.shop import Shop
from tests.support.processes import Process
from tests.support.waiting import wait_for
from tests.toyshop.contracts import MakeToy, ToyMade

GRACE = "6"


def nothing_waits_outside(shop: Shop) -> bool:
    """True if all that was published lies in the worker's memory."""
    outbox = shop.database.value("SELECT count(*) FROM messaging.outbox")
    return outbox == 0 and not waiting_in(shop.vhost, shop.topology)


def is_stopping(worker: Process) -> bool:
    return any(line["event"] == "worker stopping" for line in worker.lines())


def counts_against_messages(shop: Shop) -> list[tuple[int, str]]:
    return shop.database.query(
        "SELECT count(*), 'attempts' FROM messaging.attempt UNION ALL"
        " SELECT count(*), 'starts' FROM messaging.unfinished_start UNION ALL"
        " SELECT count(*), 'unfinished' FROM messaging.inbox WHERE status NOT IN ('done', 'failed') ORDER BY 2"
    )


def test_running_job_ends_within_the_grace_and_the_rest_is_handed_back_uncounted(shop: Shop) -> None:
    """Job 1 ends in time; job 2 outlasts the grace and is rolled back; the events were taken and not started."""
    relay = shop.relay(RELAY_SHARE="1")  # nobody else comes: both threads are for these jobs
    worker = shop.worker(WORKER_THREADS="2", WORKER_GRACE=GRACE)
    shop.publish(*(MakeToy(number=number, how="gated") for number in (1, 2)))
    for number in (1, 2):
        shop.wait_for_runs("gated", number, 1)
    shop.publish(ToyMade(number=3), ToyMade(number=4))
    wait_for(lambda: nothing_waits_outside(shop), 20, "the worker to have taken the events")
    worker.popen.terminate()
    wait_for(lambda: is_stopping(worker), 20, "the worker to take up nothing more")
    shop.open_gate(1)
    code = worker.popen.wait(40)
    relay.terminate()
    made, handed_back = shop.effects(), look_into(shop.vhost, "toyshop.default")
    events = look_into(shop.vhost, "toyshop.events")
    against = counts_against_messages(shop)
    shop.open_gate(2)
    shop.relay()
    shop.worker()
    expected = {**once([1, 2]), (3, "heard"): 1, (4, "heard"): 1}
    counted = shop.settle(expected)

    assert code == 0
    assert made == {(1, "made"): 1}
    assert (2, False, 0) in handed_back
    assert {(3, False, 0), (4, False, 0)} <= set(events)
    assert not [message for message in [*handed_back, *events] if message[1:] != (False, 0)]
    assert against == [(0, "attempts"), (0, "starts"), (0, "unfinished")]
    assert (shop.runs("gated", 1), shop.runs("gated", 2), counted) == (1, 2, Account(expected))


def test_redelivered_job_that_outlasts_the_grace_leaves_no_unfinished_start(shop: Shop) -> None:
    """Its worker was killed once, so its second start was written down; being told to stop takes that back."""
    shop.relay()
    first = shop.worker()
    shop.publish(MakeToy(number=1, how="gated"))
    shop.wait_for_runs("gated", 1, 1)
    first.kill()
    second = shop.worker(WORKER_GRACE="1")
    shop.wait_for_runs("gated", 1, 2)
    code = second.terminate()
    against = counts_against_messages(shop)
    handed_back = look_into(shop.vhost, "toyshop.default")
    shop.open_gate(1)
    shop.worker()
    counted = shop.settle(once([1]))

    assert (code, handed_back, against) == (0, [(1, False, 0)], [(0, "attempts"), (0, "starts"), (0, "unfinished")])
    assert (shop.runs("gated", 1), counted) == (3, Account(once([1])))
