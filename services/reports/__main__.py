"""The process of the reports service: `python -m services.reports`."""

import sys

from services.reports import actors
from services.reports.handlers.dependencies import Dependencies
from services.reports.settings import ReportsSettings
from shared.messaging.worker import run_worker
from shared.settings import Settings


def build_dependencies(_settings: Settings, own: ReportsSettings | None = None) -> Dependencies:
    """Put together what the handlers need. Raises ValueError where a setting is wrong."""
    own = own or ReportsSettings()
    return Dependencies(facts=own)


def main() -> int:
    return run_worker("reports", actors, build_dependencies)


if __name__ == "__main__":
    sys.exit(main())
