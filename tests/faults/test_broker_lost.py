"""Broker killed and started again; a consumer's connection cut in the middle of a job."""

import threading
from typing import Any

from tests.faults.account import Account, once
from tests.faults.conftest import Servers
from tests.faults.shop import Shop
from tests.support.processes import Process
from tests.support.waiting import wait_for
from tests.toyshop.contracts import MakeToy, PackToy

BEFORE, MEANWHILE = range(1, 61), range(61, 81)


def test_broker_killed_and_started_again_loses_nothing_and_publishing_resumes(own_shop: Shop, servers: Servers) -> None:
    """Killed while jobs run and confirms are awaited; what is published meanwhile waits in the outbox."""
    own_shop.relay()
    own_shop.worker()
    own_shop.publish(*(MakeToy(number=number, seconds=0.1) for number in BEFORE))
    wait_for(lambda: len(own_shop.effects()) > 20, 30, "some of the work to be done")
    servers.rabbitmq.kill()
    starting = threading.Thread(target=servers.rabbitmq.start)
    starting.start()
    own_shop.publish(*(MakeToy(number=number) for number in MEANWHILE))
    starting.join()

    counted = own_shop.settle(once([*BEFORE, *MEANWHILE]), seconds=60)

    assert counted == Account(once([*BEFORE, *MEANWHILE]))


def consumer_connections(shop: Shop) -> list[str]:
    """The names of the worker's connections that consume: those of the relay have names of their own."""
    path = f"/api/vhosts/{shop.vhost.name}/connections"
    found: list[dict[str, Any]] = shop.vhost.management("GET", path)
    return [one["name"] for one in found if one.get("client_properties", {}).get("connection_name") == "bellhop-worker"]


def cut_consumers(shop: Shop, worker: Process) -> None:
    """Close the connection of each of its queues, and wait until it has new ones."""
    queues = len(shop.topology.work_queues)
    names = wait_for(lambda: consumer_connections(shop)[queues - 1 :] and consumer_connections(shop), 20, "connections")
    for name in names:
        shop.vhost.management("DELETE", f"/api/connections/{name.replace(' ', '%20').replace('>', '%3E')}")
    wait_for(lambda: len(set(consumer_connections(shop)) - set(names)) == queues, 20, "the worker to be back")
    wait_for(lambda: worker.readiness()[0] == 200, 20, "the worker to be ready")


def test_connection_cut_in_the_middle_of_a_job_acknowledges_no_other_message(shop: Shop) -> None:
    """The late acknowledgement of job 2 has the delivery tag of job 3 on the new channel, which is killed then: stock
    Dramatiq would have lost job 3. And job 2, which was delivered again, did not run beside itself.
    """
    shop.relay(RELAY_SHARE="1")  # nobody else comes: both threads are for these jobs
    worker = shop.worker(WORKER_THREADS="2").wait_ready()
    shop.publish(PackToy(number=1))
    shop.wait_for_effects({(1, "packed"): 1})
    shop.publish(MakeToy(number=2, how="gated"))
    shop.wait_for_runs("gated", 2, 1)
    cut_consumers(shop, worker)
    wait_for(lambda: (MakeToy.kind, "released") in shop.outcomes(), 20, "the second delivery of job 2 to step back")
    shop.publish(MakeToy(number=3, how="gated"))
    shop.wait_for_runs("gated", 3, 1)
    shop.open_gate(2)
    wait_for(lambda: "former channel" in worker.text(), 20, "the late acknowledgement of job 2 to be dropped")
    worker.kill()
    shop.open_gate(3)
    shop.worker()

    expected = {**once([2, 3]), (1, "packed"): 1}
    counted = shop.settle(expected)

    assert (shop.runs("gated", 2), shop.runs("gated", 3), counted) == (1, 2, Account(expected))


def test_connections_cut_again_and_again_under_load_lose_nothing(shop: Shop) -> None:
    """Two cuts among many short jobs."""
    toys = range(1, 301)
    shop.relay()
    worker = shop.worker().wait_ready()
    shop.publish(*(MakeToy(number=number, seconds=0.02) for number in toys))
    for _ in range(2):
        cut_consumers(shop, worker)

    counted = shop.settle(once(toys), seconds=60)

    assert counted == Account(once(toys))
