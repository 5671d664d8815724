"""Peers that fall silent: nothing is closed, nothing is refused, and no packet comes any more."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit, urlunsplit

import pytest

from tests.faults.account import Account, once
from tests.faults.shop import Shop
from tests.support.processes import Process
from tests.support.proxy import Proxy
from tests.support.waiting import wait_for
from tests.toyshop.contracts import MakeToy

BEFORE, MEANWHILE, AFTER = range(1, 21), range(21, 41), range(41, 61)
NOTICED_SECONDS = 30.0
"""From the moment another server is there until all that waited is done."""


class Network:
    """The way of a shop's processes to its servers: a proxy before each of them."""

    def __init__(self, shop: Shop, stack: ExitStack) -> None:
        self._shop = shop
        self.database, self.broker = (
            stack.enter_context(Proxy("127.0.0.1", urlsplit(url).port or 0))
            for url in (shop.database.url, shop.vhost.url)
        )

    def start(self) -> tuple[Process, Process]:
        """A relay and a worker that know the servers through the proxies only."""
        shop, broker = self._shop, through(self._shop.vhost.url, self.broker.port)
        relay, worker = (
            start(DATABASE_URL=through(shop.database.service_url(role), self.database.port), RABBITMQ_URL=broker)
            for start, role in ((shop.relay, "relay"), (shop.worker, "toyshop"))
        )
        return relay.wait_ready(), worker.wait_ready()


def through(url: str, port: int) -> str:
    """The same URL by way of a proxy on this port."""
    parts = urlsplit(url)
    account, _, _ = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{account}@127.0.0.1:{port}"))


@pytest.fixture
def network(shop: Shop) -> Iterator[Network]:
    with ExitStack() as stack:
        yield Network(shop, stack)


@pytest.mark.parametrize("silent", ["database", "broker", "both"])
def test_work_goes_on_soon_after_a_silent_server_has_a_successor(shop: Shop, network: Network, silent: str) -> None:
    """Connections that are silent for good are given up, in the middle of jobs and at rest, and none is waited for."""
    network.start()
    shop.publish(*(MakeToy(number=number, seconds=0.2) for number in BEFORE))
    wait_for(lambda: len(shop.effects()) > 5, 30, "some of the work to be done")
    for proxy in {"database": [network.database], "broker": [network.broker]}.get(
        silent, [network.database, network.broker]
    ):
        proxy.strand()
    began = time.monotonic()
    shop.publish(*(MakeToy(number=number) for number in MEANWHILE))
    shop.wait_for_effects(once([*BEFORE, *MEANWHILE]), 120)
    lasted = time.monotonic() - began
    counted = shop.settle(once([*BEFORE, *MEANWHILE]))

    assert (counted, lasted < NOTICED_SECONDS) == (Account(once([*BEFORE, *MEANWHILE])), True), (
        f"it took {lasted:.1f} s"
    )


def test_work_goes_on_when_the_way_is_free_again_after_a_minute_of_silence(shop: Shop, network: Network) -> None:
    """Nobody answered for longer than any connection lives: all of them are new, and nothing was lost or done twice."""
    network.start()
    shop.publish(*(MakeToy(number=number, seconds=0.2) for number in BEFORE))
    wait_for(lambda: len(shop.effects()) > 5, 30, "some of the work to be done")
    for proxy in (network.database, network.broker):
        proxy.swallow()
    silent_until = time.monotonic() + 40
    shop.publish(*(MakeToy(number=number) for number in AFTER))
    wait_for(lambda: time.monotonic() > silent_until, 45)
    for proxy in (network.database, network.broker):
        proxy.restore()
    began = time.monotonic()
    shop.wait_for_effects(once([*BEFORE, *AFTER]), 120)
    lasted = time.monotonic() - began
    counted = shop.settle(once([*BEFORE, *AFTER]))

    assert (counted, lasted < NOTICED_SECONDS) == (Account(once([*BEFORE, *AFTER])), True), f"it took {lasted:.1f} s"
