"""Workers of several services beside each other. Each has its own database role, engine, dependencies and consumers; the
process has one health port, one registry of metrics and one set of limits.
"""

import importlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from shared import discovery
from shared.database.roles import service_url
from shared.messaging.actor import declarations_in
from shared.messaging.memory import MemoryBroker
from shared.messaging.recycling import Recycling
from shared.messaging.worker import WorkerProcess
from shared.messaging.worker_options import WorkerOptions
from shared.metrics import Metrics
from shared.settings import Settings


@dataclass(frozen=True, slots=True)
class Share:
    """What of a service's work a process does: the queues that are named, or all."""

    service: str
    queues: tuple[str, ...] = ()


def shares_of(texts: Sequence[str], deployed: Sequence[str]) -> list[Share]:
    """Read `service` and `service:queue,queue`; all deployed services that hear anything if nothing is named.

    Raises ValueError for what is not deployed, and for a service that is named twice.
    """
    if not texts:
        return [Share(service) for service in deployed if discovery.actor_declarations(service)]
    shares: dict[str, Share] = {}
    for text in texts:
        service, _, queues = text.partition(":")
        if service not in deployed:
            raise ValueError(f"{service!r} is not deployed here; {', '.join(deployed)} are")
        if service in shares:
            raise ValueError(f"{service} is named twice: name all of its queues at once, {service}:queue,queue")
        shares[service] = Share(service, tuple(name.strip() for name in queues.split(",") if name.strip()))
    return list(shares.values())


def make_workers(
    shares: Iterable[Share],
    settings: Settings,
    options: WorkerOptions,
    metrics: Metrics,
    recycling: Recycling,
    broker: Callable[[], MemoryBroker] | None = None,
) -> list[WorkerProcess]:
    """One worker for each service. `broker` makes one in memory for each, where there is no RabbitMQ."""
    return [
        _worker(share, settings_of(settings, share.service), options, metrics, recycling, broker and broker())
        for share in shares
    ]


def settings_of(settings: Settings, service: str) -> Settings:
    """The settings with the service's own role: nobody's rights add up because they share a process."""
    secret_key = settings.secret_key.get_secret_value()
    if not secret_key:
        raise ValueError("SECRET_KEY is needed: the passwords of the services' database roles are derived from it")
    return settings.model_copy(update={"database_url": service_url(settings.database_url, secret_key, service)})


def _worker(
    share: Share,
    settings: Settings,
    options: WorkerOptions,
    metrics: Metrics,
    recycling: Recycling,
    broker: MemoryBroker | None,
) -> WorkerProcess:
    package = discovery.package_of(share.service)
    dependencies = importlib.import_module(f"{package}.__main__").build_dependencies(settings)
    return WorkerProcess(
        share.service,
        declarations_in(importlib.import_module(f"{package}.actors")),
        settings,
        dependencies,
        replace(options, queues=share.queues),
        broker,
        metrics.for_service(share.service),
        recycling,
    )
