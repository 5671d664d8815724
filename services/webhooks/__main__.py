"""The process of the webhooks service: `python -m services.webhooks`."""

import sys

from services.webhooks import actors
from services.webhooks.adapters.receivers import HttpReceivers
from services.webhooks.domain.endpoints import Limits
from services.webhooks.handlers.deliveries import Dependencies
from services.webhooks.settings import WebhooksSettings
from shared.crypto import Vault
from shared.messaging.worker import run_worker
from shared.settings import Settings


def build_dependencies(settings: Settings) -> Dependencies:
    """Put together what the handlers need. Raises ValueError without a SECRET_KEY."""
    ours = WebhooksSettings()
    return Dependencies(
        receivers=HttpReceivers(ours.allowed_networks),
        vault=Vault(settings.secret_key.get_secret_value()),
        limits=Limits(ours.max_concurrency, ours.max_per_second, ours.pause_after),
    )


def main() -> int:
    return run_worker("webhooks", actors, build_dependencies)


if __name__ == "__main__":
    sys.exit(main())
