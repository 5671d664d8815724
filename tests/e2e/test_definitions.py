"""A broker that somebody else looks after is given deploy/rabbitmq/definitions.json, and needs nothing more."""

import json

from deploy.rabbitmq.__main__ import rendered
from shared import discovery
from shared.messaging.topology import declare, subscriptions_of, topology_of
from tests.support.vhosts import VirtualHost


def test_imported_definitions_are_what_migrate_would_declare(rabbitmq: VirtualHost) -> None:
    """RabbitMQ takes the file, and declaring the same from the code meets no queue with other arguments."""
    rabbitmq.management("POST", "/api/definitions", json.loads(rendered(rabbitmq.name)))
    imported = {queue["name"] for queue in rabbitmq.management("GET", f"/api/queues/{rabbitmq.name}")}
    actors = (actor for service in discovery.services() for actor in discovery.actor_declarations(service))
    topology = topology_of(subscriptions_of(actors))
    connection = rabbitmq.connect()
    declare(connection.channel(), topology)
    connection.close()
    declared = {queue["name"] for queue in rabbitmq.management("GET", f"/api/queues/{rabbitmq.name}")}
    assert imported == declared == set(topology.queues)
