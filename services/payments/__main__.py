"""The process of the payments service: `python -m services.payments`."""

import sys

from services.payments import actors
from services.payments.adapters.stripe import StripeEvents
from services.payments.handlers import Dependencies
from shared.messaging.worker import run_worker
from shared.settings import Settings
from shared.storage import open_storage


def build_dependencies(settings: Settings) -> Dependencies:
    """Put together what the handlers need."""
    return Dependencies(stripe=StripeEvents(), storage=open_storage(settings.storage_url))


def main() -> int:
    return run_worker("payments", actors, build_dependencies)


if __name__ == "__main__":
    sys.exit(main())
