"""One worker process: one Dramatiq worker over one service's actors, with its gate, limits, health and graceful stop."""

import argparse
import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from time import monotonic
from types import ModuleType
from typing import Any

import dramatiq
import structlog
from dramatiq import Worker
from dramatiq.middleware import CurrentMessage
from sqlalchemy import Engine

from shared.database.connections import connect
from shared.database.engine import open_engine
from shared.health import HealthServer
from shared.logging import configure_logging
from shared.messaging.actor import ActorDeclaration, declarations_in
from shared.messaging.broker import Broker
from shared.messaging.faults import holding_points
from shared.messaging.gate import Gate
from shared.messaging.memory import MemoryBroker
from shared.messaging.notifier import Notifier
from shared.messaging.queues import heard_on
from shared.messaging.receiving import JsonEncoder, register
from shared.messaging.runner import Runner
from shared.messaging.sharing import Sharing, WorkQueue, prefetches
from shared.messaging.time_limits import TimeLimits
from shared.metrics import Metrics
from shared.settings import Settings

WATCH_SECONDS = 0.25
INTERRUPT_SECONDS = 5.0
"""How long an interrupted job has, after the grace period, to roll back and be handed back."""

IDLE_OVERTIMES = 3
"""A process that stands still altogether cannot end itself: after the longest time limit and this many overtimes
PostgreSQL undoes its transactions, so that another process can have its messages.
"""
LAST_RESORT_SECONDS = 25.0

BuildDependencies = Callable[[Settings], object]


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """What the command line says: which queues, and how many at a time."""

    queues: frozenset[str]
    threads: int
    grace: float
    overtime: float = 10.0


class WorkerProcess:
    """The parts of a worker process. `run` blocks until it is told to stop or a thread dies."""

    def __init__(
        self,
        service: str,
        declarations: Iterable[ActorDeclaration],
        settings: Settings,
        dependencies: object,
        options: WorkerOptions,
        broker: MemoryBroker | None = None,
    ) -> None:
        self.service, self.options = service, options
        self.declarations = heard_on(declarations, options.queues)
        if not self.declarations:
            raise SystemExit(f"{service} hears nothing on {sorted(options.queues)}: name one of its own queues")
        self.log = structlog.get_logger("bellhop.worker")
        self.metrics = Metrics(service)
        self.engine: Engine = open_engine(
            settings.database_url,
            service,
            pool_size=options.threads + 1,
            idle_timeout=max(one.policy.time_limit for one in self.declarations) + IDLE_OVERTIMES * options.overtime,
        )
        self.gate = Gate(
            lambda: probe(settings.database_url), lambda is_open: self.metrics.database_gate_open.set(int(is_open))
        )
        self.limits = TimeLimits()
        self.notifier = Notifier(settings.database_url)
        self.broker: Broker | MemoryBroker = broker or Broker(
            declare=False, url=settings.rabbitmq_url, gate=lambda: self.gate.is_open, middleware=[]
        )
        for middleware in (CurrentMessage(), self.limits):
            self.broker.add_middleware(middleware)
        queue = WorkQueue()
        self.runner = self._runner(dependencies, queue)
        self.worker = Worker(self.broker, worker_threads=options.threads, worker_timeout=200)
        self.worker.work_queue = queue  # type: ignore[assignment] # has what Dramatiq's threads ask of theirs
        self.broker.prefetches = prefetches(self.declarations, options.threads)
        self.health = HealthServer(
            settings.http_port, self.metrics.registry, self._alive, self._ready, host=settings.http_host
        )
        self.metrics.database_gate_open.set(1)
        self._stop = threading.Event()
        self._beat = monotonic()

    def _runner(self, dependencies: object, queue: WorkQueue) -> Runner:
        return Runner(
            self.service,
            self.engine,
            dependencies,
            self.gate,
            self.limits,
            self.metrics,
            notify=self.notifier.poke,
            points=holding_points(),
            sharing=Sharing(queue),
        )

    def run(self) -> int:
        """Work until SIGTERM or SIGINT. Returns the exit code: 1 if a thread died or cannot be interrupted, else 0."""
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: self._stop.set())
        self.start()
        while not self._stop.wait(WATCH_SECONDS):
            self._beat = monotonic()
            self.metrics.oldest_in_flight.set(self.runner.in_flight.oldest())
            if dead := self._dead_threads():
                self.log.critical("a thread died, the process ends", threads=dead)
                self.stop()
                return 1
            if (late := self.limits.unheeded()) > self.options.overtime:
                self.log.critical(
                    "a job outlasts its time limit and cannot be interrupted, the process ends", late=late
                )
                self._stop_hung()
                return 1
        self.stop()
        return 0

    def _stop_hung(self) -> None:
        """Hand back all but the job that hangs. Its message comes again once this process, and so its connection, is
        gone: a stop that hangs as well must not keep it.
        """
        last_resort = threading.Timer(LAST_RESORT_SECONDS, os._exit, (1,))
        last_resort.daemon = True
        last_resort.start()
        self.stop(grace=min(self.options.grace, INTERRUPT_SECONDS))

    def start(self) -> None:
        """In this order: without process_boot Dramatiq's time limits never fire."""
        dramatiq.set_encoder(JsonEncoder())
        dramatiq.set_broker(self.broker)
        self.broker.emit_after("process_boot")
        for declaration in self.declarations:
            register(self.broker, self.runner, declaration, self._acknowledge)
        self.notifier.start()
        self.health.start()
        self.worker.start()
        self.log.info(
            "worker started", queues=sorted({one.queue for one in self.declarations}), threads=self.options.threads
        )

    def stop(self, grace: float | None = None) -> None:
        """Cancel the consumers, end what has started within the grace period, hand back the rest, uncounted."""
        grace = self.options.grace if grace is None else grace
        self.log.info("worker stopping", grace=grace)
        self.broker.is_stopping = True
        self.gate.stop()
        for thread in self.worker.workers:
            thread.stop()
        self._join(grace)
        self.runner.crowd.stop()
        self._interrupt()
        self.worker.stop(timeout=2_000)
        self.notifier.stop()
        self.broker.close()
        self.engine.dispose()
        self.health.stop()
        self.log.info("worker stopped")

    def _acknowledge(self, message: Any) -> None:
        self.worker.consumers[message.queue_name].post_process_message(message)

    def _interrupt(self) -> None:
        """Interrupt what still runs. A thread that cannot be interrupted right now may be so a moment later."""
        end = monotonic() + INTERRUPT_SECONDS
        while monotonic() < end and any(thread.is_alive() for thread in self.worker.workers):
            for thread in self.worker.workers:
                if thread.is_alive() and thread.ident is not None and self.limits.stop_thread(thread.ident):
                    self.log.warning("job outlasted the grace period and is handed back", thread=thread.name)
            self._join(0.1)

    def _join(self, seconds: float) -> None:
        end = monotonic() + seconds
        for thread in self.worker.workers:
            thread.join(max(0.0, end - monotonic()))

    def _dead_threads(self) -> list[str]:
        threads = [*self.worker.workers, *self.worker.consumers.values(), self.limits.manager]
        return [thread.name for thread in threads if not thread.is_alive()]

    def _alive(self) -> list[str]:
        reasons = [f"thread {name} is dead" for name in self._dead_threads()]
        if monotonic() - self._beat > 30:
            reasons.append("the main thread has not moved for 30 s")
        return reasons

    def _ready(self) -> list[str]:
        reasons = [] if self.gate.is_open else ["the database is away"]
        for queue, thread in list(self.worker.consumers.items()):
            if not getattr(thread.consumer, "is_connected", False):
                reasons.append(f"not connected to queue {queue}")
        with contextlib.suppress(RuntimeError):
            if len(self.worker.consumers) < len({one.queue for one in self.declarations}):
                reasons.append("consumers are starting")
        return reasons


def probe(database_url: str) -> None:
    """Ask the database for anything, on a fresh connection. Raises psycopg.Error where it is away."""
    with connect(database_url, "probe") as connection:
        connection.execute("SELECT 1")


def run_worker(
    service: str, actors: ModuleType, dependencies: BuildDependencies, arguments: Sequence[str] | None = None
) -> int:
    """What each service's __main__ calls: settings, dependencies, worker. Returns the process's exit code."""
    settings = Settings()
    parser = argparse.ArgumentParser(prog=f"python -m services.{service}")
    parser.add_argument(
        "--queues", default="", help="names of queues with commas between; all of the service's if left out"
    )
    parser.add_argument("--threads", type=int, default=settings.worker_threads, help="messages worked on at a time")
    parsed = parser.parse_args(arguments)
    configure_logging(service, settings.log_level)
    queues = frozenset(name.strip() for name in parsed.queues.split(",") if name.strip())
    options = WorkerOptions(queues, parsed.threads, settings.worker_grace, settings.worker_overtime)
    return WorkerProcess(service, declarations_in(actors), settings, dependencies(settings), options).run()
