"""`python -m deploy.local.providers calcom|retell --port N`: serve one of them until SIGTERM or SIGINT.

Keys, secrets and the webhook's address come from the environment: CALCOM_API_KEY, CALCOM_WEBHOOK_SECRET,
CALCOM_WEBHOOK_URL, RETELL_API_KEY, RETELL_WEBHOOK_URL.
"""

import argparse
import os
import signal
import threading
from collections.abc import Mapping

from deploy.local.providers.calcom.control import LocalCalcom
from deploy.local.providers.provider import Provider
from deploy.local.providers.retell.api import LocalRetell
from deploy.local.providers.server import Server

LOOK_SECONDS = 3600.0
"""How often the server looks whether it may go on. It may until the process ends, and its threads end with that."""


def make(name: str, environment: Mapping[str, str]) -> Provider:
    """The provider of this name, with what the environment says of it."""
    if name == "retell":
        return LocalRetell(environment["RETELL_API_KEY"], environment.get("RETELL_WEBHOOK_URL", ""))
    return LocalCalcom(
        environment["CALCOM_API_KEY"],
        environment.get("CALCOM_WEBHOOK_URL", ""),
        environment.get("CALCOM_WEBHOOK_SECRET", ""),
    )


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local.providers", description=__doc__)
    parser.add_argument("provider", choices=["calcom", "retell"])
    parser.add_argument("--port", type=int, default=0, help="of 127.0.0.1; without it a free one, which is printed")
    arguments = parser.parse_args()
    signals = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    server = Server(make(arguments.provider, os.environ), arguments.port)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": LOOK_SECONDS}, daemon=True).start()
    print(f"local {arguments.provider} on {server.url}", flush=True)
    signal.sigwait(signals)
    server.server_close()


if __name__ == "__main__":
    main()
