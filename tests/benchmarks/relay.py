"""Confirmed publishes a second from outbox rows, beside what `send()` of stock Dramatiq does."""

import subprocess
import time
from collections import defaultdict

from shared.database.session import unit_of_work
from shared.messaging.outbox import publish_all
from tests.benchmarks.actors import QUEUE
from tests.benchmarks.contracts import WriteRow
from tests.benchmarks.figures import Figure, Promise, Result, ratio
from tests.benchmarks.queues import depth
from tests.benchmarks.rivals.settings import DRAMATIQ_QUEUE
from tests.benchmarks.servers import ROOT, Servers, module, rival

PART = "publishes a second"
ROWS, UNCONFIRMED, CONFIRMED = 30_000, 10_000, 2_000
COMMIT_ROWS = 5_000


def fill_outbox(servers: Servers, rows: int) -> None:
    engine = servers.engine("bench")
    work = unit_of_work(engine)
    for first in range(0, rows, COMMIT_ROWS):
        with work() as session:
            publish_all(session, [WriteRow(number=first + number) for number in range(COMMIT_ROWS)])
    engine.dispose()


UNHELD = ("env", f"RELAY_WINDOW={ROWS}", "RELAY_SHARE=1")
"""Nobody works on the queue here: with the window that it has by default, all but a few rows would wait for somebody."""


def ours(servers: Servers) -> float:
    """Rows a second that the relay's process claims, publishes, sees confirmed and moves to `published`."""
    fill_outbox(servers, ROWS)
    servers.query("ANALYZE messaging.outbox")
    with servers.running([*UNHELD, *module("services.relay")], service="relay"):
        begun, left = _left(servers, ROWS * 9 // 10)
        ended, last = _left(servers, 0)
    with servers.channel() as channel:
        if depth(channel, QUEUE) != ROWS:
            raise RuntimeError(f"{depth(channel, QUEUE)} messages for {ROWS} rows")
        channel.queue_purge(QUEUE)
    return (left - last) / (ended - begun)


def _left(servers: Servers, at_most: int) -> tuple[float, int]:
    """When the outbox has no more than so many rows, and how many."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        left = servers.count("messaging.outbox")
        if left <= at_most:
            return time.monotonic(), left
        time.sleep(0.02)
    raise RuntimeError(f"the relay left {left} rows after 60 s")


def stock(servers: Servers, count: int, *confirm: str) -> float:
    """Calls of `send()` a second, one thread."""
    command = rival("tests.benchmarks.rivals.stock_dramatiq", str(count), *confirm)
    done = subprocess.run(command, check=True, cwd=ROOT, env=servers.environment("bench"), capture_output=True)
    with servers.channel() as channel:
        channel.queue_purge(DRAMATIQ_QUEUE)
    return float(done.stdout)


def measure(servers: Servers, rounds: int) -> Result:
    """Each once a round, in turn."""
    rates: dict[str, list[float]] = defaultdict(list)
    for _ in range(rounds):
        servers.clear()
        rates["ours"].append(ours(servers))
        rates["unconfirmed"].append(stock(servers, UNCONFIRMED))
        rates["confirmed"].append(stock(servers, CONFIRMED, "confirm"))
    names = {
        "ours": "Bellhop's relay: claimed, published, confirmed, moved",
        "unconfirmed": "stock Dramatiq, send() without confirms",
        "confirmed": "stock Dramatiq, send() with confirm_delivery",
    }
    figures = {key: Figure(PART, name, "messages/s", tuple(rates[key])) for key, name in names.items()}
    reached = ratio(figures["ours"], figures["unconfirmed"])
    text = f"confirmed publishes from the outbox: {reached:.2f} times send() without confirms (at least 1.00)"
    return Result(tuple(figures.values()), [Promise(text, reached)])
