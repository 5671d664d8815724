"""How long a message is on its way: from publish to the start of its handler, at a steady pace."""

import threading
import time

from shared.database.roles import service_url
from shared.database.session import UnitOfWork, unit_of_work
from shared.messaging.notifier import Notifier
from shared.messaging.outbox import publish
from tests.benchmarks.contracts import StampRow
from tests.benchmarks.figures import Figure, Promise, Result
from tests.benchmarks.queues import wait_count
from tests.benchmarks.servers import SECRET_KEY, THREADS, Servers, module

PART = "publish to start of the handler, 200 messages a second"
PER_SECOND = 200
PUBLISHERS = 4
SECONDS = 5
WARM_UP_SECONDS = 1
LIMIT_MILLISECONDS = 50


def measure(servers: Servers, rounds: int) -> Result:
    """Outbox, relay, RabbitMQ, worker: one process each, after a second to warm up."""
    medians, worsts = [], []
    relay = module("services.relay")
    worker = module("tests.benchmarks.worker", "--threads", str(THREADS))
    servers.clear()
    with servers.running(relay, service="relay"), servers.running(worker):
        publish_steadily(servers, first=-PER_SECOND * 2, seconds=2)
        wait_count(servers, "bench.stamp", PER_SECOND * 2)
        for _ in range(rounds):
            servers.query("TRUNCATE bench.stamp")
            publish_steadily(servers, first=0, seconds=WARM_UP_SECONDS + SECONDS)
            wait_count(servers, "bench.stamp", PER_SECOND * (WARM_UP_SECONDS + SECONDS))
            median, worst = servers.query(
                "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) * 1000,"
                " percentile_cont(0.99) WITHIN GROUP (ORDER BY seconds) * 1000 FROM bench.stamp WHERE number >= %s",
                PER_SECOND * WARM_UP_SECONDS,
            )[0]
            medians.append(float(median))
            worsts.append(float(worst))
    p50, p99 = Figure(PART, "p50", "ms", tuple(medians), 1), Figure(PART, "p99", "ms", tuple(worsts), 1)
    text = f"latency: p99 is {p99.value:.1f} ms (at most {LIMIT_MILLISECONDS} ms on an idle machine)"
    return Result([p50, p99], [Promise(text, LIMIT_MILLISECONDS / p99.value)])


def publish_steadily(servers: Servers, first: int, seconds: int) -> None:
    """One message a transaction, evenly spaced, by a few threads as in a web server; each commit wakes the relay."""
    notifier = Notifier(service_url(servers.postgres.url, SECRET_KEY, "bench"))
    notifier.start()
    engine = servers.engine("bench")
    work = unit_of_work(engine, notifier.poke)
    begin = time.monotonic() + 0.2
    shares = [range(number, seconds * PER_SECOND, PUBLISHERS) for number in range(PUBLISHERS)]
    threads = [threading.Thread(target=_publish, args=(work, begin, first, share)) for share in shares]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    notifier.stop()
    engine.dispose()


def _publish(work: UnitOfWork, begin: float, first: int, share: range) -> None:
    for number in share:
        time.sleep(max(0.0, begin + number / PER_SECOND - time.monotonic()))
        with work() as session:
            publish(session, StampRow(number=first + number, sent=time.monotonic()))
