"""Connections are bounded, and none is held for ever by who says nothing."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from http.client import HTTPException, HTTPResponse

import pytest
from structlog.testing import capture_logs

from deploy.local.ports import free_port
from services.gateway import connections
from services.gateway.settings import GatewaySettings
from tests.integration.gateway.conftest import ask, running
from tests.integration.gateway.toys import Waker, serve, settings_for
from tests.support.databases import SECRET_KEY, Database
from tests.support.waiting import wait_for

HEALTH = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


@contextmanager
def serving(database: Database, most: int) -> Iterator[int]:
    """The port of a gateway with so many connections."""
    port = free_port()
    server = serve(settings_for(database.url, SECRET_KEY), Waker(), port, GatewaySettings(connections=most))
    with capture_logs(), running(server):
        yield port


def dial(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def answer_on(connection: socket.socket, request: bytes = HEALTH) -> tuple[int, bytes]:
    """Status and body that one request is answered with; 0 where the connection was closed instead."""
    with suppress(OSError):  # what was answered before it was asked can be read all the same
        connection.sendall(request)
    try:
        response = HTTPResponse(connection)
        response.begin()
        return response.status, response.read()
    except (OSError, HTTPException):
        return 0, b""


def test_new_connection_takes_the_place_of_the_one_idle_longest(database: Database) -> None:
    """Strangers who open connections and say nothing keep nobody out."""
    with serving(database, 3) as port, ExitStack() as held:
        silent = [held.enter_context(closing(dial(port))) for _ in range(10)]
        assert [ask(port, "GET", "/healthz").status for _ in range(3)] == [200, 200, 200]
        assert answer_on(silent[0])[0] == 0


def test_where_all_connections_are_at_work_a_new_one_is_told_to_come_again(database: Database) -> None:
    """503 with Retry-After at once. One that has ended makes room."""
    slow = b"POST /hooks/toys HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n"
    with serving(database, 2) as port, ExitStack() as held:
        busy = [held.enter_context(closing(dial(port))) for _ in range(2)]
        for one in busy:
            one.sendall(slow)
            assert b" 100 " in one.recv(4096)  # its body is waited for
        refused = ask_once(port)
        busy[0].close()
        wait_for(lambda: ask_once(port)[0] == 200, 10, "room")
    assert (refused[0], b'"code":"too_busy"' in refused[1]) == (503, True)


def ask_once(port: int) -> tuple[int, bytes]:
    with closing(dial(port)) as connection:
        return answer_on(connection)


@pytest.mark.parametrize("sent", [b"", b"GET /healthz HTTP/1.1\r\nX-Slow: "], ids=["nothing", "half-a-header"])
def test_who_does_not_get_to_the_point_is_cut_off(
    database: Database, sent: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Headers have their time."""
    monkeypatch.setattr(connections, "HEADER_SECONDS", 0.2)
    with serving(database, 10) as port, closing(dial(port)) as connection:
        connection.sendall(sent)
        try:
            heard = connection.recv(10)
        except ConnectionResetError:
            heard = b""
    assert heard == b""


def test_body_that_nobody_reads_is_answered_before_it_has_come(database: Database) -> None:
    """Without a key: 401 while ten megabytes are still on their way, and then the connection can be used again."""
    head = b"POST /v1/toys HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000\r\n\r\n"
    with serving(database, 10) as port, closing(dial(port)) as connection:
        early, _ = answer_on(connection, head)
        connection.sendall(bytes(10_000_000))
        assert (early, answer_on(connection)[0]) == (401, 200)


def test_client_that_waits_to_be_asked_for_its_body_is_not_asked(database: Database) -> None:
    """Expect: 100-continue is answered with the refusal, and the connection ends: a body may follow or not."""
    head = b"POST /v1/toys HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n"
    with serving(database, 10) as port, closing(dial(port)) as connection:
        connection.sendall(head)
        heard = b""
        while piece := connection.recv(4096):
            heard += piece
    assert heard.startswith(b"HTTP/1.1 401 ")
