"""Metrics of one process."""

import threading

from prometheus_client import REGISTRY, CollectorRegistry, generate_latest

from shared.metrics import Metrics, new_registry


def exposed(metrics: Metrics) -> list[str]:
    """Return the lines that Prometheus would read, without the comments."""
    return [line for line in generate_latest(metrics.registry).decode().splitlines() if not line.startswith("#")]


def sample(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def test_observe_counts_the_outcome_and_both_times() -> None:
    """One call makes one count, one duration and one wait, with the labels of the message."""
    metrics = Metrics("ticketing")
    metrics.observe("ticketing.order.paid", "ticketing.default", "done", 0.3, 0.02)
    labels = {"service": "ticketing", "queue": "ticketing.default", "kind": "ticketing.order.paid"}
    found = (
        sample(metrics, "bellhop_messages_total", **labels, outcome="done"),
        sample(metrics, "bellhop_message_duration_seconds_sum", **labels),
        sample(metrics, "bellhop_message_duration_seconds_bucket", **labels, le="0.25"),
        sample(metrics, "bellhop_queue_wait_seconds_bucket", **labels, le="0.025"),
    )
    assert found == (1.0, 0.3, 0.0, 1.0)


def test_times_that_are_unknown_are_not_observed() -> None:
    """A message that was never started has no duration, a redelivered one no wait."""
    metrics = Metrics("ticketing")
    metrics.observe("a.b.c", "q", "released")
    labels = {"service": "ticketing", "queue": "q", "kind": "a.b.c"}
    found = (
        sample(metrics, "bellhop_messages_total", **labels, outcome="released"),
        sample(metrics, "bellhop_message_duration_seconds_count", **labels),
        sample(metrics, "bellhop_queue_wait_seconds_count", **labels),
    )
    assert found == (1.0, 0.0, 0.0)


def test_outcomes_are_counted_apart_from_many_threads() -> None:
    """No count is lost when threads observe at the same time."""
    metrics = Metrics("ticketing")

    def work() -> None:
        for _ in range(500):
            metrics.observe("a.b.c", "q", "done", 0.1)
            metrics.observe("a.b.c", "q", "retry", 0.1)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    labels = {"service": "ticketing", "queue": "q", "kind": "a.b.c"}
    counted = [sample(metrics, "bellhop_messages_total", **labels, outcome=outcome) for outcome in ("done", "retry")]
    assert counted == [2000.0, 2000.0]


def test_messages_in_progress_go_up_and_down() -> None:
    """The gauge belongs to one queue."""
    metrics = Metrics("ticketing")
    metrics.in_progress_on("q").inc()
    metrics.in_progress_on("q").inc()
    metrics.in_progress_on("q").dec()
    assert sample(metrics, "bellhop_messages_in_progress", service="ticketing", queue="q") == 1.0


def test_what_nobody_measured_is_not_shown() -> None:
    """A worker does not claim that the outbox is empty, nor that the gate is shut."""
    assert [line for line in exposed(Metrics("ticketing")) if line.startswith("bellhop_")] == []


def test_what_was_measured_is_shown_zero_included() -> None:
    """Each gauge appears with the first value that is set."""
    metrics = Metrics("relay")
    metrics.outbox_pending.set(0)
    metrics.outbox_oldest_age.set(1.5)
    metrics.scheduled_due_lag.set(2)
    metrics.oldest_in_flight.set(3)
    metrics.database_gate_open.set(1)
    shown = {line for line in exposed(metrics) if line.startswith("bellhop_")}
    assert shown == {
        "bellhop_outbox_pending 0.0",
        "bellhop_outbox_oldest_age_seconds 1.5",
        "bellhop_scheduled_due_lag_seconds 2.0",
        "bellhop_oldest_in_flight_seconds 3.0",
        "bellhop_database_gate_open 1.0",
    }


def test_counts_of_the_relay_and_of_expected_errors_have_their_labels() -> None:
    """Destinations, failed jobs by service, and errors by code."""
    metrics = Metrics("relay")
    metrics.published.labels("ticketing.default").inc(3)
    metrics.failed_jobs.labels("payments").set(2)
    metrics.expected_error("sold_out")
    found = (
        sample(metrics, "bellhop_published_total", destination="ticketing.default"),
        sample(metrics, "bellhop_failed_jobs", service="payments"),
        sample(metrics, "bellhop_expected_errors_total", service="relay", error="sold_out"),
    )
    assert found == (3.0, 2.0, 1.0)


def test_process_and_platform_are_in_the_registry() -> None:
    """Resident memory and the Python version come with every process."""
    registry = new_registry()
    memory = registry.get_sample_value("process_resident_memory_bytes")
    assert memory is not None
    assert memory > 1_000_000
    assert b"python_info" in generate_latest(registry)


def test_two_sets_of_metrics_live_side_by_side() -> None:
    """Nothing is registered globally, so that a test or a second service in one process has its own."""
    first, second = Metrics("a"), Metrics("b", CollectorRegistry())
    first.expected_error("x")
    assert sample(second, "bellhop_expected_errors_total", service="a", error="x") is None
    assert REGISTRY.get_sample_value("bellhop_expected_errors_total", {"service": "a", "error": "x"}) is None
