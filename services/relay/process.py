"""The relay's threads, and how they live through a database or broker that goes away."""

import contextlib
import signal
import threading
from collections import Counter
from collections.abc import Callable
from time import monotonic

import pika.exceptions
import psycopg
import structlog

from services.relay import looking, repository
from services.relay.dead_letters import DeadLetters
from services.relay.dispatcher import Dispatcher
from services.relay.due import BATCH, move_due
from services.relay.lanes import Lane
from services.relay.lookout import SPACING
from services.relay.partitions import keep_partitions
from services.relay.published import Moves
from services.relay.repository import Connection
from services.relay.retention import keep_purging
from services.relay.routes import Routes
from services.relay.settings import RelaySettings
from shared.database.connections import connect
from shared.health import HealthServer
from shared.messaging.broker_connections import open_connection
from shared.messaging.faults import holding_points
from shared.messaging.memory import MemoryPublisher
from shared.messaging.notifier import CHANNEL, REPAIRED, ids_in, notify
from shared.messaging.publisher import Publisher
from shared.messaging.subscriptions import read_subscriptions
from shared.messaging.topology import bind, topology_of, unbind_former
from shared.metrics import Metrics
from shared.settings import Settings

PROBES = 50
"""Refused rows of each kind and queue that are tried at a time."""
READY_LAG_SECONDS = 60.0
REFUSED_SECONDS, DUE_SECONDS, LISTEN_SECONDS, WATCH_SECONDS, LAG_SECONDS = 0.5, 0.2, 1.0, 1.0, 2.0

log = structlog.get_logger("bellhop.relay")


class RelayProcess:
    """One thread that chooses and publishes fresh rows, one for refused rows, one that moves what is due, one that listens
    for commits, one that looks after things, and one that purges.
    """

    def __init__(self, settings: Settings, relay: RelaySettings, publisher: MemoryPublisher | None = None) -> None:
        self.settings, self.relay = settings, relay
        self.metrics = Metrics("relay")
        self.routes = Routes()
        self.moves = Moves(self.metrics)
        self.publisher = publisher or Publisher(settings.rabbitmq_url, "bellhop-relay")
        self.dead_letters = None if publisher else DeadLetters(settings.rabbitmq_url, self.connect, self.routes)
        self.health = HealthServer(
            settings.http_port, self.metrics.registry, self._alive, self._ready, host=settings.http_host
        )
        self._points = holding_points()
        lane = Lane("fresh", self.publisher, self.routes, self.metrics, self._points, self.moves)
        self.dispatcher = Dispatcher(lane, relay)
        self._stop = threading.Event()
        self._may_be_due = threading.Event()
        self._threads: list[threading.Thread] = []
        self._seen = monotonic()
        self._lag = repository.Lag({}, 0.0, 0)

    def run(self) -> int:
        """Relay until SIGTERM or SIGINT. Returns the exit code: 1 if a thread died, else 0."""
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: self._stop.set())
        self.start()
        code = 0
        while not self._stop.wait(0.25):
            if dead := self._dead_threads():
                log.critical("a thread died, the process ends", threads=dead)
                code = 1
                break
        self.stop()
        return code

    def start(self) -> None:
        self.health.start()
        self.publisher.start()
        loops: dict[str, Callable[[Connection], None]] = {
            "dispatcher": lambda connection: self.dispatcher.run(connection, self._stop),
            "due": self._move_due,
            "refused": self._carry_refused,
            "listener": self._listen,
            "watch": self._watch,
            "retention": self._keep_purging,
            "partitions": self._keep_partitions,
        }
        for name, loop in loops.items():
            thread = threading.Thread(target=self._keep_running, args=(loop,), name=name, daemon=True)
            thread.start()
            self._threads.append(thread)
        if self.dead_letters is not None:
            self.dead_letters.start()
        log.info("relay started", batch=self.relay.batch, window=self.relay.window, share=self.relay.share)

    def stop(self) -> None:
        """End after the batches under way."""
        self._stop.set()
        self.dispatcher.wake.set()
        self._may_be_due.set()
        for thread in self._threads:
            thread.join(12)
        if self.dead_letters is not None:
            self.dead_letters.stop()
        self.publisher.stop()
        self.health.stop()
        log.info("relay stopped")

    def connect(self) -> Connection:
        """A connection as the relay's role."""
        settings = {"search_path": "messaging", "statement_timeout": "60000", "lock_timeout": "5000"}
        return connect(self.settings.database_url, "relay", service="relay", settings=settings)

    def _keep_running(self, loop: Callable[[Connection], None]) -> None:
        tell = log.warning
        while not self._stop.is_set():
            try:
                with self.connect() as connection:
                    tell = log.warning
                    loop(connection)
            except psycopg.Error as error:
                tell("the relay waits for the database", error=repr(error))
                tell = log.debug
                self._stop.wait(0.5)

    def _carry_refused(self, connection: Connection) -> None:
        lane = Lane("refused", self.publisher, self.routes, self.metrics, self._points, self.moves)
        while not self._stop.wait(REFUSED_SECONDS):
            while self.publisher.is_up and not self._stop.is_set():
                carried, freed = lane.carry_refused(connection, PROBES)
                if freed:
                    self.dispatcher.hear(freed)
                if not carried:
                    break

    def _move_due(self, connection: Connection) -> None:
        """What is due, soon after: at once where a commit may have scheduled it, else by looking five times a second."""
        while not self._stop.is_set():
            moved = move_due(connection)
            notify(connection, moved)
            while len(moved) == BATCH and not self._stop.is_set():
                moved = move_due(connection, in_turn=True)
                notify(connection, moved)
            self._may_be_due.wait(DUE_SECONDS)
            self._may_be_due.clear()

    def _listen(self, connection: Connection) -> None:
        """Commits tell which rows they wrote; `repair` that it has made queues anew."""
        connection.execute(f"LISTEN {CHANNEL}")
        connection.execute(f"LISTEN {REPAIRED}")
        self.dispatcher.hear()  # of what was committed before anybody listened
        while not self._stop.is_set():
            for told in connection.notifies(timeout=LISTEN_SECONDS, stop_after=1):
                if told.channel == REPAIRED:
                    self.dispatcher.forget_under_way()
                else:
                    self.dispatcher.hear(ids_in(told.payload))

    def _watch(self, connection: Connection) -> None:
        """Once a second look at the subscriptions, the workers, the lag and the bindings."""
        bound = False
        lag_at = 0.0
        while not self._stop.is_set():
            self.routes.learn(read_subscriptions(connection))
            self.routes.pools = looking.pools(connection)
            looked = monotonic()
            if looked >= lag_at:
                self._lag = repository.lag(connection)
                lag_at = monotonic() + max(LAG_SECONDS, SPACING * (monotonic() - looked))
                self._measure()
            self._seen = monotonic()
            if not self.publisher.is_up:
                bound = False
            elif not bound or self.routes.bindings_lost.is_set():
                bound = self._bind()
            self._stop.wait(WATCH_SECONDS if bound else 0.1)

    def _keep_purging(self, connection: Connection) -> None:
        keep_purging(connection, self.relay.retention, self._stop)

    def _keep_partitions(self, connection: Connection) -> None:
        keep_partitions(connection, self.relay.retention_published_days, self.metrics, self._stop)

    def _measure(self) -> None:
        lag = self._lag
        self.metrics.outbox_pending.set(sum(one.rows for one in lag.waiting.values()))
        self.metrics.outbox_oldest_age.set(max((one.age for one in lag.waiting.values()), default=0.0))
        self._measure_queues(lag)
        self.metrics.scheduled_due_lag.set(lag.overdue)
        self.metrics.failed_jobs.labels("all").set(lag.failed)
        self.metrics.letters_set_aside.set(self.dead_letters.set_aside if self.dead_letters else 0)

    def _measure_queues(self, lag: repository.Lag) -> None:
        """Of each queue what waits for it, who waits, and what is under way. Whose it is, `bellhop queues` tells."""
        waiting: Counter[str] = Counter()
        for destination, backlog in lag.waiting.items():
            waiting[self.routes.target_of(destination)] += backlog.rows
        for queue in self.routes.queues:
            self.metrics.waiting.labels(queue).set(waiting[queue])
            self.metrics.waiting_tenants.labels(queue).set(self.dispatcher.tenants_waiting(queue))
            self.metrics.under_way.labels(queue).set(self.dispatcher.under_way(queue))

    def _bind(self) -> bool:
        """Bind the topology again: a binding that was young when its broker died can be gone. What the release before
        bound to another queue is taken off here and not by `migrate`: its workers may still run then.
        """
        if self.dead_letters is None:
            return True
        with contextlib.suppress(pika.exceptions.AMQPError, OSError):
            connection = open_connection(self.settings.rabbitmq_url, "relay-bind")
            with contextlib.closing(connection):
                channel, topology = connection.channel(), topology_of(self.routes.subscriptions)
                bind(channel, topology)
                unbind_former(channel, topology)
            self.routes.bindings_lost.clear()
            return True
        return False

    def _dead_threads(self) -> list[str]:
        dead = [thread.name for thread in self._threads if not thread.is_alive()]
        if not self.publisher.is_alive:
            dead.append("publisher")
        if self.dead_letters is not None and not self.dead_letters.is_alive:
            dead.append("dead-letters")
        return dead

    def _alive(self) -> list[str]:
        return [f"thread {name} is dead" for name in self._dead_threads()]

    def _ready(self) -> list[str]:
        reasons = [] if self.publisher.is_up else ["not connected to RabbitMQ"]
        if monotonic() - self._seen > 10:
            reasons.append("the database is away")
        if self.moves.fault is not None:
            reasons.append(self.moves.fault)
        if self.dead_letters is not None and (aside := self.dead_letters.set_aside):
            reasons.append(f"{aside} dead letters cannot be recorded: see `dead letter cannot be recorded` in the log")
        if (late := self._oldest_not_held_back()) > READY_LAG_SECONDS:
            reasons.append(f"the oldest row that waits for nobody but the relay is {late:.0f} s old")
        return reasons

    def _oldest_not_held_back(self) -> float:
        """Events; commands wait in the outbox for those who do them."""
        waiting = self._lag.waiting.items()
        ages = [one.age for name, one in waiting if not self.routes.is_held_back(self.routes.target_of(name))]
        return max(ages, default=0.0)
