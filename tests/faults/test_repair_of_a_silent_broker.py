"""A broker that stalls, and one whose machine is paused: `repair --apply` changes nothing."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pika.exceptions
import pytest

from services.console.adapters.rabbitmq import members_by_management
from shared.messaging.leaders import BrokerSilentError
from shared.messaging.repair import repair
from tests.faults.account import waiting_in
from tests.faults.conftest import Servers
from tests.faults.shop import Shop
from tests.support.proxy import Proxy
from tests.support.waiting import wait_for
from tests.toyshop.contracts import ToyMade

EVENTS = "toyshop.events"
CONFIRMED = 200


def family(pid: int) -> list[int]:
    """A process and all that it has started."""
    children = [
        int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
    ]
    return [pid, *(one for child in children for one in family(child))]


@contextmanager
def paused(servers: Servers) -> Iterator[None]:
    """The broker's processes stand still, as when their machine does."""
    assert servers.rabbitmq.pid is not None
    pids = family(servers.rabbitmq.pid)
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


@pytest.fixture
def confirmed(own_shop: Shop) -> Shop:
    """Confirmed messages lie in a queue, and nobody takes them."""
    relay = own_shop.relay()
    own_shop.publish(*(ToyMade(number=number) for number in range(CONFIRMED)))
    wait_for(lambda: own_shop.vhost.count(EVENTS) == CONFIRMED, 30, "the events in their queue")
    wait_for(lambda: own_shop.database.value("SELECT count(*) FROM messaging.outbox") == 0, 30, "an empty outbox")
    relay.terminate()
    return own_shop


def repair_in_vain(shop: Shop, servers: Servers, rabbitmq_url: str) -> None:
    """Try it; it says that it changed nothing, or that the broker is not there."""
    members_of = partial(members_by_management, servers.rabbitmq.management_url, rabbitmq_url)
    with pytest.raises((BrokerSilentError, pika.exceptions.AMQPError, OSError)):
        repair(shop.database.url, rabbitmq_url, apply=True, members_of=members_of)


def test_paused_broker_keeps_what_it_has(confirmed: Shop, servers: Servers) -> None:
    """It answers nobody; when it goes on, everything is where it was."""
    with paused(servers):
        repair_in_vain(confirmed, servers, confirmed.vhost.url)

    assert wait_for(lambda: waiting_in(confirmed.vhost, confirmed.topology), 60, "the broker") == {EVENTS: CONFIRMED}
    assert confirmed.database.value("SELECT count(*) FROM messaging.outbox") == 0


@pytest.mark.parametrize("seconds", [8, pytest.param(60, marks=pytest.mark.long)])
def test_broker_that_stalls_while_it_is_asked_keeps_what_it_has(
    seconds: int, confirmed: Shop, servers: Servers
) -> None:
    """Its answers stay away from the moment the queues are asked, and then come all at once: the first connection is for
    the look for queues that are missing.
    """
    parts = urlsplit(confirmed.vhost.url)
    assert parts.hostname is not None
    assert parts.port is not None
    with Proxy(parts.hostname, parts.port) as proxy:
        url = confirmed.vhost.url.replace(f":{parts.port}/", f":{proxy.port}/")
        proxy.delay_from(2, seconds)
        repair_in_vain(confirmed, servers, url)
        taken = proxy.taken

    assert taken > 1
    assert waiting_in(confirmed.vhost, confirmed.topology) == {EVENTS: CONFIRMED}
    assert confirmed.database.value("SELECT count(*) FROM messaging.outbox") == 0
