"""Everything restarted one by one, as after a change of the code, while work comes in."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from deploy.local.ports import free_port
from deploy.local.processes import identify, keep
from deploy.local.restart import entry_of, listed, restart
from deploy.local.run_folder import RunFolder
from deploy.local.stack import answers_ready
from deploy.local.supervisor import Program, Supervisor
from tests.faults.account import Account, account, once
from tests.faults.shop import RELAY, WORKER, Shop
from tests.support.processes import ROOT
from tests.support.waiting import wait_for
from tests.toyshop.contracts import MakeToy


@contextmanager
def supervised(shop: Shop, folder: RunFolder) -> Iterator[Supervisor]:
    """A relay and two workers as `make up` keeps them."""
    folder.make()
    myself = identify(os.getpid())
    assert myself is not None
    keep(myself, folder.supervisor)
    supervisor = Supervisor(folder.processes, say=lambda _: None)
    supervisor.start(
        *(program(shop, folder, name, module) for name, module in (("relay", RELAY), ("one", WORKER), ("two", WORKER)))
    )
    try:
        yield supervisor
    finally:
        supervisor.stop()


def program(shop: Shop, folder: RunFolder, name: str, module: str) -> Program:
    service = "relay" if module == RELAY else "toyshop"
    port = free_port()
    environment = {
        **os.environ,
        **shop.processes.environment,
        "DATABASE_URL": shop.database.service_url(service),
        "HTTP_PORT": str(port),
        "HTTP_HOST": "127.0.0.1",
    }
    return Program(name, [sys.executable, "-m", module], environment, folder.log(name), ROOT, port)


def test_no_job_is_lost_or_run_twice(shop: Shop) -> None:
    """Jobs that run are waited for; each process has a successor that is ready before the next one stops."""
    folder, numbers = RunFolder(shop.folder / "run"), range(60)
    with supervised(shop, folder):
        former = {entry["name"]: entry["pid"] for entry in listed(folder)}
        shop.publish(MakeToy(number=1000, how="gated"))
        shop.wait_for_runs("gated", 1000, 1)
        restarting = threading.Thread(target=restart, args=[folder, lambda _: None])
        restarting.start()
        for number in numbers:
            shop.publish(MakeToy(number=number, seconds=0.3, how="counted"))
            restarting.join(0.2)
        shop.open_gate(1000)
        expected = once([*numbers, 1000])
        restarting.join(100)
        over = not restarting.is_alive()
        shop.wait_for_effects(expected, 60)
        shop.wait_for_rest()
        pids = {name: (entry_of(folder, name) or {}).get("pid") for name in former}
    counted = account(shop.database, shop.vhost, shop.topology)

    runs = [shop.runs("counted", number) for number in numbers]
    assert (over, counted, runs, shop.runs("gated", 1000)) == (True, Account(expected), [1] * 60, 1)
    assert [name for name, pid in pids.items() if pid in {None, former[name]}] == []


def test_process_that_ends_in_order_is_started_again_at_once(shop: Shop) -> None:
    """A worker that stops at its own limit, over and over, is not taken for one that is broken."""
    folder = RunFolder(shop.folder / "run")
    with supervised(shop, folder) as supervisor:
        wait_for(lambda: all(answers_ready(entry["http_port"]) for entry in listed(folder)), 60, "all to be ready")
        restart(folder, lambda _: None)
        deaths = [supervisor.deaths(name) for name in ("relay", "one", "two")]

    assert deaths == [0, 0, 0]
