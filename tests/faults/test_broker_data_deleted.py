"""The broker's data folder is deleted under load: `repair --apply` publishes again what is not done."""

import shutil

import pytest

from shared.messaging.repair import Repaired, repair
from tests.faults.account import Account, once
from tests.faults.conftest import Servers
from tests.faults.shop import Shop
from tests.support.waiting import wait_for
from tests.toyshop.contracts import MakeToy

THREADS = 4
"""Of the toy shop's worker."""


def delete_data(servers: Servers, shop: Shop) -> None:
    """Kill the broker, delete all that it has written, start it, and make its virtual host: an empty one."""
    servers.rabbitmq.kill()
    shutil.rmtree(servers.rabbitmq.folder / "data")
    servers.rabbitmq.start()
    servers.rabbitmq.create_vhost(shop.vhost.name)


def fill(shop: Shop, numbers: range) -> None:
    """Half of the jobs run; then some hold every thread, and the others wait in the broker until the gate is opened."""
    half = len(numbers) // 2
    ran, held, waiting = numbers[:half], numbers[half : half + THREADS], numbers[half + THREADS :]
    shop.publish(*(MakeToy(number=number) for number in ran))
    wait_for(lambda: any((number, "made") in shop.effects() for number in ran), 60, "some of the work to be done")
    shop.publish(*(MakeToy(number=number, how="gated") for number in held))
    shop.publish(*(MakeToy(number=number) for number in waiting))
    wait_for(lambda: shop.vhost.count("toyshop.default") >= THREADS, 60, "some of it to wait in the broker")


def open_gates(shop: Shop, numbers: range) -> None:
    for number in numbers:
        shop.open_gate(number)


def mend(shop: Shop) -> Repaired:
    """All that is not done, however young: what is on its way at this moment comes twice, and is quiet."""
    return repair(shop.database.url, shop.vhost.url, apply=True, min_age=0)


@pytest.mark.parametrize(
    ("times", "toys"), [(1, 60), pytest.param(5, 300, marks=pytest.mark.long)], ids=["once", "five times"]
)
@pytest.mark.timeout(900)
def test_all_that_was_confirmed_is_published_again_and_done_once(
    times: int, toys: int, own_shop: Shop, servers: Servers
) -> None:
    """Jobs run, their commands and events are confirmed and wait in queues: nothing is lost, nothing done twice."""
    own_shop.relay(RELAY_WINDOW="200", RELAY_SHARE="1")  # so that much lies in the broker when it is lost
    own_shop.worker()
    republished, declared = 0, 0
    for turn in range(times):
        first = turn * toys
        fill(own_shop, range(first, first + toys))
        delete_data(servers, own_shop)
        open_gates(own_shop, range(first, first + toys))
        repaired = mend(own_shop)
        republished, declared = republished + sum(repaired.republished.values()), declared + len(repaired.declared)
        own_shop.wait_for_effects(once(range(first + toys)), 120)

    counted = own_shop.settle(once(range(times * toys)), seconds=120)

    assert counted == Account(once(range(times * toys)))
    assert declared == times * len(own_shop.topology.queues)
    assert republished > 0
