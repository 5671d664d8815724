"""What RabbitMQ has is what the topology says: no more, no less."""

from typing import Any

import pika.exceptions
import pytest

from shared.messaging.actor import declarations_in
from shared.messaging.envelope import EVENTS_EXCHANGE
from shared.messaging.topology import (
    Topology,
    declare,
    definitions,
    subscriptions_of,
    topology_of,
    unbind_former,
)
from tests.support.vhosts import VirtualHost
from tests.toyshop import actors

TOPOLOGY = topology_of(subscriptions_of(declarations_in(actors)))


def declare_in(vhost: VirtualHost, topology: Topology) -> None:
    connection = vhost.connect()
    try:
        declare(connection.channel(), topology)
    finally:
        connection.close()


def of_rabbitmq(vhost: VirtualHost, what: str) -> list[dict[str, Any]]:
    """What the management API lists of this virtual host, without RabbitMQ's own exchanges and their bindings."""
    listed: list[dict[str, Any]] = vhost.management("GET", f"/api/{what}/{vhost.name}")
    name = "source" if what == "bindings" else "name"
    return [one for one in listed if one[name] and not one[name].startswith("amq.")]


def test_rabbitmq_has_what_is_declared(rabbitmq: VirtualHost) -> None:
    """Queues and exchanges with their arguments, and each binding."""
    declare_in(rabbitmq, TOPOLOGY)

    queues = {one["name"]: one["arguments"] for one in of_rabbitmq(rabbitmq, "queues")}
    exchanges = {
        one["name"]: (one["type"], one["arguments"]) for one in of_rabbitmq(rabbitmq, "exchanges") if one["name"]
    }
    bindings = {(one["source"], one["destination"], one["routing_key"]) for one in of_rabbitmq(rabbitmq, "bindings")}
    assert queues == TOPOLOGY.queues
    assert exchanges == {name: (one.type, one.arguments) for name, one in TOPOLOGY.exchanges.items()}
    assert bindings == TOPOLOGY.bindings


def test_everything_is_durable(rabbitmq: VirtualHost) -> None:
    """And goes away by nobody's leaving."""
    declare_in(rabbitmq, TOPOLOGY)

    listed = of_rabbitmq(rabbitmq, "queues") + of_rabbitmq(rabbitmq, "exchanges")

    assert {(one["durable"], one["auto_delete"]) for one in listed} == {(True, False)}


def test_definitions_make_the_same_topology(rabbitmq: VirtualHost) -> None:
    """Loaded into an empty virtual host, they are what `declare` makes: it finds nothing to change."""
    loaded = definitions(TOPOLOGY)
    rabbitmq.management(
        "POST",
        f"/api/definitions/{rabbitmq.name}",
        {part: [{k: v for k, v in one.items() if k != "vhost"} for one in entries] for part, entries in loaded.items()},
    )
    before = {what: len(of_rabbitmq(rabbitmq, what)) for what in ("queues", "exchanges", "bindings")}

    declare_in(rabbitmq, TOPOLOGY)

    assert {what: len(of_rabbitmq(rabbitmq, what)) for what in before} == before
    assert before["queues"] == len(TOPOLOGY.queues)
    assert before["bindings"] == len(TOPOLOGY.bindings)


def test_an_event_is_unbound_from_where_it_was_heard_before(rabbitmq: VirtualHost) -> None:
    """Of the service that hears it elsewhere now; the bindings of now stay."""
    declare_in(rabbitmq, TOPOLOGY)
    connection = rabbitmq.connect()
    channel = connection.channel()
    channel.queue_bind("toyshop.default", EVENTS_EXCHANGE, "toyshop.toy.made")

    unbind_former(channel, TOPOLOGY)
    connection.close()

    bindings = {(one["source"], one["destination"], one["routing_key"]) for one in of_rabbitmq(rabbitmq, "bindings")}
    assert bindings == TOPOLOGY.bindings


def test_declaring_again_is_harmless(rabbitmq: VirtualHost) -> None:
    """Every release does it."""
    declare_in(rabbitmq, TOPOLOGY)
    connection = rabbitmq.connect()
    connection.channel().basic_publish("", "toyshop.default", b"kept")
    connection.close()

    declare_in(rabbitmq, TOPOLOGY)

    assert rabbitmq.count("toyshop.default") == 1


def test_changed_arguments_are_refused(rabbitmq: VirtualHost) -> None:
    """A changed queue gets a new name; RabbitMQ sees to it."""
    declare_in(rabbitmq, TOPOLOGY)
    changed = {**TOPOLOGY.queues, "toyshop.default": {**TOPOLOGY.queues["toyshop.default"], "x-delivery-limit": 7}}

    with pytest.raises(pika.exceptions.ChannelClosedByBroker, match="x-delivery-limit"):
        declare_in(rabbitmq, Topology(changed, TOPOLOGY.exchanges, TOPOLOGY.bindings, TOPOLOGY.subscriptions))
