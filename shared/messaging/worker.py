"""One worker process: one Dramatiq worker over one service's actors, with its gate, limits, health and graceful stop."""

import contextlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
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
from shared.logging import configure_logging
from shared.messaging.actor import ActorDeclaration, declarations_in
from shared.messaging.broker import Broker
from shared.messaging.faults import holding_points
from shared.messaging.gate import DatabaseAwayError, Gate
from shared.messaging.memory import MemoryBroker
from shared.messaging.notifier import Notifier
from shared.messaging.presence import Presence, Work
from shared.messaging.queues import heard_on
from shared.messaging.receiving import JsonEncoder, register
from shared.messaging.recycling import Recycling
from shared.messaging.runner import Runner
from shared.messaging.sharing import Sharing, prefetches
from shared.messaging.time_limits import TimeLimits
from shared.messaging.watching import INTERRUPT_SECONDS, Watch
from shared.messaging.work_queue import StrictWorkQueue, WorkQueue
from shared.messaging.worker_options import WorkerOptions, parse_options
from shared.metrics import Metrics
from shared.settings import Settings

IDLE_OVERTIMES = 3
"""A process that stands still altogether cannot end itself: after the longest time limit and this many overtimes
PostgreSQL undoes its transactions, so that another process can have its messages.
"""
CONSUMER_MILLISECONDS = 10_000
"""How long a thread waits for what may not come. A stop wakes it."""

BuildDependencies = Callable[[Settings], object]


class WorkerProcess:
    """The worker of one service. A process has one, or in the small form those of several services.

    `metrics` and `recycling` are the process's; a worker that is alone has its own.
    """

    def __init__(
        self,
        service: str,
        declarations: Iterable[ActorDeclaration],
        settings: Settings,
        dependencies: object,
        options: WorkerOptions,
        broker: MemoryBroker | None = None,
        metrics: Metrics | None = None,
        recycling: Recycling | None = None,
    ) -> None:
        self.service, self.options = service, options
        self.declarations = chosen(service, declarations, options)
        self.queues = sorted({one.queue for one in self.declarations})
        self.log = structlog.get_logger("bellhop.worker")
        self.metrics = metrics or Metrics(service)
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
        self._work_queue = self._make_work_queue()
        self.runner = self._runner(dependencies, recycling or Recycling(options.limits, self.drain))
        self.worker = Worker(self.broker, worker_threads=options.threads, worker_timeout=CONSUMER_MILLISECONDS)
        self.worker.work_queue = self._work_queue  # type: ignore[assignment] # has what Dramatiq's threads ask of theirs
        work = Work(service, options.threads, self.broker.prefetches)
        self.presence = Presence(self.engine, work, lambda: self.gate.is_open, self.runner.in_flight)
        self.metrics.database_gate_open.set(1)
        self._is_draining = False

    def _make_work_queue(self) -> WorkQueue:
        """Where fetched messages wait, and how many may."""
        self.broker.prefetches = prefetches(self.declarations, self.options.threads)
        if self.options.once:
            self.broker.prefetches = dict.fromkeys(self.queues, 1)
        if not self.options.strict:
            return WorkQueue()
        threads, known = self.options.threads, self.broker.prefetches
        first, *later = self.options.queues
        # Of the first queue one more than can be worked on: so it is seen that RabbitMQ has more of it.
        held = {first: max(known[first], threads + 1), **dict.fromkeys(later, threads + 1)}
        if self.options.once:
            held = dict.fromkeys(self.options.queues, 1)
        self.broker.prefetches = held
        self.broker.turns = StrictWorkQueue(held, threads)
        return self.broker.turns

    def _runner(self, dependencies: object, recycling: Recycling) -> Runner:
        return Runner(
            self.service,
            self.engine,
            dependencies,
            self.gate,
            self.limits,
            self.metrics,
            notify=self.notifier.poke,
            ended=recycling.count,
            points=holding_points(),
            sharing=Sharing(self._work_queue),
        )

    def start(self) -> None:
        """In this order: without process_boot Dramatiq's time limits never fire."""
        dramatiq.set_encoder(JsonEncoder())
        dramatiq.set_broker(self.broker)
        self.broker.emit_after("process_boot")
        for declaration in self.declarations:
            register(self.broker, self.runner, declaration, self._acknowledge)
        self.notifier.start()
        self.presence.start()
        self.worker.start()
        self.log.info("worker started", queues=self.queues, threads=self.options.threads)

    def drain(self) -> None:
        """Take up no further message. What has begun goes on.

        RabbitMQ hears of it before the next acknowledgement: what that would have it send to a consumer that leaves comes
        back counted.
        """
        self._is_draining = True
        self.broker.stop_consuming()
        for thread in self.worker.workers:
            thread.stop()
        self._work_queue.close(len(self.worker.workers))

    def stop(self, grace: float | None = None) -> None:
        """Cancel the consumers, end what has started within the grace period, hand back the rest, uncounted."""
        grace = self.options.grace if grace is None else grace
        self.gate.stop()
        self.drain()
        self.log.info("worker stopping", grace=grace)
        self.presence.stop()
        self._join(grace)
        self.runner.crowd.stop()
        self._interrupt()
        self.worker.stop(timeout=2_000)
        self.notifier.stop()
        self.broker.close()
        self.limits.manager.stop()
        self.engine.dispose()
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

    def dead_threads(self) -> list[str]:
        """The names of threads that are gone and should not be."""
        if self._is_draining:
            return []
        threads = [*self.worker.workers, *self.worker.consumers.values(), self.limits.manager]
        return [thread.name for thread in threads if not thread.is_alive()]

    def not_ready(self) -> list[str]:
        """Why it cannot work now; nothing if it can."""
        reasons = [] if self.gate.is_open else ["the database is away"]
        for queue, thread in list(self.worker.consumers.items()):
            if not getattr(thread.consumer, "is_connected", False):
                reasons.append(f"not connected to queue {queue}")
        with contextlib.suppress(RuntimeError):
            if len(self.worker.consumers) < len(self.queues):
                reasons.append("consumers are starting")
        return reasons


def chosen(service: str, declarations: Iterable[ActorDeclaration], options: WorkerOptions) -> list[ActorDeclaration]:
    """Those of the queues that this worker serves, under its own time limit. Ends the process where there are none."""
    everything = list(declarations)
    known = {queue for one in everything for queue in (one.queue, *one.formerly)}
    if unknown := sorted(set(options.queues) - known):
        raise SystemExit(f"{service} hears nothing on {unknown}: name one of its own queues, {sorted(known)}")
    found = heard_on(everything, options.queues)
    if not found:
        raise SystemExit(f"{service} hears nothing at all: it needs no worker")
    return found if options.time_limit is None else [with_limit(one, options.time_limit) for one in found]


def with_limit(declaration: ActorDeclaration, seconds: float) -> ActorDeclaration:
    """The declaration with a time limit of so many seconds at most."""
    policy = declaration.policy
    return replace(declaration, policy=replace(policy, time_limit=min(policy.time_limit, seconds)))


def probe(database_url: str) -> None:
    """Ask the database whether it can be written to, on a fresh connection. Raises psycopg.Error, or DatabaseAwayError
    where it is a standby.
    """
    with connect(database_url, "probe") as connection:
        if connection.execute("SHOW transaction_read_only").fetchone() == ("on",):
            raise DatabaseAwayError("the database is a standby: it answers, and nothing can be written")


def run_worker(
    service: str, actors: ModuleType, dependencies: BuildDependencies, arguments: Sequence[str] | None = None
) -> int:
    """What each service's __main__ calls: settings, dependencies, worker. Returns the process's exit code."""
    settings = Settings()
    options = parse_options(f"services.{service}", settings, arguments)
    configure_logging(service, settings.log_level)
    metrics, recycling = Metrics(service), Recycling(options.limits)
    worker = WorkerProcess(
        service,
        declarations_in(actors),
        settings,
        dependencies(settings),
        options,
        metrics=metrics,
        recycling=recycling,
    )
    watch = Watch([worker], recycling, metrics, settings, options.wait if options.once else None)
    try:
        return watch.run()
    except ValueError as error:
        raise SystemExit(f"{service}: {error}") from None
