"""The proxy fails as a network does."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.support.proxy import Proxy

LONG_SECONDS = 20


@pytest.fixture
def echo_port() -> Iterator[int]:
    """A server that says again what it is told."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(stream: socket.socket) -> None:
        with stream, suppress(OSError):
            while data := stream.recv(65536):
                stream.sendall(data)

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    yield int(listener.getsockname()[1])
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(LONG_SECONDS)


@pytest.fixture
def proxy(echo_port: int) -> Iterator[Proxy]:
    with Proxy("127.0.0.1", echo_port) as opened:
        yield opened


@pytest.fixture
def client(proxy: Proxy) -> Iterator[socket.socket]:
    """A connection through the proxy that has been used."""
    with connect(proxy) as stream:
        assert ask(stream) == b"hello"
        yield stream


def connect(proxy: Proxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), LONG_SECONDS)


def ask(stream: socket.socket, what: bytes = b"hello") -> bytes:
    stream.sendall(what)
    return stream.recv(len(what))


def is_silent(stream: socket.socket, seconds: float = 0.3) -> bool:
    stream.settimeout(seconds)
    try:
        stream.recv(1)
    except TimeoutError:
        return True
    finally:
        stream.settimeout(LONG_SECONDS)
    return False


def test_a_large_stream_passes_whole_and_ends_as_it_ended(proxy: Proxy) -> None:
    """Both directions at once, and the end of one is told to the other."""
    content = bytes(range(256)) * 40_000

    def send() -> None:
        stream.sendall(content)
        stream.shutdown(socket.SHUT_WR)

    with connect(proxy) as stream:
        sender = threading.Thread(target=send)
        sender.start()
        answer = b"".join(iter(lambda: stream.recv(65536), b""))
        sender.join(LONG_SECONDS)
    assert answer == content


def test_what_is_swallowed_is_not_answered_and_the_connection_stays(proxy: Proxy, client: socket.socket) -> None:
    """Neither an end nor an error is seen."""
    proxy.swallow()
    client.sendall(b"hello")
    assert is_silent(client)


def test_a_new_connection_is_taken_and_not_answered(proxy: Proxy) -> None:
    """As with a machine whose kernel lives while its server does not."""
    proxy.swallow()
    with connect(proxy) as stream:
        stream.sendall(b"hello")
        assert is_silent(stream)


def test_keepalives_find_out_that_the_peer_is_silent(proxy: Proxy, client: socket.socket) -> None:
    """The proxy's kernel does not acknowledge for a peer that is gone."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 1)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 1)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 1)
    proxy.swallow()
    with pytest.raises(TimeoutError) as caught:
        client.recv(1)
    assert caught.value.errno is not None  # the kernel's word, and not the time limit of the test


def test_what_was_swallowed_arrives_when_the_way_is_free_again(proxy: Proxy, client: socket.socket) -> None:
    """TCP sends it again: a connection that outlived the silence is whole."""
    proxy.swallow()
    client.sendall(b"hello")
    assert is_silent(client)
    proxy.restore()
    assert client.recv(5) == b"hello"


def test_a_new_connection_of_the_silence_is_served_when_the_way_is_free_again(proxy: Proxy) -> None:
    """It waited."""
    proxy.swallow()
    with connect(proxy) as stream:
        assert is_silent(stream)
        proxy.restore()
        assert ask(stream) == b"hello"


def test_answers_are_delayed_and_ten_take_as_long_as_one(proxy: Proxy, client: socket.socket) -> None:
    """The delay is a distance, not a narrow pipe."""
    proxy.delay(1)
    began = time.monotonic()
    for _ in range(10):
        client.sendall(b"h")
        time.sleep(0.01)  # else they are one piece
    came = b""
    while len(came) < 10:
        came += client.recv(10)
    took = time.monotonic() - began
    assert 1 <= took < 10


def test_what_is_kept_comes_at_once_when_restored(proxy: Proxy, client: socket.socket) -> None:
    """A broker that stalled goes on."""
    proxy.delay(3600)
    client.sendall(b"hello")
    assert is_silent(client)
    proxy.restore()
    assert client.recv(5) == b"hello"


def test_cut_resets_what_is_open_and_serves_what_comes(proxy: Proxy, client: socket.socket) -> None:
    """The old connection is an error at once, the next one works."""
    proxy.cut()
    with pytest.raises(ConnectionResetError):
        client.recv(1)
    with connect(proxy) as again:
        assert ask(again) == b"hello"


def test_a_target_that_refuses_is_a_reset() -> None:
    """Nobody behind the proxy looks like nobody at all."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = int(taken.getsockname()[1])
    with Proxy("127.0.0.1", port) as proxy, pytest.raises(ConnectionResetError), connect(proxy) as stream:
        stream.recv(1)  # on a busy machine the connecting itself says so


def test_nothing_is_left_after_the_block(echo_port: int) -> None:
    """Also of connections that were silent: its port is free."""
    with Proxy("127.0.0.1", echo_port) as proxy:
        stream = connect(proxy)
        proxy.swallow()
        stream.sendall(b"hello")
    with stream, pytest.raises(ConnectionResetError):
        stream.recv(1)
    assert proxy.port
    with pytest.raises(ConnectionRefusedError):
        connect(proxy)
