"""A virtual host of its own for a test."""

import base64
import json
import time
import urllib.request
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import uuid4

import pika

from shared.messaging.actor import ActorDeclaration
from shared.messaging.setup import set_up_messaging
from shared.messaging.topology import Topology

OLD_ENOUGH_SECONDS = 1.0
"""A quorum queue that is deleted within milliseconds of its declaration can take RabbitMQ's dead-lettering down for the
whole node (3.10.8: the supervisor of its workers gives up). So a virtual host is deleted when it has been left a while.
"""
_left: deque[tuple[float, "VirtualHost"]] = deque()


def _delete_old_ones() -> None:
    """Delete what was left long enough ago. The last ones go with their server."""
    while _left and time.monotonic() - _left[0][0] > OLD_ENOUGH_SECONDS:
        vhost = _left.popleft()[1]
        with suppress(OSError):  # a test of faults may have stopped its server
            vhost.management("DELETE", f"/api/vhosts/{vhost.name}")


@dataclass(frozen=True)
class VirtualHost:
    """`url` speaks AMQP to it; `management` asks the management API."""

    name: str
    url: str
    management_url: str

    @classmethod
    @contextmanager
    def fresh(cls, server_url: str, management_url: str) -> Iterator["VirtualHost"]:
        name = f"test-{uuid4().hex}"
        vhost = cls(name, f"{server_url.rpartition('/')[0]}/{name}", management_url)
        vhost.management("PUT", f"/api/vhosts/{name}")
        user = quote(str(urlsplit(server_url).username))
        vhost.management("PUT", f"/api/permissions/{name}/{user}", {"configure": ".*", "write": ".*", "read": ".*"})
        try:
            yield vhost
        finally:
            _left.append((time.monotonic(), vhost))
            _delete_old_ones()

    def management(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """One call of the management API, with the credentials of the AMQP URL."""
        parts, place = urlsplit(self.url), urlsplit(self.management_url)
        request = urllib.request.Request(f"http://{place.hostname}:{place.port}{path}", method=method)
        credentials = base64.b64encode(f"{parts.username}:{parts.password}".encode()).decode()
        request.add_header("Authorization", f"Basic {credentials}")
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, json.dumps(body).encode() if body else None, timeout=10) as answer:
            content = answer.read()
        return json.loads(content) if content else None

    def connect(self) -> pika.BlockingConnection:
        return pika.BlockingConnection(pika.URLParameters(self.url))

    def count(self, queue: str) -> int:
        """Messages that are ready in a queue."""
        connection = self.connect()
        try:
            declared = connection.channel().queue_declare(queue, passive=True)
            return int(declared.method.message_count)
        finally:
            connection.close()

    def set_up(
        self,
        database_url: str,
        declarations: Iterable[ActorDeclaration],
        settle: Callable[[float], None] = lambda _: None,
    ) -> Topology:
        """Declare these actors' topology here. Queues are used at once: a test that kills the broker lets them settle."""
        return set_up_messaging(database_url, self.url, declarations, settle=settle)
