"""How every connection to PostgreSQL is made, pooled or not: with deadlines, so that no silence lasts for ever."""

from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg.types.json import set_json_dumps
from psycopg.types.string import StrDumperUnknown
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, make_url

from shared.database.roles import role_of
from shared.database.silence import watch
from shared.texts import storable_text, to_json

CONNECT_TIMEOUT_SECONDS = 3
KEEPALIVE_IDLE_SECONDS = 10
KEEPALIVE_INTERVAL_SECONDS = 5
KEEPALIVE_COUNT = 3
UNACKNOWLEDGED_MILLISECONDS = 20_000
"""What was sent and is acknowledged by nobody for so long ends a connection (TCP_USER_TIMEOUT), on either side."""

_OURS = {
    "connect_timeout": CONNECT_TIMEOUT_SECONDS,
    "keepalives": 1,
    "keepalives_idle": KEEPALIVE_IDLE_SECONDS,
    "keepalives_interval": KEEPALIVE_INTERVAL_SECONDS,
    "keepalives_count": KEEPALIVE_COUNT,
    "tcp_user_timeout": UNACKNOWLEDGED_MILLISECONDS,
}
_THEIRS = {
    "timezone": "UTC",
    "tcp_keepalives_idle": f"{KEEPALIVE_IDLE_SECONDS}",
    "tcp_keepalives_interval": f"{KEEPALIVE_INTERVAL_SECONDS}",
    "tcp_keepalives_count": f"{KEEPALIVE_COUNT}",
    "tcp_user_timeout": f"{UNACKNOWLEDGED_MILLISECONDS}",
}
"""The same for the server: the locks of a machine that is gone without a word are free after half a minute."""


def connect(
    url: str,
    name: str,
    *,
    service: str | None = None,
    settings: Mapping[str, str] | None = None,
    autocommit: bool = True,
) -> psycopg.Connection[Any]:
    """A connection of one's own. `url` is as in DATABASE_URL; `name` is what PostgreSQL shows of it.

    With a `service` it acts as that service's role; `settings` are PostgreSQL's, by name. Raises psycopg.OperationalError.
    """
    parsed = make_url(url)
    connection: psycopg.Connection[Any] = psycopg.connect(
        parsed.set(drivername="postgresql").render_as_string(hide_password=False),
        autocommit=autocommit,
        **_arguments(parsed, name, service, settings or {}),
    )
    _prepare(connection)
    return connection


def build_engine(
    url: str, name: str, *, service: str | None = None, settings: Mapping[str, str] | None = None, **options: Any
) -> Engine:
    """An engine whose connections are made as by `connect`; `options` are those of SQLAlchemy's create_engine."""
    parsed = make_url(url).set(drivername="postgresql+psycopg")
    engine = create_engine(parsed, connect_args=_arguments(parsed, name, service, settings or {}), **options)
    event.listen(engine, "connect", lambda connection, _: _prepare(connection))
    return engine


class _StorableText(StrDumperUnknown):
    """A text as it is, and without what PostgreSQL refuses where it has some: nobody can forget to clean one."""

    def dump(self, obj: str) -> Any:
        try:
            return super().dump(obj)
        except (psycopg.DataError, UnicodeEncodeError):
            return super().dump(storable_text(obj))


def _prepare(connection: psycopg.Connection[Any]) -> None:
    connection.adapters.register_dumper(str, _StorableText)
    set_json_dumps(to_json, connection)
    watch(connection)


def _arguments(url: URL, name: str, service: str | None, settings: Mapping[str, str]) -> dict[str, Any]:
    """Libpq's parameters. What the URL says itself of deadlines goes before ours."""
    settings = {**_THEIRS, **settings}
    if service is not None and url.username != role_of(service):
        settings["role"] = role_of(service)
    return {
        **{key: value for key, value in _OURS.items() if key not in url.query},
        "application_name": f"bellhop-{name}",
        "options": " ".join(f"-c {key}={value}" for key, value in settings.items()),
    }
