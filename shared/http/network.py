"""The wire below the client: every wait is cut to what is left of the exchange, every address is shown to the guard."""

import ipaddress
import queue
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import httpcore2

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
NetworkGuard = Callable[[str, IpAddress], None]
"""Called with a host and each address that it has, before connecting; raises to refuse. The addresses it has seen are
the ones connected to: a name cannot change its address in between. An IPv4 address in IPv6 clothes comes as IPv4."""

_Address = tuple[socket.AddressFamily, tuple[Any, ...]]
_Answers = queue.SimpleQueue[list[_Address] | Exception]
_LookUp = Callable[..., list[tuple[Any, ...]]]
"""Called like `socket.getaddrinfo`."""

_PIECE: Final = 65_536
"""Bytes handed to one send, so that a reader who dawdles is noticed between them."""


@dataclass(slots=True)
class Exchange:
    """One request and its answer. `sent` is True from the moment in which its first byte may have left."""

    deadline: float
    sent: bool = False

    def left(self, timeout: float | None, error: type[httpcore2.TimeoutException]) -> float:
        """Return the seconds that the next wait may take; raises `error` when the exchange's time is up."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise error("the time for the whole exchange is up")
        return left if timeout is None else min(timeout, left)


class Network(httpcore2.NetworkBackend):
    """Opens connections for the pool. The exchange is found by thread: a request runs in one from begin to end."""

    def __init__(self, guard: NetworkGuard | None = None) -> None:
        self._guard = guard
        self._local = threading.local()

    @contextmanager
    def exchange(self, total: float) -> Iterator[Exchange]:
        """Give whatever this thread does on the wire inside the block `total` seconds altogether."""
        current = self._local.exchange = Exchange(time.monotonic() + total)
        try:
            yield current
        finally:
            del self._local.exchange

    def current(self) -> Exchange:
        """Return the exchange of this thread."""
        found: Exchange = self._local.exchange
        return found

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,  # noqa: ARG002 - the parent's signature; never given
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,  # noqa: ARG002 - the same
    ) -> httpcore2.NetworkStream:
        """Connect to the first address of the host that answers; httpcore2's ConnectError or ConnectTimeout if none."""
        exchange = self.current()
        addresses = resolve(host, port, exchange.left(timeout, httpcore2.ConnectTimeout))
        if self._guard is not None:
            for _, address in addresses:
                self._guard(host, _ip(address))
        return self._dial(addresses, timeout)

    def _dial(self, addresses: list[_Address], timeout: float | None) -> "_Stream":
        exchange = self.current()
        failure: OSError | None = None
        for family, address in addresses:
            try:
                return _Stream(_connected(family, address, exchange.left(timeout, httpcore2.ConnectTimeout)), self)
            except OSError as error:
                failure = error
        kind = httpcore2.ConnectTimeout if isinstance(failure, TimeoutError) else httpcore2.ConnectError
        raise kind(str(failure)) from failure


def _connected(family: socket.AddressFamily, address: tuple[Any, ...], timeout: float) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.settimeout(timeout)
        sock.connect(address)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        sock.close()
        raise
    return sock


def resolve(host: str, port: int, timeout: float, look_up: _LookUp = socket.getaddrinfo) -> list[_Address]:
    """Return the addresses of a host within `timeout` seconds; httpcore2's ConnectTimeout or ConnectError if not.

    The system's look-up cannot be given a time, so it runs in a thread of its own, which is left behind if it is late.
    """
    try:
        return [_address(ipaddress.ip_address(host), port)]
    except ValueError:
        answers: _Answers = queue.SimpleQueue()
    threading.Thread(target=_answer, args=(look_up, host, port, answers), name="dns", daemon=True).start()
    try:
        answer = answers.get(timeout=timeout)
    except queue.Empty:
        raise httpcore2.ConnectTimeout(f"no answer from the name service for {host}") from None
    if isinstance(answer, Exception):
        raise httpcore2.ConnectError(f"{host} has no address: {answer}") from answer
    return answer


def _answer(look_up: _LookUp, host: str, port: int, answers: _Answers) -> None:
    try:
        found = look_up(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:  # UnicodeError: a label that is empty or too long
        answers.put(error)
    else:
        answers.put([(family, address) for family, _, _, _, address in found])


def _address(ip: IpAddress, port: int) -> _Address:
    return (socket.AF_INET6, (str(ip), port, 0, 0)) if ip.version == 6 else (socket.AF_INET, (str(ip), port))


def _ip(address: tuple[Any, ...]) -> IpAddress:
    ip = ipaddress.ip_address(address[0])
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return mapped or ip


class _Stream(httpcore2.NetworkStream):
    """A socket that knows the exchange it serves; between exchanges it lies in the pool."""

    def __init__(self, sock: socket.socket, network: Network) -> None:
        self._sock = sock
        self._network = network

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self._sock.settimeout(self._network.current().left(timeout, httpcore2.ReadTimeout))
        try:
            return self._sock.recv(max_bytes)
        except TimeoutError as error:
            raise httpcore2.ReadTimeout(str(error)) from error
        except OSError as error:
            raise httpcore2.ReadError(str(error)) from error

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        exchange, rest = self._network.current(), memoryview(buffer)
        is_word_with_proxy = buffer.startswith(b"CONNECT ")  # asks for a tunnel; the request itself comes after it
        while rest:
            self._sock.settimeout(exchange.left(timeout, httpcore2.WriteTimeout))
            exchange.sent = exchange.sent or not is_word_with_proxy
            try:
                rest = rest[self._sock.send(rest[:_PIECE]) :]
            except TimeoutError as error:
                raise httpcore2.WriteTimeout(str(error)) from error
            except OSError as error:
                raise httpcore2.WriteError(str(error)) from error

    def close(self) -> None:
        self._sock.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        exchange = self._network.current()
        try:
            self._sock.settimeout(exchange.left(timeout, httpcore2.ConnectTimeout))
            secured = ssl_context.wrap_socket(self._sock, server_hostname=server_hostname)
        except TimeoutError as error:
            self.close()
            raise httpcore2.ConnectTimeout(f"TLS handshake: {error}") from error
        except OSError as error:
            self.close()
            raise httpcore2.ConnectError(f"TLS handshake: {error}") from error
        return _Stream(secured, self._network)

    def get_extra_info(self, info: str) -> object:
        """Answer what httpcore2 asks of a stream: whether it is TLS, and whether the server has closed or spoken."""
        if info == "ssl_object":
            return self._sock if isinstance(self._sock, ssl.SSLSocket) else None
        return self._is_readable() if info == "is_readable" else None

    def _is_readable(self) -> bool:
        if self._sock.fileno() < 0:
            return True
        poll = select.poll()
        poll.register(self._sock, select.POLLIN)
        return bool(poll.poll(0))
