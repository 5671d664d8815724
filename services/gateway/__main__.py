"""The gateway's process: `python -m services.gateway`."""

import signal
import sys

import uvicorn

from services.gateway.app import create_app
from services.gateway.serving import server_config
from services.gateway.settings import GatewaySettings
from shared.api import Resources
from shared.crypto import Vault
from shared.logging import configure_logging, get_logger
from shared.messaging.notifier import Notifier
from shared.settings import Settings
from shared.storage import open_storage


def main() -> int:
    """Serve until SIGTERM or SIGINT; requests that are running then may end within the grace period."""
    settings, gateway = Settings(), GatewaySettings()
    configure_logging("gateway", settings.log_level)
    resources = Resources(
        storage=open_storage(settings.storage_url),
        vault=Vault(settings.secret_key.get_secret_value()),
        settings=settings,
    )
    app = create_app(resources, gateway, notifier=Notifier(settings.database_url))
    server = uvicorn.Server(server_config(app, gateway))
    _stop_on_signals(server)
    server.run()
    get_logger("bellhop.gateway").info("gateway stopped")
    return 0 if server.started else 1


def _stop_on_signals(server: uvicorn.Server) -> None:
    """For the moment before uvicorn takes the signals itself, and for when it sends them again after it has stopped:
    without a handler, that would end us as if we had not.
    """

    def stop(*_: object) -> None:
        server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)


if __name__ == "__main__":
    sys.exit(main())
