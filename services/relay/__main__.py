"""The process: `python -m services.relay`."""

import sys

from services.relay.process import RelayProcess
from services.relay.settings import RelaySettings
from shared.logging import configure_logging
from shared.settings import Settings


def main() -> int:
    settings = Settings()
    configure_logging("relay", settings.log_level)
    return RelayProcess(settings, RelaySettings()).run()


if __name__ == "__main__":
    sys.exit(main())
