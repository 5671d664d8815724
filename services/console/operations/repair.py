"""Repairing RabbitMQ from what the database knows."""

from collections.abc import Callable, Sequence
from functools import partial

from services.console.adapters.rabbitmq import members_by_management
from services.console.settings import ConsoleSettings
from shared.messaging import repair as messaging
from shared.messaging.repair import Repaired


def repair(
    settings: ConsoleSettings, *, apply: bool, force: Sequence[str] = (), tell: Callable[[str], None] = lambda _: None
) -> Repaired:
    """What is to be done, and done with `apply`. Raises what shared.messaging.repair does, and BrokerUnreachableError."""
    rabbitmq_url, management_url = settings.need_broker(), settings.rabbitmq_management_url
    return messaging.repair(
        settings.need("DATABASE_URL"),
        rabbitmq_url,
        apply=apply,
        force=force,
        members_of=partial(members_by_management, management_url, rabbitmq_url) if management_url else None,
        tell=tell,
    )
