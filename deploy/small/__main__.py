"""`python -m deploy.small [service|service:queue,queue …]`: their workers in one process; without any, all deployed ones.

DATABASE_URL may be any service's: with SECRET_KEY each worker's own role is put into it.
"""

import sys
from collections.abc import Sequence

from deploy.small.workers import make_workers, shares_of
from shared import discovery
from shared.logging import configure_logging
from shared.messaging.recycling import Recycling
from shared.messaging.watching import Watch
from shared.messaging.worker_options import WorkerOptionsError, worker_options, worker_parser
from shared.metrics import Metrics
from shared.settings import Settings

NAME = "workers"


def main(arguments: Sequence[str] | None = None) -> int:
    """Work until SIGTERM, SIGINT, or a limit of the process."""
    settings = Settings()
    parser = worker_parser("deploy.small", settings)
    parser.add_argument("shares", nargs="*", metavar="service[:queue,queue]", help="what this process works on")
    parsed = parser.parse_args(arguments)
    for option in ("queues", "strict", "once"):
        if getattr(parsed, option):
            parser.error(f"--{option} is for the worker of one service: python -m services.<service> --{option}")
    try:
        options = worker_options(parsed, settings)
        shares = shares_of(parsed.shares, discovery.services(settings.bellhop_services))
    except (WorkerOptionsError, ValueError) as error:
        parser.error(str(error))
    configure_logging(NAME, settings.log_level)
    metrics, recycling = Metrics(NAME), Recycling(options.limits)
    try:
        workers = make_workers(shares, settings, options, metrics, recycling)
        return Watch(workers, recycling, metrics, settings).run()
    except ValueError as error:
        raise SystemExit(f"{NAME}: {error}") from None


if __name__ == "__main__":
    sys.exit(main())
