"""The scheduler's process: `python -m services.scheduler`. Run as many as you like: one publishes, the others wait."""

import signal
import sys
import time
from threading import Event
from zoneinfo import ZoneInfo

from services.scheduler.process import Scheduler
from shared import discovery
from shared.database.engine import open_engine
from shared.database.session import unit_of_work
from shared.health import HealthServer
from shared.logging import configure_logging, get_logger
from shared.messaging.notifier import Notifier
from shared.metrics import Metrics
from shared.settings import Settings

SERVICE = "scheduler"
STUCK_SECONDS = 90.0
"""Longer than the statement time-out: a main thread that has not moved for so long will not move again."""


def main() -> int:
    """Publish the schedules of the deployed services until SIGTERM or SIGINT."""
    settings, stopping = Settings(), Event()
    configure_logging(SERVICE, settings.log_level)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    deployed = discovery.services(settings.bellhop_services)
    schedules = [schedule for service in deployed for schedule in discovery.schedules(service)]
    metrics, notifier = Metrics(SERVICE), Notifier(settings.database_url)
    engine = open_engine(settings.database_url, SERVICE, pool_size=3)
    work = unit_of_work(engine, notifier.poke)
    scheduler = Scheduler(schedules, ZoneInfo(settings.timezone), engine, work, metrics)
    health = HealthServer(
        settings.http_port,
        metrics.registry,
        lambda: [] if time.monotonic() - scheduler.beat < STUCK_SECONDS else ["the main thread does not move"],
        lambda: [] if scheduler.has_database else ["the database is away"],
        host=settings.http_host,
    )
    notifier.start()
    health.start()
    try:
        scheduler.run(stopping)
    finally:
        health.stop()
        notifier.stop()
        engine.dispose()
    get_logger("bellhop.scheduler").info("scheduler_stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
