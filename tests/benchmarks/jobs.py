"""Jobs a second: ours with every guarantee, stock Dramatiq and Celery with fewer."""

import subprocess
from collections import defaultdict
from collections.abc import Callable

from tests.benchmarks.actors import QUEUE
from tests.benchmarks.figures import Figure, Promise, Result, ratio
from tests.benchmarks.queues import drain_rate, preload, wait_count
from tests.benchmarks.rivals.settings import CELERY_QUEUE, DRAMATIQ_QUEUE
from tests.benchmarks.servers import ROOT, THREADS, Servers, module, rival

PART = "jobs a second, two worker processes"
COUNT = 5_000
CELERY = "tests.benchmarks.rivals.celery_app"
DRAMATIQ = "tests.benchmarks.rivals.stock_dramatiq"
POOLS = ("prefork", "threads")
NAMES = {
    "ours": "Bellhop: inbox, one row, commit, acknowledge",
    "dramatiq": "stock Dramatiq, doing nothing",
    **{f"write {pool}": f"Celery ({pool}), acks_late, one row, commit" for pool in POOLS},
    **{f"nothing {pool}": f"Celery ({pool}), acks_late, doing nothing" for pool in POOLS},
}


def ours(servers: Servers) -> float:
    """Inbox, transaction, one row written, commit, acknowledge."""
    preload(servers, COUNT)
    worker = module("tests.benchmarks.worker", "--threads", str(THREADS))
    with servers.running(worker, worker), servers.channel() as channel:
        rate = drain_rate(channel, QUEUE, COUNT)
        wait_count(servers, "bench.work", COUNT)
    return rate


def bare_dramatiq(servers: Servers) -> float:
    """Nothing at all."""
    _send(servers, rival(DRAMATIQ, str(COUNT)))
    command = [f"{DRAMATIQ}:set_up", "--processes", "2", "--threads", str(THREADS)]
    with servers.running(rival("dramatiq", *command)), servers.channel() as channel:
        return drain_rate(channel, DRAMATIQ_QUEUE, COUNT)


def celery(servers: Servers, task: str, pool: str) -> float:
    """One task with acks_late, in two worker processes' worth of a pool."""
    _send(servers, rival(CELERY, "send", task, str(COUNT)))
    workers = [rival(CELERY, "worker", pool, str(THREADS), f"{pool}{number}") for number in (1, 2)]
    with servers.running(*workers), servers.channel() as channel:
        rate = drain_rate(channel, CELERY_QUEUE, COUNT)
        if task == "write":
            wait_count(servers, "bench.work", COUNT)
    return rate


def _send(servers: Servers, command: list[str]) -> None:
    environment = servers.environment("bench")
    subprocess.run(command, check=True, cwd=ROOT, env=environment, capture_output=True)


def measure(servers: Servers, rounds: int) -> Result:
    """Every rival once a round, in turn."""
    rates: dict[str, list[float]] = defaultdict(list)

    def run(name: str, job: Callable[[], float]) -> None:
        servers.clear()
        rates[name].append(job())

    best: dict[str, str] = {}
    for _ in range(rounds):
        run("ours", lambda: ours(servers))
        run("dramatiq", lambda: bare_dramatiq(servers))
        for task in ("write", "nothing"):
            for pool in [best[task]] if task in best else POOLS:
                run(f"{task} {pool}", lambda task=task, pool=pool: celery(servers, task, pool))  # type: ignore[misc] # bound now
            best.setdefault(task, max(POOLS, key=lambda pool: rates[f"{task} {pool}"][0]))
    return _result(rates, best)


def _result(rates: dict[str, list[float]], best: dict[str, str]) -> Result:
    write, nothing = f"write {best['write']}", f"nothing {best['nothing']}"
    figures = {key: Figure(PART, NAMES[key], "jobs/s", tuple(values)) for key, values in rates.items()}
    ours = figures["ours"]
    writes, rests = ratio(ours, figures[write]), ratio(ours, figures[nothing])
    promises = [
        Promise(f"guaranteed jobs: {writes:.2f} times the faster Celery that writes (at least 1.30)", writes / 1.3),
        Promise(f"guaranteed jobs: {rests:.2f} times the faster idle Celery (aim: 1.00)", rests, required=False),
    ]
    return Result(tuple(figures.values()), promises)
