"""The topology that a set of consumers needs. What RabbitMQ makes of it is tested against RabbitMQ."""

import pytest

from shared.messaging.topology import (
    DUE_EXCHANGE,
    PARK,
    UNROUTABLE,
    Subscription,
    definitions,
    subscriptions_of,
    topology_of,
)
from tests.toyshop.actors import make_toy, on_toy_made
from tests.toyshop.contracts import MakeToy, ToyFailed, ToyMade

MAKE = Subscription("toyshop", MakeToy.kind, "toyshop.default", is_event=False, on_failure=ToyFailed.kind)
HEAR = Subscription("toyshop", ToyMade.kind, "toyshop.events", is_event=True)


def test_actors_stand_for_subscriptions() -> None:
    """Service, kind and queue, and what follows a final failure."""
    assert subscriptions_of([make_toy, on_toy_made]) == [MAKE, HEAR]


def test_each_work_queue_has_its_dead_letters_and_is_due_by_its_name() -> None:
    """Commands need no more; events are bound by their kind besides."""
    topology = topology_of([MAKE, HEAR])

    assert topology.work_queues == ["toyshop.default", "toyshop.events"]
    assert set(topology.queues) == {
        PARK, UNROUTABLE, "toyshop.default", "toyshop.default.XQ", "toyshop.events", "toyshop.events.XQ"
    }  # fmt: skip
    assert topology.bindings == {
        (PARK, PARK, ""),
        (UNROUTABLE, UNROUTABLE, ""),
        (DUE_EXCHANGE, "toyshop.default", "toyshop.default"),
        (DUE_EXCHANGE, "toyshop.events", "toyshop.events"),
        ("bellhop.events", "toyshop.events", ToyMade.kind),
    }


def test_same_consumer_twice_is_one() -> None:
    """Two processes of a service declare the same."""
    assert topology_of([MAKE, HEAR, MAKE]) == topology_of([HEAR, MAKE])


@pytest.mark.parametrize("queue", ["toyshop.default", "toyshop.default.XQ", PARK, UNROUTABLE])
def test_no_queue_can_lose_messages_by_its_arguments(queue: str) -> None:
    """All are quorum queues with a delivery limit of their own, and none limits its length."""
    arguments = topology_of([MAKE]).queues[queue]

    assert arguments["x-queue-type"] == "quorum"
    assert arguments["x-delivery-limit"] >= 50
    assert not {"x-max-length", "x-max-length-bytes", "x-expires"} & set(arguments)
    assert ("x-message-ttl" in arguments) is (queue == PARK)


def test_definitions_say_the_same() -> None:
    """For brokers that load them at their start."""
    topology = topology_of([MAKE, HEAR])

    loaded = definitions(topology, vhost="bellhop")

    assert {one["name"]: one["arguments"] for one in loaded["queues"]} == topology.queues
    assert {(one["source"], one["destination"], one["routing_key"]) for one in loaded["bindings"]} == topology.bindings
    assert {one["name"]: (one["type"], one["arguments"]) for one in loaded["exchanges"]} == {
        name: (exchange.type, exchange.arguments) for name, exchange in topology.exchanges.items()
    }
    assert {one["vhost"] for part in loaded.values() for one in part} == {"bellhop"}
