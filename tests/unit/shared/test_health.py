"""The health port, asked over real connections."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection

import pytest

from shared.health import Check, HealthServer
from shared.metrics import Metrics


def ask(server: HealthServer, path: str, method: str = "GET", **headers: str) -> tuple[int, str, bytes]:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=5)
    try:
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        return response.status, response.getheader("Content-Type", ""), response.read()
    finally:
        connection.close()


def well() -> list[str]:
    return []


def serve(alive: Check = well, ready: Check = well, port: int = 0) -> HealthServer:
    server = HealthServer(port, Metrics("ticketing").registry, alive, ready, host="127.0.0.1")
    server.start()
    return server


@pytest.fixture
def server() -> Iterator[HealthServer]:
    """A server whose process is alive but not ready."""
    started = serve(ready=lambda: ["no connection to the broker", "outbox is 90 s behind"])
    yield started
    started.stop()


def test_a_living_process_answers_ok(server: HealthServer) -> None:
    """200 and the one word."""
    status, content_type, body = ask(server, "/healthz")
    assert (status, content_type, json.loads(body)) == (200, "application/json", {"status": "ok"})


def test_a_process_that_is_not_ready_says_why(server: HealthServer) -> None:
    """503 and every reason; liveness is a question of its own."""
    status, _, body = ask(server, "/readyz?verbose=1")
    reasons = ["no connection to the broker", "outbox is 90 s behind"]
    assert (status, json.loads(body)) == (503, {"status": "unavailable", "reasons": reasons})


def test_a_check_that_raises_counts_as_no() -> None:
    """A broken check is an answer, not a cut connection."""

    def broken() -> list[str]:
        raise RuntimeError("secret detail")

    server = serve(alive=broken)
    status, _, body = ask(server, "/healthz")
    server.stop()
    expected = {"status": "unavailable", "reasons": ["the check raised RuntimeError"]}
    assert (status, json.loads(body)) == (503, expected)


def test_metrics_are_in_prometheus_text(server: HealthServer) -> None:
    """The registry that was given is what a scrape reads."""
    status, content_type, body = ask(server, "/metrics")
    assert (status, content_type.split(";")[0], b"process_cpu_seconds_total" in body) == (200, "text/plain", True)


def test_metrics_are_in_openmetrics_where_asked_for(server: HealthServer) -> None:
    """Prometheus asks for the newer format; it ends with its own mark."""
    _, content_type, body = ask(server, "/metrics", Accept="application/openmetrics-text; version=1.0.0")
    assert content_type.startswith("application/openmetrics-text")
    assert body.endswith(b"# EOF\n")


def test_other_paths_and_methods_are_refused(server: HealthServer) -> None:
    """There are three paths, to be read."""
    statuses = [ask(server, "/")[0], ask(server, "/healthz/x")[0], ask(server, "/healthz", "POST")[0]]
    assert statuses == [404, 404, 501]


def test_head_answers_without_a_body(server: HealthServer) -> None:
    """Some probes use HEAD."""
    assert ask(server, "/healthz", "HEAD")[::2] == (200, b"")


def test_idle_and_half_sent_connections_do_not_hold_up_a_probe(server: HealthServer) -> None:
    """Twenty connections that say nothing, or half a request, leave the next one unharmed."""
    idle = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(20)]
    for connection in idle[::2]:
        connection.sendall(b"GET /healthz HT")
    before = time.monotonic()
    status = ask(server, "/healthz")[0]
    took = time.monotonic() - before
    for connection in idle:
        connection.close()
    assert status == 200
    assert took < 20


def test_a_slow_check_does_not_hold_up_another() -> None:
    """Each request has a thread."""
    release = threading.Event()

    def slow() -> list[str]:
        release.wait(10)
        return []

    server = serve(ready=slow)
    waiting = threading.Thread(target=ask, args=(server, "/readyz"))
    waiting.start()
    status = ask(server, "/healthz")[0]
    release.set()
    waiting.join(5)
    server.stop()
    assert (status, waiting.is_alive()) == (200, False)


def test_stop_frees_the_port_for_the_next_process() -> None:
    """After `stop` nothing listens, and another server takes the same port at once."""
    first = serve()
    port = first.port
    ask(first, "/healthz")
    first.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=2)
    second = serve(port=port)
    status = ask(second, "/healthz")[0]
    second.stop()
    assert (status, second.port) == (200, port)


def test_a_taken_port_is_named_in_the_error(server: HealthServer) -> None:
    """Whoever starts a second process reads which port is in the way."""
    with pytest.raises(OSError, match=f"health port 127.0.0.1:{server.port}"):
        serve(port=server.port)


def test_start_and_stop_may_be_called_twice() -> None:
    """A second call has no effect."""
    server = serve()
    port = server.port
    server.start()
    again = server.port
    server.stop()
    server.stop()
    assert again == port
