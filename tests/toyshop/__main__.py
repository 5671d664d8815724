"""The toy shop's process: `python -m tests.toyshop`."""

import os
import sys
from pathlib import Path

from shared.messaging.worker import run_worker
from tests.toyshop import actors


def main() -> int:
    return run_worker("toyshop", actors, lambda _: Path(os.environ["TOYSHOP_DIRECTORY"]))


if __name__ == "__main__":
    sys.exit(main())
