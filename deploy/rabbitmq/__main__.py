"""`python -m deploy.rabbitmq`: write definitions.json from the actors of all services.

For brokers that are looked after by somebody else: `rabbitmqctl import_definitions`, or the management page, gives them
the queues that `bellhop migrate` would declare. Accounts are not in it.
"""

import json
import sys
from pathlib import Path

from shared import discovery
from shared.messaging.topology import definitions, subscriptions_of, topology_of

FILE = Path(__file__).with_name("definitions.json")


def rendered(vhost: str = "/") -> str:
    """The file's text, for all services that are installed."""
    actors = (actor for service in discovery.services() for actor in discovery.actor_declarations(service))
    return json.dumps(definitions(topology_of(subscriptions_of(actors)), vhost), indent=2) + "\n"


def main() -> int:
    """Write the file anew."""
    FILE.write_text(rendered(), encoding="utf-8")
    print(f"wrote {FILE.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
