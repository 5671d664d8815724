"""Counts and members of queues: passive declares over AMQP are exact, RabbitMQ's management API knows more, but samples."""

import base64
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import pika
from pika.exceptions import AMQPError, ChannelClosedByBroker

from services.console.errors import BrokerUnreachableError
from shared.errors import OutcomeUnknown
from shared.http import HttpClient, ProviderUnreachable
from shared.messaging.broker_connections import open_connection
from shared.messaging.leaders import Members

COLUMNS = "name,messages_unacknowledged"


@dataclass(frozen=True, slots=True)
class QueueCount:
    """The messages of one queue. `unacked` is None where AMQP alone was asked, which does not tell."""

    ready: int
    unacked: int | None
    consumers: int


def count_by_management(management_url: str, rabbitmq_url: str) -> dict[str, QueueCount]:
    """All queues of the virtual host. Raises BrokerUnreachableError.

    The management API tells their names and what is unacknowledged, a figure that is some seconds old; what is ready and
    who consumes is asked of the queues. The account in the management URL is used; without one, that of the AMQP URL.
    """
    listed = {queue["name"]: queue for queue in _ask(management_url, rabbitmq_url, COLUMNS)}
    counts = count_by_declares(rabbitmq_url, listed)
    return {name: replace(count, unacked=_unacked(listed[name])) for name, count in counts.items()}


def members_by_management(management_url: str, rabbitmq_url: str, queue: str) -> Members | None:
    """The members of a quorum queue; None if RabbitMQ knows no such queue. Raises BrokerUnreachableError."""
    for one in _ask(management_url, rabbitmq_url, "name,members,online,messages"):
        if one["name"] == queue:
            return Members(frozenset(one.get("members", ())), frozenset(one.get("online", ())), one.get("messages"))
    return None


def _ask(management_url: str, rabbitmq_url: str, columns: str) -> list[dict[str, Any]]:
    """These columns of all queues of the virtual host."""
    parts, amqp = urlsplit(management_url), urlsplit(rabbitmq_url)
    account = parts if parts.username else amqp
    credentials = f"{unquote(account.username or 'guest')}:{unquote(account.password or 'guest')}"
    base = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/"), "", ""))
    headers = {"Authorization": f"Basic {base64.b64encode(credentials.encode()).decode()}"}
    vhost = quote(unquote(amqp.path.lstrip("/")) or "/", safe="")
    try:
        with HttpClient(timeout=5, total=15, headers=headers, max_response_bytes=32 * 1024 * 1024) as client:
            answer = client.request("GET", f"{base}/api/queues/{vhost}", params={"columns": columns})
    except (ProviderUnreachable, OutcomeUnknown) as error:
        raise BrokerUnreachableError(f"RabbitMQ's management API does not answer at {base}: {error}") from error
    if not answer.is_success:
        raise BrokerUnreachableError(f"RabbitMQ's management API at {base} answered {answer.status}")
    found: list[dict[str, Any]] = answer.json()
    return found


def _unacked(queue: dict[str, Any]) -> int:
    """A queue that is seconds old has no figures yet."""
    return int(queue.get("messages_unacknowledged", 0))


def count_by_declares(rabbitmq_url: str, queues: Iterable[str]) -> dict[str, QueueCount]:
    """The queues among these that are there. Raises BrokerUnreachableError."""
    found = {}
    try:
        connection = open_connection(rabbitmq_url, "console")
        try:
            for queue in queues:
                declared = _declared(connection, queue)
                if declared is not None:
                    found[queue] = QueueCount(declared.message_count, None, declared.consumer_count)
        finally:
            connection.close()
    except (AMQPError, OSError) as error:
        host = urlsplit(rabbitmq_url).netloc.rpartition("@")[2]
        raise BrokerUnreachableError(
            f"RabbitMQ does not answer at {host} ({type(error).__name__}): start it, or correct RABBITMQ_URL"
        ) from error
    return found


def _declared(connection: pika.BlockingConnection, queue: str) -> Any:
    """What a passive declare says; None for a queue that is not there, which closes the channel."""
    channel = connection.channel()
    try:
        return channel.queue_declare(queue, passive=True).method
    except ChannelClosedByBroker:
        return None
    finally:
        if channel.is_open:
            channel.close()
