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

    A service may be named several times, with other queues each: each has threads of its own then, so that long work does
    not hold up short work. Raises ValueError for what is not deployed, and for what is named twice.
    """
    if not texts:
        return [Share(service) for service in deployed if discovery.actor_declarations(service)]
    shares = [_share(text, deployed) for text in texts]
    for one in shares:
        others = [other for other in shares if other is not one and other.service == one.service]
        if others and not (one.queues and all(other.queues for other in others)):
            raise ValueError(f"{one.service} is named twice: name the queues of each, {one.service}:queue,queue")
        if again := sorted({queue for other in others for queue in other.queues}.intersection(one.queues)):
            raise ValueError(f"{', '.join(again)} is named twice: one worker of a process takes a queue")
    return shares


def _share(text: str, deployed: Sequence[str]) -> Share:
    service, _, queues = text.partition(":")
    if service not in deployed:
        raise ValueError(f"{service!r} is not deployed here; {', '.join(deployed)} are")
    return Share(service, tuple(name.strip() for name in queues.split(",") if name.strip()))


def make_workers(
    shares: Iterable[Share],
    settings: Settings,
    options: WorkerOptions,
    metrics: Metrics,
    recycling: Recycling,
    broker: Callable[[], MemoryBroker] | None = None,
) -> list[WorkerProcess]:
    """One worker for each share. `broker` makes one in memory for each, where there is no RabbitMQ."""
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
