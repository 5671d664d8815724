"""`python -m tests.benchmarks [PART…]`: measure, print the table, write .run/bench.json. Exits 1 if a promise is missed."""

import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from shared.logging import configure_logging
from tests.benchmarks import batches, calls, figures, jobs, latency, memory, photos, policies, relay, tickets
from tests.benchmarks.figures import Result
from tests.benchmarks.servers import RIVALS, ROOT, Servers, servers

ROUNDS = 3
PARTS: dict[str, Callable[[Servers], Result]] = {
    "relay": lambda running: relay.measure(running, ROUNDS),
    "jobs": lambda running: jobs.measure(running, ROUNDS),
    "tickets": lambda running: tickets.measure(running, ROUNDS),
    "latency": lambda running: latency.measure(running, ROUNDS),
    "memory": memory.measure,
    "batches": lambda running: batches.measure(running, ROUNDS),
    "policies": lambda running: policies.measure(running, ROUNDS),
    "calls": lambda running: calls.measure(running, ROUNDS),
    "photos": lambda running: photos.measure(running, ROUNDS),
}
WITH_RIVALS = {"relay", "jobs"}
"""The parts that measure others beside us."""


def main(names: Sequence[str]) -> int:
    if unknown := set(names) - set(PARTS):
        print(f"There is no part {', '.join(unknown)}; there are {', '.join(PARTS)}.", file=sys.stderr)
        return 2
    if WITH_RIVALS & set(names or PARTS) and not (RIVALS / "python").exists():
        print("The rivals are not installed: `make bench` does it.", file=sys.stderr)
        return 2
    configure_logging("bench", "WARNING")  # the lines of the jobs that run in this process would hide the table
    begun = time.monotonic()
    results = []
    with tempfile.TemporaryDirectory(prefix="bellhop-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with servers(folder) as running:
            machine = describe(running)
            for part in names or PARTS:
                print(f"{time.monotonic() - begun:5.0f} s  measuring {part}", flush=True)
                results.append(PARTS[part](running))
    seconds = time.monotonic() - begun
    figures.show(results, machine)
    figures.write(ROOT / ".run" / "bench.json", figures.as_json(results, machine, seconds))
    print(f"{seconds:.0f} s in all; written to .run/bench.json")
    return int(any(promise.verdict == "MISSED" for result in results for promise in result.promises))


def describe(running: Servers) -> str:
    """The machine and the servers, in one line."""
    postgres = running.query("SHOW server_version")[0][0]
    rabbitmq = running.rabbitmq.eval("rabbit_misc:version().").strip('"')
    return (
        f"{os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}, "
        f"PostgreSQL {postgres}, RabbitMQ {rabbitmq}"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
