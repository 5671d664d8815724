"""The HTTP client, against servers on this machine that answer well, badly, slowly, or not at all."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from shared.errors import OutcomeUnknown, PermanentError
from shared.http import HttpClient, IpAddress, ProviderUnreachable, RequestInvalid, Response, ResponseUnreadable

Script = Callable[[socket.socket, bytes], None]
"""What a server does with a connection, once a request has come; it may read further ones itself."""

NOWHERE = "x" * 64 + ".invalid"
"""A name that no name service needs to be asked about: its label is too long."""

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def read_request(connection: socket.socket) -> bytes:
    """Return one whole request, or b"" when the client has closed."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65_536)
        if not piece:
            return b""
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.lower().splitlines() if line.startswith(b"content-length:")), 0)
    while len(body) < length:
        body += connection.recv(65_536)
    return head + b"\r\n\r\n" + body


class Server:
    """A server for raw connections, one thread each; keeps what it was sent."""

    def __init__(self, script: Script, secured: ssl.SSLContext | None = None) -> None:
        self._script = script
        self._secured = secured
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.requests: list[bytes] = []
        self.connections = 0
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._open.append(connection)
                self.connections += 1
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError), self._spoken(connection) as spoken:
            while request := read_request(spoken):
                self.requests.append(request)
                self._script(spoken, request)

    def _spoken(self, connection: socket.socket) -> socket.socket:
        return self._secured.wrap_socket(connection, server_side=True) if self._secured else connection

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def serving(script: Script, secured: ssl.SSLContext | None = None) -> Iterator[Server]:
    server = Server(script, secured)
    try:
        yield server
    finally:
        server.close()


def say(answer: bytes) -> Script:
    return lambda connection, _: connection.sendall(answer)


def hang_up(connection: socket.socket, _: bytes) -> None:
    connection.shutdown(socket.SHUT_RDWR)


def stop_in_the_body(connection: socket.socket, _: bytes) -> None:
    connection.sendall(OK[:-1])
    connection.shutdown(socket.SHUT_RDWR)


def in_turn(*scripts: Script) -> Script:
    """Follow one script for each request."""
    turn = iter(scripts)

    def script(connection: socket.socket, request: bytes) -> None:
        next(turn)(connection, request)

    return script


def drip(connection: socket.socket, _: bytes) -> None:
    """Send a byte every twentieth of a second, without an end."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    gate = threading.Event()
    while not gate.wait(0.05):
        connection.sendall(b"x")


def drip_headers(connection: socket.socket, _: bytes) -> None:
    """The same, never coming to the end of the headers."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    gate = threading.Event()
    while not gate.wait(0.05):
        connection.sendall(b"x")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def header(request: bytes, name: bytes) -> bytes | None:
    lines = request.partition(b"\r\n\r\n")[0].split(b"\r\n")
    return next((line[len(name) + 2 :] for line in lines if line.lower().startswith(name.lower() + b":")), None)


def test_an_answer_has_status_headers_body_and_duration() -> None:
    """Header names are found in any case."""
    answer = b"HTTP/1.1 201 Created\r\nX-Request-Id: r1\r\nContent-Length: 9\r\n\r\n" + b'{"id": 7}'
    with serving(say(answer)) as server, HttpClient(server.url) as client:
        response = client.request("GET", "/v1/x")
    assert (response.status, response.headers["x-request-id"], response.json()) == (201, "r1", {"id": 7})
    assert response.is_success
    assert 0 < response.duration < 5


def test_base_address_path_parameters_and_headers_are_sent() -> None:
    """The base address may have a path; headers of the client and of the call are both sent."""
    with serving(say(OK)) as server, HttpClient(f"{server.url}/api/", headers={"A": "1", "B": "1"}) as client:
        client.request("GET", "/slots", params={"from": "a b"}, headers={"B": "2"})
        request = server.requests[0]
    assert request.startswith(b"GET /api/slots?from=a+b HTTP/1.1\r\n")
    assert (header(request, b"A"), header(request, b"B")) == (b"1", b"2")
    assert (header(request, b"User-Agent"), header(request, b"Accept-Encoding")) == (b"Bellhop", b"identity")


def test_content_json_and_form_are_sent_as_such() -> None:
    """Raw bytes go unchanged: signatures are over them."""
    with serving(say(OK)) as server, HttpClient(server.url) as client:
        client.request("POST", "/", content=b'{ "a":1}', headers={"Content-Type": "application/json"})
        client.request("POST", "/", json={"a": 1})
        client.request("POST", "/", form={"To": "+49 1", "n": "1"})
        sent = [(header(request, b"Content-Type"), request.partition(b"\r\n\r\n")[2]) for request in server.requests]
    assert sent == [
        (b"application/json", b'{ "a":1}'),
        (b"application/json", b'{"a":1}'),
        (b"application/x-www-form-urlencoded", b"To=%2B49+1&n=1"),
    ]


@pytest.mark.parametrize("status", [302, 400, 404, 429, 500, 503])
def test_any_status_is_an_answer(status: int) -> None:
    """What an error status means is for the adapter; redirects are not followed."""
    answer = f"HTTP/1.1 {status} X\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n".encode()
    with serving(say(answer)) as server, HttpClient(server.url) as client:
        response = client.request("POST", "/", content=b"")
        asked = len(server.requests)
    assert (response.status, response.is_success, asked) == (status, False, 1)


def test_cookies_are_not_kept() -> None:
    """What one customer's endpoint sets is not sent on the next call."""
    answer = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n"
    with serving(say(answer)) as server, HttpClient(server.url) as client:
        client.request("GET", "/")
        client.request("GET", "/")
        cookies = [header(request, b"Cookie") for request in server.requests]
    assert cookies == [None, None]


def test_connections_are_used_again() -> None:
    """Ten calls, one connection."""
    with serving(say(OK)) as server, HttpClient(server.url) as client:
        bodies = [client.request("GET", "/").body for _ in range(10)]
        connections = server.connections
    assert (bodies, connections) == ([b"ok"] * 10, 1)


def test_threads_share_a_client_without_mixing_answers() -> None:
    """Each thread gets the answer to its own question."""

    def echo(connection: socket.socket, request: bytes) -> None:
        path = request.split(b" ")[1]
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(path), path))

    with serving(echo) as server, HttpClient(server.url) as client, ThreadPoolExecutor(8) as threads:
        paths = [f"/{number}" for number in range(200)]
        bodies = list(threads.map(lambda path: client.request("GET", path).text, paths))
        connections = server.connections
    assert bodies == paths
    assert connections <= 8


def test_a_connection_that_the_server_has_closed_is_not_used_again() -> None:
    """A call after a pause does not end in an unknown outcome because the server tidied up."""
    closed = threading.Event()

    def once(connection: socket.socket, _: bytes) -> None:
        connection.sendall(OK)
        connection.shutdown(socket.SHUT_RDWR)
        closed.set()

    statuses = []
    with serving(once) as server, HttpClient(server.url) as client:
        for _ in range(10):
            statuses.append(client.request("POST", "/", content=b"x").status)
            assert closed.wait(5)
            closed.clear()
    assert statuses == [200] * 10


def test_nothing_listening_means_surely_not_done() -> None:
    """A refused connection is safe to repeat; the message names where."""
    port = free_port()
    with (
        HttpClient(f"http://127.0.0.1:{port}") as client,
        pytest.raises(ProviderUnreachable, match=f"127.0.0.1:{port}"),
    ):
        client.request("POST", "/pay", content=b"x")


def test_a_name_without_an_address_means_surely_not_done() -> None:
    """The message says that it is the name."""
    with HttpClient() as client, pytest.raises(ProviderUnreachable, match="has no address"):
        client.request("GET", f"http://{NOWHERE}/")


def test_a_connection_that_is_never_accepted_means_surely_not_done() -> None:
    """The backlog is full, so that connecting takes for ever."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        address = listener.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for other in waiting:
            other.setblocking(False)
            with suppress(BlockingIOError):
                other.connect(address)
        with HttpClient(f"http://127.0.0.1:{address[1]}", timeout=0.3) as client, pytest.raises(ProviderUnreachable):
            client.request("GET", "/")
        for other in waiting:
            other.close()


@pytest.mark.parametrize(
    "script",
    [
        hang_up,
        stop_in_the_body,
        say(b"not HTTP at all\r\n\r\n"),
        say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
    ],
    ids=["hangs up", "stops in the body", "speaks another protocol", "breaks the framing"],
)
def test_whatever_fails_after_sending_is_an_unknown_outcome(script: Script) -> None:
    """The provider may have carried it out before it failed."""
    with serving(script) as server, HttpClient(server.url) as client, pytest.raises(OutcomeUnknown, match="was sent"):
        client.request("POST", "/pay", content=b"x")


@pytest.mark.parametrize("script", [drip, drip_headers], ids=["body", "headers"])
def test_the_deadline_holds_against_a_server_that_drips(script: Script) -> None:
    """No single wait is long, the whole exchange would be endless."""
    with serving(script) as server, HttpClient(server.url, timeout=5, total=0.4) as client:
        before = time.monotonic()
        with pytest.raises(OutcomeUnknown, match=r"timed out, 0.4 s for the whole exchange"):
            client.request("GET", "/")
        took = time.monotonic() - before
    assert 0.3 < took < 20


def test_the_deadline_holds_against_a_server_that_does_not_read() -> None:
    """A big body that nobody takes ends as well, as an unknown outcome: some of it was sent."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = HttpClient(f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=5, total=0.4)
        before = time.monotonic()
        with client, pytest.raises(OutcomeUnknown, match="timed out"):
            client.request("POST", "/", content=b"x" * 50_000_000)
        took = time.monotonic() - before
    assert 0.3 < took < 20


def test_a_pause_longer_than_the_step_is_an_unknown_outcome() -> None:
    """`timeout` bounds one wait, within the total."""
    with serving(lambda *_: None) as server, HttpClient(server.url, timeout=0.2, total=5) as client:
        before = time.monotonic()
        with pytest.raises(OutcomeUnknown):
            client.request("GET", "/")
        took = time.monotonic() - before
    assert took < 20


def test_a_call_may_have_its_own_deadline() -> None:
    """`total` of the call goes before that of the client."""
    with serving(drip) as server, HttpClient(server.url) as client:
        before = time.monotonic()
        with pytest.raises(OutcomeUnknown):
            client.request("GET", "/", total=0.2)
        took = time.monotonic() - before
    assert took < 20


def test_a_client_works_on_after_a_failure() -> None:
    """A connection that failed is not given out again."""
    with serving(in_turn(hang_up, say(OK))) as server, HttpClient(server.url) as client:
        with pytest.raises(OutcomeUnknown):
            client.request("GET", "/")
        status = client.request("GET", "/").status
    assert status == 200


def test_a_body_beyond_the_limit_is_cut_and_says_so() -> None:
    """The status stays known, the rest is not read, and the cut text is not taken for JSON."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n" + b"1" * 300_000
    with serving(say(answer)) as server, HttpClient(server.url, max_response_bytes=1000) as client:
        response = client.request("GET", "/")
    assert (response.status, len(response.body), response.truncated) == (200, 1000, True)
    with pytest.raises(ResponseUnreadable, match="more than 1000 bytes"):
        response.json()


def test_a_body_at_the_limit_is_whole() -> None:
    """The limit itself is allowed."""
    with serving(say(OK)) as server, HttpClient(server.url, max_response_bytes=2) as client:
        response = client.request("GET", "/")
    assert (response.body, response.truncated) == (b"ok", False)


def test_a_compressed_body_is_not_unpacked() -> None:
    """A megabyte of gzip could be a gigabyte of text."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8bxx"
    with serving(say(answer)) as server, HttpClient(server.url) as client:
        body = client.request("GET", "/").body
    assert body == b"\x1f\x8bxx"


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "/no/host", "http:///x", "http://[::1", "http://h:99999/", "no"])
def test_an_address_that_cannot_be_asked_is_a_permanent_error(url: str) -> None:
    """Trying again will not make it better."""
    with HttpClient() as client, pytest.raises(RequestInvalid):
        client.request("GET", url)


def test_a_header_that_cannot_be_sent_is_a_permanent_error() -> None:
    """A line break in a value would be a header of its own; nothing is sent."""
    with serving(say(OK)) as server, HttpClient(server.url) as client:
        with pytest.raises(PermanentError):
            client.request("GET", "/", headers={"X": "a\r\nInjected: b"})
        seen = server.requests
    assert seen == []


def test_errors_do_not_tell_path_query_or_password() -> None:
    """Slack's address is itself the secret."""
    with serving(hang_up) as server, HttpClient() as client, pytest.raises(OutcomeUnknown) as caught:
        client.request("GET", f"http://user:hunter2@127.0.0.1:{server.port}/services/hunter2?key=hunter2")
    assert f"GET http://127.0.0.1:{server.port} " in str(caught.value)
    assert "hunter2" not in str(caught.value)


class Forbidden(PermanentError):  # noqa: N818 - a test's own
    """The guard says no."""


def test_the_guard_sees_every_new_address_and_can_refuse() -> None:
    """A refusal is the guard's own error, nothing was connected, and numbers in odd clothes are seen as what they are."""
    seen: list[tuple[str, str]] = []

    def guard(host: str, address: IpAddress) -> None:
        seen.append((host, str(address)))
        if address.is_loopback:
            raise Forbidden(host)

    with serving(say(OK)) as server, HttpClient(guard=guard) as client:
        for host in ("127.0.0.1", "localhost", "127.1", "2130706433", "[::ffff:127.0.0.1]"):
            with pytest.raises(Forbidden):
                client.request("GET", f"http://{host}:{server.port}/")
        connections = server.connections
    assert connections == 0
    assert {address for _, address in seen} <= {"127.0.0.1", "::1"}
    assert len(seen) == 5


def test_what_the_guard_allows_is_asked() -> None:
    """An allowed network is reached."""
    with serving(say(OK)) as server, HttpClient(server.url, guard=lambda *_: None) as client:
        status = client.request("GET", "/").status
    assert status == 200


def test_a_proxy_of_the_environment_is_used_for_others_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine is asked directly; with a guard nobody is asked through a proxy."""
    with serving(say(b"HTTP/1.1 203 X\r\nContent-Length: 0\r\n\r\n")) as proxy, serving(say(OK)) as server:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("no_proxy", NOWHERE)
        with HttpClient() as client, HttpClient(guard=lambda *_: None) as guarded:
            through = client.request("GET", "http://shop.invalid/x").status
            here = client.request("GET", server.url).status
            for asked in (client, guarded):
                with pytest.raises(ProviderUnreachable, match="has no address"):
                    asked.request("GET", f"http://{NOWHERE}/")
        lines = [request.split(b"\r\n")[0] for request in proxy.requests]
    assert (through, here, lines) == (203, 200, [b"GET http://shop.invalid/x HTTP/1.1"])


def test_a_proxy_that_refuses_the_tunnel_means_surely_not_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """The word with the proxy is not the request, whichever way it fails."""
    with serving(in_turn(say(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"), hang_up)) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url)
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with HttpClient() as client:
            for _ in range(2):
                with pytest.raises(ProviderUnreachable):
                    client.request("POST", "https://shop.invalid/pay", content=b"x")
        asked = [request.split(b"\r\n")[0] for request in proxy.requests]
    assert asked == [b"CONNECT shop.invalid:443 HTTP/1.1"] * 2


def certificate(folder: Path) -> Path:
    """Write a key and a certificate for this machine, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a test")])
    start = datetime.now(UTC) - timedelta(hours=1)
    built = x509.CertificateBuilder(name, name, key.public_key(), 1, start, start + timedelta(days=1))
    here = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    signed = built.add_extension(here, critical=False).sign(key, SHA256())
    written = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + signed.public_bytes(Encoding.PEM)
    (folder / "both.pem").write_bytes(written)
    return folder / "both.pem"


def test_tls_is_spoken_with_whom_the_certificate_proves_and_with_nobody_else(tmp_path: Path) -> None:
    """A trusted server answers, over one connection; an unknown one is not sent a single byte of the request."""
    pem = certificate(tmp_path)
    secured = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    secured.load_cert_chain(pem)
    trusting = ssl.create_default_context(cafile=str(pem))
    with serving(say(OK), secured) as server, HttpClient(f"https://127.0.0.1:{server.port}") as stranger:
        with HttpClient(f"https://127.0.0.1:{server.port}", ssl_context=trusting) as client:
            bodies = [client.request("POST", "/", content=b"x" * 200_000).body for _ in range(3)]
        connections = server.connections
        with pytest.raises(ProviderUnreachable, match="certificate"):
            stranger.request("POST", "/", content=b"x")
        seen = len(server.requests)
    assert (bodies, connections, seen) == ([b"ok"] * 3, 1, 3)


def test_a_server_without_tls_means_surely_not_done() -> None:
    """The handshake fails before anything of the request is sent."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        def answer() -> None:
            with listener.accept()[0] as connection:
                connection.recv(1000)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        with HttpClient() as client, pytest.raises(ProviderUnreachable, match="TLS"):
            client.request("POST", f"https://127.0.0.1:{port}/", content=b"x")
        thread.join()


def test_a_handshake_that_never_ends_is_cut() -> None:
    """The deadline holds for TLS as well."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with HttpClient(total=0.3) as client, pytest.raises(ProviderUnreachable, match="timed out"):
            client.request("GET", f"https://127.0.0.1:{port}/")


@pytest.mark.parametrize(("value", "seconds"), [("120", 120.0), ("0", 0.0), ("", None), ("soon", None), ("-1", None)])
def test_retry_after_in_seconds(value: str, seconds: float | None) -> None:
    """A number is taken, anything that is none is left to the job's own backoff."""
    assert Response(429, {"retry-after": value}, b"", 0.1).retry_after == seconds


def test_retry_after_as_a_date() -> None:
    """A date is turned into seconds from now, one in the past into none to wait."""
    later, earlier = (format_datetime(datetime.now(UTC) + timedelta(seconds=s), usegmt=True) for s in (60, -60))
    waits = [Response(503, {"retry-after": value}, b"", 0.1).retry_after for value in (later, earlier)]
    assert waits[0] is not None
    assert 55 < waits[0] <= 60
    assert waits[1] == 0


def test_a_body_that_is_not_json_is_an_unknown_outcome() -> None:
    """A 200 from something in between is no proof that the provider did it."""
    response = Response(200, {}, b"<html>maintenance \xff</html>", 0.1)
    with pytest.raises(ResponseUnreadable, match="maintenance"):
        response.json()
    assert response.text == "<html>maintenance \ufffd</html>"
