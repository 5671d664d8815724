"""Making database and broker fit the code that is installed."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.console.settings import ConsoleSettings
from shared import discovery

ALWAYS = ("gateway",)
"""Services with tables of their own that belong to every installation, whatever BELLHOP_SERVICES names."""


@dataclass(frozen=True, slots=True)
class Migrated:
    """What there is now: schemas in PostgreSQL, queues in RabbitMQ."""

    schemas: Sequence[str]
    queues: int


def migrate(settings: ConsoleSettings) -> Migrated:
    """Bring every schema to its newest revision, give each service its role, and declare the queues. Safe to repeat."""
    from shared.database.migrations import migrate as migrate_database  # Alembic is needed here only
    from shared.messaging.setup import set_up_messaging

    database_url, rabbitmq_url = settings.need("DATABASE_URL"), settings.need("RABBITMQ_URL")
    deployed = discovery.services(settings.bellhop_services)
    schemas = migrate_database(database_url, settings.need("SECRET_KEY"), sorted({*ALWAYS, *deployed}))
    declarations = [actor for service in deployed for actor in discovery.actor_declarations(service)]
    topology = set_up_messaging(database_url, rabbitmq_url, declarations)
    return Migrated(schemas, len(topology.queues))
