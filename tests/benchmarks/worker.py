"""The worker process of the benchmarks' own service: `python -m tests.benchmarks.worker`."""

import sys

from shared.messaging.worker import run_worker
from tests.benchmarks import actors

if __name__ == "__main__":
    sys.exit(run_worker("bench", actors, lambda _: None))
