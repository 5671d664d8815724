"""The process of the ticketing service: `python -m services.ticketing`."""

import sys

from services.ticketing import actors
from services.ticketing.adapters.ed25519 import EventSignatures
from services.ticketing.adapters.qr import qr_png
from services.ticketing.domain.links import Links
from services.ticketing.domain.retention import Keep
from services.ticketing.handlers.tickets import Press
from services.ticketing.settings import TicketingSettings
from shared.clock import now
from shared.crypto import Vault
from shared.messaging.worker import run_worker
from shared.settings import Settings
from shared.signed_links import SignedLinks, link_key
from shared.storage import open_storage


def build_dependencies(settings: Settings) -> Press:
    """Put together what the handlers need. Raises ValueError without a SECRET_KEY."""
    secret_key, own = settings.secret_key.get_secret_value(), TicketingSettings()
    storage = open_storage(settings.storage_url)
    return Press(
        signatures=EventSignatures(Vault(secret_key)),
        qr_png=qr_png,
        storage=storage,
        links=Links(SignedLinks(settings.public_url, link_key(secret_key, "ticketing"))),
        clock=now,
        pictures=storage,
        keep=Keep(own.retention_unpaid_orders_days, own.retention_pictures_days),
    )


def main() -> int:
    return run_worker("ticketing", actors, build_dependencies)


if __name__ == "__main__":
    sys.exit(main())
