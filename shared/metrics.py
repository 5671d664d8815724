"""Prometheus metrics of one process, in a registry of its own; times in seconds, labels few and bounded."""

from collections.abc import Iterable
from copy import copy
from typing import Final, Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.gc_collector import GCCollector
from prometheus_client.metrics_core import Metric
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

Outcome = Literal["done", "retry", "snoozed", "failed", "quiet", "released", "parked", "skipped", "dead"]
"""How one delivery of a message ended. quiet: it had been handled before; released: handed back at a stop;
parked: the database was away; dead: no handler could take it."""

DURATION_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1200)
WAIT_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600)


def new_registry() -> CollectorRegistry:
    """Return a registry with the metrics of the process and the Python runtime; nothing global is touched."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


class MeasuredGauge(Gauge):
    """A gauge without labels that is not there until it has been set.

    Otherwise a worker would show an empty outbox, which it never looks at, and an alert on the real one could not tell.
    """

    _measured = False

    def set(self, value: float) -> None:
        """Set the value, and show it from now on."""
        super().set(value)
        self._measured = True

    def collect(self) -> Iterable[Metric]:
        """Return the samples, or none as long as nobody has measured."""
        return super().collect() if self._measured else ()


class Metrics:
    """What every process counts. `in_progress_on` and `observe`, called for each message, are cheap and thread-safe."""

    def __init__(self, service: str, registry: CollectorRegistry | None = None) -> None:
        self.service = service
        self.registry = registry if registry is not None else new_registry()
        self._declare_message_metrics()
        self._declare_state_metrics()
        self._observers: dict[tuple[str, str, str], tuple[Counter, Histogram, Histogram]] = {}
        self._in_progress: dict[str, Gauge] = {}

    def for_service(self, service: str) -> "Metrics":
        """The same metrics, with another service's name on what is counted: several services may share a process."""
        other = copy(self)
        vars(other).update(service=service, _observers={}, _in_progress={})
        return other

    def _declare_message_metrics(self) -> None:
        registry = self.registry
        by_kind = ("service", "queue", "kind")
        self.messages = Counter(
            "bellhop_messages", "Deliveries that ended, by outcome.", (*by_kind, "outcome"), registry=registry
        )
        self.duration = Histogram(
            "bellhop_message_duration_seconds",
            "From the start of a handler to the recorded outcome.",
            by_kind,
            buckets=DURATION_BUCKETS,
            registry=registry,
        )
        self.wait = Histogram(
            "bellhop_queue_wait_seconds",
            "From the publishing of a message to the start of its handler.",
            by_kind,
            buckets=WAIT_BUCKETS,
            registry=registry,
        )
        self.in_progress = Gauge(
            "bellhop_messages_in_progress", "Messages being handled.", ("service", "queue"), registry=registry
        )
        self.published = Counter(
            "bellhop_published", "Messages that the broker confirmed.", ("destination",), registry=registry
        )
        self.moves_failed = Counter(
            "bellhop_published_moves_failed",
            "Times that confirmed rows could not be moved to messaging.published.",
            ("service",),
            registry=registry,
        )
        self.expected_errors = Counter(
            "bellhop_expected_errors", "Errors with a class of their own.", ("service", "error"), registry=registry
        )

    def _declare_state_metrics(self) -> None:
        self.failed_jobs = Gauge(
            "bellhop_failed_jobs", "Failed jobs that nobody has dealt with.", ("service",), registry=self.registry
        )
        self.oldest_in_flight = self._measured("oldest_in_flight_seconds", "Age of the oldest message being handled.")
        self.outbox_pending = self._measured("outbox_pending", "Outbox rows that wait to be published.")
        self.waiting = Gauge(
            "bellhop_waiting", "Commands that wait in PostgreSQL for a queue.", ("queue",), registry=self.registry
        )
        self.waiting_tenants = Gauge(
            "bellhop_waiting_tenants",
            "Organisations, or keys without one, that wait for a queue.",
            ("queue",),
            registry=self.registry,
        )
        self.under_way = Gauge(
            "bellhop_under_way", "Commands in a queue or being handled.", ("queue",), registry=self.registry
        )
        self.outbox_oldest_age = self._measured("outbox_oldest_age_seconds", "Age of the oldest outbox row.")
        self.letters_set_aside = self._measured("dead_letters_set_aside", "Dead letters that cannot be recorded.")
        self.scheduled_due_lag = self._measured(
            "scheduled_due_lag_seconds", "How long the oldest due message has been due."
        )
        self.published_without_partition = self._measured(
            "published_without_partition", "Rows in the DEFAULT partition of messaging.published, up to 100,000."
        )
        self.database_gate_open = self._measured(
            "database_gate_open", "1 while messages are taken, 0 while the database is away."
        )

    def _measured(self, name: str, text: str) -> MeasuredGauge:
        return MeasuredGauge(f"bellhop_{name}", text, registry=self.registry)

    def in_progress_on(self, queue: str) -> Gauge:
        """Return the gauge of messages being handled from this queue: `.inc()` at the start, `.dec()` at the end."""
        gauge = self._in_progress.get(queue)
        if gauge is None:
            gauge = self._in_progress[queue] = self.in_progress.labels(self.service, queue)
        return gauge

    def observe(
        self, kind: str, queue: str, outcome: Outcome, duration: float | None = None, wait: float | None = None
    ) -> None:
        """Count one delivery that ended.

        `duration` is in seconds, None if no handler ran (quiet, released before its start); `wait`, from publishing to
        start, is left out where it says nothing (a redelivery).
        Kinds must be known ones: a label for whatever a broken message holds would grow without end.
        """
        key = (kind, queue, outcome)
        observers = self._observers.get(key)
        if observers is None:
            observers = self._observers[key] = self._labelled(kind, queue, outcome)
        observers[0].inc()
        if duration is not None:
            observers[1].observe(duration)
        if wait is not None:
            observers[2].observe(wait)

    def _labelled(self, kind: str, queue: str, outcome: str) -> tuple[Counter, Histogram, Histogram]:
        labels = (self.service, queue, kind)
        return self.messages.labels(*labels, outcome), self.duration.labels(*labels), self.wait.labels(*labels)

    def expected_error(self, code: str) -> None:
        """Count an error that the service foresees, by its stable code."""
        self.expected_errors.labels(self.service, code).inc()
