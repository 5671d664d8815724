"""Resident memory of one worker process as it works on: it must stay flat."""

import subprocess
import time

from tests.benchmarks.figures import Figure, Promise, Result
from tests.benchmarks.queues import preload
from tests.benchmarks.servers import THREADS, Servers, module

PART = "resident memory of a worker process"
STEPS = (10_000, 30_000, 50_000)
MAX_GROWTH = 0.05
"""Of what it is after the first step: an allocator keeps some pages, a leak of 100 bytes a job would be over it."""


def measure(servers: Servers) -> Result:
    """One process, one reading after each step."""
    servers.clear()
    preload(servers, STEPS[-1])
    readings = []
    with servers.running(module("tests.benchmarks.worker", "--threads", str(THREADS))) as (pid,):
        for step in STEPS:
            _wait_for(servers, step)
            readings.append(resident_megabytes(pid))
    figures = [
        Figure(PART, f"after {step:,} jobs", "MB", (reading,), 1) for step, reading in zip(STEPS, readings, strict=True)
    ]
    growth = readings[-1] / readings[0] - 1
    text = f"memory: {growth:+.1%} from {STEPS[0]:,} to {STEPS[-1]:,} jobs (at most {MAX_GROWTH:+.0%})"
    return Result(figures, [Promise(text, (1 + MAX_GROWTH) / (1 + growth))])


def _wait_for(servers: Servers, jobs: int) -> None:
    end = time.monotonic() + 120
    while servers.count("bench.work") < jobs:
        if time.monotonic() > end:
            raise RuntimeError(f"{servers.count('bench.work')} of {jobs} jobs after 120 s")
        time.sleep(0.2)


def resident_megabytes(pid: int) -> float:
    """As `ps` sees it."""
    return int(subprocess.check_output(["ps", "-o", "rss=", "-p", str(pid)])) / 1024
