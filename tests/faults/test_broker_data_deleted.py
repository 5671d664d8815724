"""The broker's data folder is deleted under load: `repair --apply` publishes again what is not done."""

import shutil

import pytest

from shared.messaging.repair import Repaired, repair
from tests.faults.account import Account, once
from tests.faults.conftest import Servers
from tests.faults.shop import Shop
from tests.support.waiting import wait_for
from tests.toyshop.contracts import MakeToy


def delete_data(servers: Servers, shop: Shop) -> None:
    """Kill the broker, delete all that it has written, start it, and make its virtual host: an empty one."""
    servers.rabbitmq.kill()
    shutil.rmtree(servers.rabbitmq.folder / "data")
    servers.rabbitmq.start()
    servers.rabbitmq.create_vhost(shop.vhost.name)


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
        own_shop.publish(*(MakeToy(number=first + number, seconds=0.1) for number in range(toys)))
        wait_for(lambda first=first: len(own_shop.effects()) > first * 3 + 10, 60, "some of the work to be done")  # type: ignore[misc] # bound now
        delete_data(servers, own_shop)
        repaired = mend(own_shop)
        republished, declared = republished + sum(repaired.republished.values()), declared + len(repaired.declared)
        own_shop.wait_for_effects(once(range(first + toys)), 120)

    counted = own_shop.settle(once(range(times * toys)), seconds=120)

    assert counted == Account(once(range(times * toys)))
    assert declared == times * len(own_shop.topology.queues)
    assert republished > 0
