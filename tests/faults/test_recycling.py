"""A worker that ends by itself, at a limit of its own: nothing is lost, nothing is counted against any message."""

from collections import Counter
from functools import partial

import pytest

from tests.faults.account import STEPS, Account, look_into, once
from tests.faults.campaign import SETTLE_SECONDS, Plan, Victim, run_campaign
from tests.faults.conftest import Servers
from tests.faults.shop import Shop
from tests.faults.test_campaign import ask_for_toy
from tests.support.processes import Process
from tests.support.waiting import wait_for
from tests.toyshop.contracts import MakeToy, ToyMade, ToyWrapped

EVENTS, WRAPPING = "toyshop.events", "toyshop.wrapping"
KILLED, ENDED = -9, 0


def outcomes_against(shop: Shop) -> list[tuple[int, str]]:
    return shop.database.query(
        "SELECT count(*), 'attempts' FROM messaging.attempt UNION ALL"
        " SELECT count(*), 'starts' FROM messaging.unfinished_start ORDER BY 2"
    )


def preload(shop: Shop, *numbers: int) -> None:
    """Events that wait in their queue, and no relay that would bring more."""
    relay = shop.relay()
    shop.publish(*(ToyMade(number=number) for number in numbers))
    wait_for(lambda: shop.vhost.count(EVENTS) == len(numbers), 20, "the events to be in their queue")
    relay.terminate()


@pytest.mark.parametrize(
    ("limit", "reason"),
    [
        (("--max-jobs", "5"), "5 jobs are done"),
        (("--max-seconds", "3"), "3 s are over"),
        (("--max-memory", "300"), "MB"),
    ],
    ids=["jobs", "seconds", "memory"],
)
def test_worker_ends_in_order_at_its_limit(shop: Shop, limit: tuple[str, str], reason: str) -> None:
    """With the exit code of an ordinary end, and what it did not do back in its queue, uncounted."""
    relay = shop.relay()
    shop.publish(*(MakeToy(number=number, how="greedy", seconds=0.2) for number in range(60)))
    worker = shop.worker("--queues", "toyshop.default", *limit, "--threads", "1")

    code = worker.popen.wait(60)

    relay.terminate()
    ended = [line["reason"] for line in worker.lines() if "reached a limit" in line["event"]]
    left = look_into(shop.vhost, "toyshop.default")
    made = {number for number, what in shop.effects() if what == "made"}
    assert (code, [text for text in ended if reason in text]) == (0, ended)
    assert 0 < len(made) < 60
    assert len(ended) == 1
    assert {message[1:] for message in left} == {(False, 0)}


def test_once_does_one_job_and_says_so(shop: Shop) -> None:
    """The others stay where they are. Where there is none, its exit code says that."""
    preload(shop, 1, 2, 3)
    one = [shop.worker("--queues", EVENTS, "--once").popen.wait(40) for _ in range(2)]
    left = look_into(shop.vhost, EVENTS)
    last = shop.worker("--queues", EVENTS, "--once").popen.wait(40)

    none = shop.worker("--queues", EVENTS, "--once", "--wait", "0.2").popen.wait(40)

    assert (one, last, none) == ([0, 0], 0, 3)
    assert shop.effects() == {(number, "heard"): 1 for number in (1, 2, 3)}
    assert {tuple(message[1:]) for message in left} == {(False, 0)}


def test_earlier_queues_go_first_also_before_what_was_fetched(shop: Shop) -> None:
    """Both queues are full when the worker starts; and mails that come while it is at the photos go before the rest."""
    preload(shop, *range(20))
    relay = shop.relay()
    shop.publish(*(ToyWrapped(number=number) for number in range(20)))
    wait_for(lambda: shop.vhost.count(WRAPPING) == 20, 20, "the second queue to be full")
    worker = shop.worker("--queues", f"{EVENTS},{WRAPPING}", "--strict", "--threads", "1")
    shop.wait_for_effects({(number, "wrapped"): 1 for number in range(20)})
    code = worker.terminate()
    relay.terminate()

    kinds = [line["kind"] for line in worker.lines() if line["event"] == "message"]

    assert (code, kinds) == (0, ["toyshop.toy.made"] * 20 + ["toyshop.toy.wrapped"] * 20)


def test_what_waits_behind_an_earlier_queue_goes_to_a_worker_that_is_free(shop: Shop) -> None:
    """The only thread is busy with the first queue; what was fetched of the second is handed on uncounted, and fetched
    again once there is room.
    """
    shop.relay()
    strict = shop.worker("--queues", f"toyshop.default,{WRAPPING}", "--strict", "--threads", "1").wait_ready()
    shop.publish(MakeToy(number=1, how="gated"))
    shop.wait_for_runs("gated", 1, 1)
    shop.publish(ToyWrapped(number=2))
    free = shop.worker("--queues", WRAPPING).wait_ready()
    shop.wait_for_effects({(2, "wrapped"): 1})
    held = (1, "made") not in shop.effects()
    code = free.terminate()
    against = outcomes_against(shop)
    shop.open_gate(1)
    shop.publish(ToyWrapped(number=3))
    shop.wait_for_effects({(1, "made"): 1, (3, "wrapped"): 1})
    shop.worker("--queues", EVENTS)
    expected = {**once([1]), (2, "wrapped"): 1, (3, "wrapped"): 1}

    counted = shop.settle(expected)

    redelivered = [line for line in (*strict.lines(), *free.lines()) if line.get("redelivered")]
    assert (held, code, against, redelivered) == (True, 0, [(0, "attempts"), (0, "starts")], [])
    assert counted == Account(expected)


def works_or_has_ended(process: Process) -> bool:
    """It may reach its limit at any moment."""
    return not process.is_alive or process.readiness()[0] == 200


def campaign(
    shop: Shop, servers: Servers, plan: Plan, jobs: int, seconds: int
) -> tuple[int, Counter[int], Account, Account]:
    """Two workers that end after so many jobs or seconds, killed besides, with the relay, the broker and the database.

    Returns the kills, the exit codes of the workers, what was counted, and what should have been.
    """
    limits = {"WORKER_MAX_JOBS": f"{jobs}", "WORKER_MAX_SECONDS": f"{seconds}"}
    workers = [shop.keep(lambda: shop.worker(**limits)) for _ in range(2)]
    relay = shop.keep(shop.relay)
    victims = [
        *(Victim(f"worker {number}", keeper.kill, keeper.wait_back) for number, keeper in enumerate(workers, 1)),
        Victim("relay", relay.kill, relay.wait_back),
        Victim("broker", servers.rabbitmq.kill, servers.rabbitmq.start),
        Victim("database", servers.postgres.kill, servers.postgres.start),
    ]
    kills, _ = run_campaign(plan, victims, lambda number: ask_for_toy(shop, number))
    expected = once(range(plan.pieces), ("asked", *STEPS))
    shop.wait_for_effects(expected, SETTLE_SECONDS)
    for keeper in workers:
        keeper.stop()
        wait_for(partial(works_or_has_ended, keeper.process), 60, "its last process to be there")
    codes = Counter(code for keeper in workers for code in keeper.codes)
    shop.worker().wait_ready()
    counted = shop.settle(expected, SETTLE_SECONDS)
    print(f"\nkills {dict(kills)}, exit codes of the workers {dict(codes)}")
    return sum(kills.values()), codes, counted, Account(expected)


def test_short_campaign_among_recycled_workers_loses_nothing(own_shop: Shop, servers: Servers) -> None:
    """Five kills or so, and more ends in order than these."""
    kills, codes, counted, expected = campaign(own_shop, servers, Plan(pieces=100, seconds=12, interval=2.0), 30, 6)

    assert counted == expected
    assert (kills >= 4, codes[ENDED] >= 2, set(codes) <= {KILLED, ENDED}) == (True, True, True)


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_twenty_kills_among_recycled_workers_lose_nothing(own_shop: Shop, servers: Servers) -> None:
    """And nothing happens twice."""
    kills, codes, counted, expected = campaign(own_shop, servers, Plan(pieces=300, seconds=110, interval=5.0), 40, 12)

    assert counted == expected
    assert (kills >= 20, codes[ENDED] >= 8, set(codes) <= {KILLED, ENDED}) == (True, True, True)
