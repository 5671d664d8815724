"""Where an endpoint's URL leads."""

import re
from dataclasses import dataclass
from ipaddress import IPv6Address
from urllib.parse import SplitResult, urlsplit

from services.webhooks.errors import InvalidUrlError

MAX_URL = 2_000
DEFAULT_PORTS = {"http": 80, "https": 443}

_PRINTABLE = re.compile(r"[\x21-\x7e]+")
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")


@dataclass(frozen=True, slots=True)
class Target:
    """Whom an endpoint's URL names. `host` is lower-case, an IPv6 address without brackets."""

    host: str
    port: int


def parse_target(url: str) -> Target:
    """Read a URL strictly. Raises InvalidUrlError, which says what to change.

    Nothing that two parsers could read differently is let through: no user, no backslash, no blanks, ASCII only.
    """
    if len(url) > MAX_URL or not _PRINTABLE.fullmatch(url) or "\\" in url:
        raise InvalidUrlError(
            f"a URL has at most {MAX_URL} printable ASCII characters, no blank and no backslash; "
            "write an international host name in its xn-- form"
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise InvalidUrlError(f"{error}"[:200]) from None
    if parts.scheme not in DEFAULT_PORTS:
        raise InvalidUrlError("a URL begins with https:// or http://")
    if "@" in parts.netloc:
        raise InvalidUrlError("a URL holds no user name or password: requests are signed instead")
    if port == 0:
        raise InvalidUrlError("port 0 cannot be connected to")
    return Target(_host(parts), port or DEFAULT_PORTS[parts.scheme])


def _host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    if parts.netloc.startswith("["):
        try:
            return IPv6Address(host).compressed if "%" not in host else _refuse(host)
        except ValueError:
            return _refuse(host)
    return host if len(host) <= 253 and _HOST.fullmatch(host) else _refuse(host)


def _refuse(host: str) -> str:
    raise InvalidUrlError(f"{host[:100]!r} is not a host name or address")
