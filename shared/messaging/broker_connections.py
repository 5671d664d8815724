"""How every connection to RabbitMQ is made: with deadlines, so that no silence lasts for ever."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pika
import pika.exceptions
from pika.adapters.utils.connection_workflow import AMQPConnectorException

HEARTBEAT_SECONDS = 6
"""RabbitMQ gives the messages of a process that stands still to others after two of these; its own default is 60. pika
looks every 11 s (5 more than this) whether anything came, so that a broker that is silent is noticed after 22 s at most.
"""
DEADLINES = {
    "heartbeat": HEARTBEAT_SECONDS,
    "socket_timeout": 5.0,
    "stack_timeout": 10.0,
    "blocked_connection_timeout": 60.0,
}
"""pika's names: for the connection of the socket, for the whole handshake, and for a broker that is short of memory."""
_UNACKNOWLEDGED_MILLISECONDS = 15_000


def connection_parameters(url: str, name: str) -> pika.URLParameters:
    """Pika's parameters for a URL as in RABBITMQ_URL; what it says of these deadlines itself goes before ours.

    `name` is what RabbitMQ's management page shows of the connection.
    """
    parameters = pika.URLParameters(url)
    asked = parse_qs(urlsplit(url).query)
    for deadline, seconds in DEADLINES.items():
        if deadline not in asked:
            setattr(parameters, deadline, seconds)
    if "tcp_options" not in asked:
        parameters.tcp_options = {"TCP_USER_TIMEOUT": _UNACKNOWLEDGED_MILLISECONDS}
    parameters.client_properties = {"connection_name": name if name.startswith("bellhop-") else f"bellhop-{name}"}
    return parameters


def open_connection(url: str, name: str) -> Any:
    """A blocking connection. Raises pika's AMQPConnectionError, or OSError."""
    try:
        return pika.BlockingConnection(connection_parameters(url, name))
    except AMQPConnectorException as error:
        # Of the handshake's deadline pika tells by an error of its inside, which is of no family that anybody expects.
        raise pika.exceptions.AMQPConnectionError(f"RabbitMQ does not answer: {error}") from error
