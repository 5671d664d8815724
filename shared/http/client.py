"""httpx2 with a deadline for the whole exchange, a limit on the answer, and errors sorted by what is known.

httpx2's own time-outs are for one step: a server that sends a byte every few seconds holds a thread for ever.
"""

import ipaddress
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from ssl import SSLContext
from types import TracebackType
from typing import Any, Final, Protocol, Self, cast
from urllib.request import getproxies, proxy_bypass

import httpcore2
import httpx2

from shared.clock import now
from shared.errors import BellhopError, OutcomeUnknown
from shared.http.errors import ProviderUnreachable, RequestInvalid, ResponseUnreadable
from shared.http.network import Exchange, Network, NetworkGuard

DEFAULT_HEADERS: Final = {"User-Agent": "Bellhop", "Accept": "*/*", "Accept-Encoding": "identity"}
"""No compression: a small answer could unpack to gigabytes. One that comes compressed all the same stays so."""

_IMPOSSIBLE = (
    httpx2.InvalidURL,
    httpx2.UnsupportedProtocol,
    httpcore2.UnsupportedProtocol,
    httpcore2.LocalProtocolError,
)
_BROKEN = (
    httpcore2.TimeoutException,
    httpcore2.NetworkError,
    httpcore2.ProtocolError,
    httpcore2.ProxyError,
    *_IMPOSSIBLE,
)


@dataclass(frozen=True, slots=True)
class Response:
    """An answer, whatever its status. `headers` ignore case; `duration` is in seconds, name look-up to last byte.

    `truncated` says that the body was longer than the client takes, and what is here is its beginning.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    duration: float
    truncated: bool = False

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        """The body as UTF-8, whatever is not being replaced."""
        return self.body.decode("utf-8", "replace")

    @property
    def retry_after(self) -> float | None:
        """Seconds that the server asks us to wait (RFC 9110, section 10.2.3: a number or a date), or None."""
        value = self.headers.get("retry-after", "").strip()
        if value.isascii() and value.isdigit():
            return float(value)
        try:
            return max(0.0, (parsedate_to_datetime(value) - now()).total_seconds())
        except (TypeError, ValueError):
            return None

    def json(self) -> Any:
        """Return the decoded body; ResponseUnreadable if it is cut or not JSON."""
        if self.truncated:
            raise ResponseUnreadable(f"status {self.status} with a body of more than {len(self.body)} bytes")
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise ResponseUnreadable(f"status {self.status} with a body that is not JSON: {self.text[:200]}") from error


class HttpClient:
    """One client for each adapter, kept for the life of the process; safe to share among threads.

    `timeout` bounds one step (connecting, a pause in the answer), `total` the whole exchange, both in seconds. With a
    `guard`, each address is shown to it before connecting, and no proxy is used: the guard could not see behind it.
    Otherwise HTTP_PROXY, HTTPS_PROXY and NO_PROXY are honoured as they stand now, but never for this machine itself.
    """

    def __init__(
        self,
        base_url: str = "",
        *,
        timeout: float = 10.0,
        total: float = 30.0,
        max_response_bytes: int = 1_048_576,
        guard: NetworkGuard | None = None,
        headers: Mapping[str, str] | None = None,
        ssl_context: SSLContext | None = None,
    ) -> None:
        self._timeout = timeout
        self._total = total
        self._max_response_bytes = max_response_bytes
        self._network = Network(guard)
        self._client = httpx2.Client(
            base_url=base_url,
            headers=DEFAULT_HEADERS | dict(headers or {}),
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),  # one customer's must not reach another's
            transport=_Transport(self._network, ssl_context or httpx2.create_ssl_context(), proxied=guard is None),
            trust_env=False,
            follow_redirects=False,
        )

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        content: bytes | None = None,
        json: object = None,
        form: Mapping[str, Any] | None = None,
        total: float | None = None,
    ) -> Response:
        """Send one request, with at most one of `content`, `json` and `form`, and return the answer of any status.

        Raises RequestInvalid (never sendable), ProviderUnreachable (surely not carried out), OutcomeUnknown (anything
        after the first byte was sent, an answer that broke off included), and whatever the guard raises.
        """
        seconds = self._total if total is None else total
        started = time.monotonic()
        with self._network.exchange(seconds) as exchange:
            try:
                timeouts = httpx2.Timeout(self._timeout, pool=seconds)
                request = self._client.build_request(
                    method, url, headers=headers, params=params, content=content, json=json, data=form, timeout=timeouts
                )
                response, body = self._send(request)
            except _BROKEN as error:
                raise _translated(error, exchange, f"{method} {_origin(self._client, url)}", seconds) from error
        limit = self._max_response_bytes
        duration = time.monotonic() - started
        return Response(response.status_code, response.headers, body[:limit], duration, truncated=len(body) > limit)

    def _send(self, request: httpx2.Request) -> tuple[httpx2.Response, bytes]:
        """Return the answer and its body, or somewhat more of it than the limit."""
        response = self._client.send(request, stream=True)
        body = bytearray()
        try:
            for piece in response.iter_raw():
                body += piece
                if len(body) > self._max_response_bytes:
                    break
        finally:
            response.close()
        return response, bytes(body)

    def close(self) -> None:
        """Close the idle connections."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _translated(error: Exception, exchange: Exchange, request: str, total: float) -> BellhopError:
    """Return our error; all that matters is whether a byte of the request had been sent."""
    reason = str(error) or type(error).__name__
    if isinstance(error, httpcore2.TimeoutException):
        reason = f"timed out, {total:g} s for the whole exchange ({reason})"
    if exchange.sent:
        return OutcomeUnknown(f"{request} was sent, then: {reason}")
    if isinstance(error, _IMPOSSIBLE):
        return RequestInvalid(f"{request} cannot be sent: {reason}")
    return ProviderUnreachable(f"{request} was not sent: {reason}")


def _origin(client: httpx2.Client, url: str) -> str:
    """Return scheme, host and port for a message. Paths and queries may hold secrets (Slack's addresses do)."""
    try:
        whole = client.base_url.join(url)
    except httpx2.InvalidURL:
        return "a malformed address"
    return f"{whole.scheme}://{whole.netloc.decode('ascii', 'replace')}"


class _HttpcoreStream(Protocol):
    def __iter__(self) -> Iterator[bytes]: ...
    def close(self) -> None: ...


class _Body(httpx2.SyncByteStream):
    """The body of an answer; closing it gives the connection back, or ends it if something is left to read."""

    def __init__(self, stream: _HttpcoreStream) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        yield from self._stream

    def close(self) -> None:
        self._stream.close()


class _Transport(httpx2.BaseTransport):
    """httpx2's transport over our network, which its own has no place for."""

    def __init__(self, network: Network, ssl_context: SSLContext, *, proxied: bool) -> None:
        options: dict[str, Any] = {
            "ssl_context": ssl_context,
            "network_backend": network,
            "max_connections": None,  # as many as there are threads
            "max_keepalive_connections": 20,
            "keepalive_expiry": 15.0,
        }
        self._direct = httpcore2.ConnectionPool(**options)
        self._proxies = {
            scheme: _proxy(address, options)
            for scheme, address in (getproxies() if proxied else {}).items()
            if scheme in {"http", "https"}
        }

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        url = request.url
        if not url.host or not 0 < (url.port or 80) < 65_536:
            raise httpx2.InvalidURL("the address has no host, or a port that cannot be")
        answer = self._pool(url.scheme, url.host).handle_request(
            httpcore2.Request(
                method=request.method,
                url=httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        stream = _Body(cast(_HttpcoreStream, answer.stream))
        return httpx2.Response(answer.status, headers=answer.headers, stream=stream)

    def _pool(self, scheme: str, host: str) -> httpcore2.ConnectionPool:
        proxy = self._proxies.get(scheme)
        return self._direct if proxy is None or _is_here(host) or proxy_bypass(host) else proxy

    def close(self) -> None:
        for pool in (self._direct, *self._proxies.values()):
            pool.close()


def _proxy(address: str, options: Mapping[str, Any]) -> httpcore2.HTTPProxy:
    url = httpx2.URL(address if "://" in address else f"http://{address}")
    if url.scheme != "http":
        raise ValueError(f"only http:// proxies can be used, not {url.scheme}://")
    auth = (url.username, url.password) if url.username else None
    return httpcore2.HTTPProxy(f"http://{url.netloc.decode()}/", proxy_auth=auth, **options)


def _is_here(host: str) -> bool:
    """Say whether a host is this machine; a proxy could not reach it."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
