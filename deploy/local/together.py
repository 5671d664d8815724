"""`RABBITMQ_URL=memory://`: every service in one process, to look around without RabbitMQ.

The same gateway, actors, relay and scheduler; only the broker is Dramatiq's stub, one for each service.
"""

import sys
import threading
from zoneinfo import ZoneInfo

import uvicorn

from deploy.small.workers import make_workers, shares_of
from services.gateway.app import create_app
from services.gateway.serving import server_config
from services.gateway.settings import GatewaySettings
from services.relay.process import RelayProcess
from services.relay.settings import RelaySettings
from services.scheduler.process import Scheduler
from shared import discovery
from shared.api import Resources
from shared.crypto import Vault
from shared.database.engine import open_engine
from shared.database.session import unit_of_work
from shared.logging import configure_logging
from shared.messaging.memory import MemoryBroker, MemoryPublisher
from shared.messaging.notifier import Notifier
from shared.messaging.recycling import Recycling
from shared.messaging.topology import subscriptions_of
from shared.messaging.worker import WorkerProcess
from shared.messaging.worker_options import WorkerOptions
from shared.metrics import Metrics
from shared.settings import Settings
from shared.storage import open_storage


def main() -> int:
    """Serve until SIGTERM or SIGINT."""
    settings = Settings()
    configure_logging("together", settings.log_level)
    deployed = discovery.services(settings.bellhop_services)
    options = WorkerOptions((), settings.worker_threads, settings.worker_grace, settings.worker_overtime)
    recycling, metrics = Recycling(options.limits), Metrics("together")
    workers = make_workers(shares_of((), deployed), settings, options, metrics, recycling, lambda: MemoryBroker([]))
    relay = _relay(settings, workers)
    for worker in workers:
        worker.start()
    relay.start()
    stopping = threading.Event()
    scheduler = threading.Thread(target=_schedule, args=(settings, deployed, stopping), name="scheduler")
    scheduler.start()
    try:
        _serve(settings)
    finally:
        stopping.set()
        scheduler.join(10)
        for worker in workers:
            worker.stop()
        relay.stop()
    return 0


def _relay(settings: Settings, workers: list[WorkerProcess]) -> RelayProcess:
    subscriptions = subscriptions_of(declaration for worker in workers for declaration in worker.declarations)
    brokers = [worker.broker for worker in workers if isinstance(worker.broker, MemoryBroker)]
    return RelayProcess(settings, RelaySettings(), MemoryPublisher(brokers, subscriptions))


def _schedule(settings: Settings, deployed: list[str], stopping: threading.Event) -> None:
    schedules = [schedule for service in deployed for schedule in discovery.schedules(service)]
    engine = open_engine(settings.database_url, "scheduler", pool_size=3)
    Scheduler(schedules, ZoneInfo(settings.timezone), engine, unit_of_work(engine), Metrics("scheduler")).run(stopping)
    engine.dispose()


def _serve(settings: Settings) -> None:
    gateway = GatewaySettings()
    vault = Vault(settings.secret_key.get_secret_value())
    resources = Resources(storage=open_storage(settings.storage_url), vault=vault, settings=settings)
    app = create_app(resources, gateway, notifier=Notifier(settings.database_url))
    uvicorn.Server(server_config(app, gateway)).run()


if __name__ == "__main__":
    sys.exit(main())
