"""The process of the webhooks service: `python -m services.webhooks`."""

import sys

from services.webhooks import actors
from services.webhooks.adapters.receivers import HttpReceivers
from services.webhooks.domain.endpoints import Limits
from services.webhooks.domain.retention import Keep
from services.webhooks.handlers.deliveries import Dependencies
from services.webhooks.settings import WebhooksSettings
from shared.crypto import Vault
from shared.messaging.worker import run_worker
from shared.settings import Settings
from shared.storage import open_storage


def build_dependencies(settings: Settings) -> Dependencies:
    """Put together what the handlers need. Raises ValueError without a SECRET_KEY."""
    own = WebhooksSettings()
    return Dependencies(
        receivers=HttpReceivers(own.allowed_networks),
        vault=Vault(settings.secret_key.get_secret_value()),
        limits=Limits(own.max_concurrency, own.max_per_second, own.pause_after),
        storage=open_storage(settings.storage_url),
        keep=Keep(own.retention_bodies_days, own.retention_inbound_days, own.retention_deliveries_days),
    )


def main() -> int:
    return run_worker("webhooks", actors, build_dependencies)


if __name__ == "__main__":
    sys.exit(main())
