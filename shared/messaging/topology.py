"""All that Bellhop has in RabbitMQ, in one place: queues, exchanges, bindings and their arguments.

`make migrate` declares it; services do not. A queue's arguments never change: a changed queue gets a new name.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from shared.messaging.actor import ActorDeclaration
from shared.messaging.envelope import EVENTS_EXCHANGE
from shared.messaging.queues import refuse_mixed_queues

PARK = "bellhop.park"
PARK_SECONDS = 30
DUE_EXCHANGE = "bellhop.due"
UNROUTABLE = "bellhop.unroutable"

WORK_DELIVERY_LIMIT = 50
"""A last resort: each unacknowledged message of a consumer that goes away counts one, guilty or not."""
KEPT_DELIVERY_LIMIT = 1_000_000
"""For queues whose messages must never be dropped. RabbitMQ 4's default of 20 deletes them, and -1 means "never" on 4
but "at once" on 3.10."""


def dead_letter_queue(queue: str) -> str:
    """Where the dead letters of a queue go: Dramatiq's own name for it."""
    return f"{queue}.XQ"


def work_queue_arguments(queue: str) -> dict[str, Any]:
    """A quorum queue that hands every dead letter on at least once. It has no length limit: one full queue of an
    event would make the whole publish fail.
    """
    return {
        "x-queue-type": "quorum",
        "x-delivery-limit": WORK_DELIVERY_LIMIT,
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": dead_letter_queue(queue),
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }


def kept_queue_arguments() -> dict[str, Any]:
    """A quorum queue whose messages wait for the relay, for ever if need be."""
    return {"x-queue-type": "quorum", "x-delivery-limit": KEPT_DELIVERY_LIMIT}


def park_queue_arguments() -> dict[str, Any]:
    """The only queue in which the broker delays: 30 s, while PostgreSQL is away. The routing key stays, so that each
    message comes back to the queue it was taken from.
    """
    return {
        **kept_queue_arguments(),
        "x-message-ttl": PARK_SECONDS * 1000,
        "x-dead-letter-exchange": DUE_EXCHANGE,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }


@dataclass(frozen=True, slots=True)
class Subscription:
    """One consumer: a service hears a kind on a queue. `on_failure` is the kind published when it finally fails."""

    service: str
    kind: str
    queue: str
    is_event: bool
    on_failure: str | None = None


@dataclass(frozen=True, slots=True)
class Exchange:
    type: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Topology:
    """What is declared. `bindings` are (exchange, queue, routing key)."""

    queues: Mapping[str, Mapping[str, Any]]
    exchanges: Mapping[str, Exchange]
    bindings: frozenset[tuple[str, str, str]]
    subscriptions: tuple[Subscription, ...]

    @property
    def work_queues(self) -> list[str]:
        return sorted({subscription.queue for subscription in self.subscriptions})


def subscriptions_of(declarations: Iterable[ActorDeclaration]) -> list[Subscription]:
    """The consumers that actors stand for. Raises ValueError where a queue would hold commands and events."""
    known = list(declarations)
    refuse_mixed_queues(known)
    return [
        Subscription(
            declaration.service,
            declaration.kind,
            declaration.queue,
            declaration.is_event,
            declaration.policy.on_failure.kind if declaration.policy.on_failure else None,
        )
        for declaration in known
    ]


def topology_of(subscriptions: Iterable[Subscription]) -> Topology:
    """The whole topology that these consumers need."""
    known = tuple(sorted(set(subscriptions), key=lambda one: (one.service, one.kind)))
    queues: dict[str, Mapping[str, Any]] = {PARK: park_queue_arguments(), UNROUTABLE: kept_queue_arguments()}
    bindings = {(PARK, PARK, ""), (UNROUTABLE, UNROUTABLE, "")}
    for subscription in known:
        queue = subscription.queue
        queues[queue] = work_queue_arguments(queue)
        queues[dead_letter_queue(queue)] = kept_queue_arguments()
        bindings.add((DUE_EXCHANGE, queue, queue))
        if subscription.is_event:
            bindings.add((EVENTS_EXCHANGE, queue, subscription.kind))
    exchanges = {
        EVENTS_EXCHANGE: Exchange("topic", {}),
        PARK: Exchange("fanout", {}),
        UNROUTABLE: Exchange("fanout", {}),
        DUE_EXCHANGE: Exchange("direct", {"alternate-exchange": UNROUTABLE}),
    }
    return Topology(queues, exchanges, frozenset(bindings), known)


def declare(channel: Any, topology: Topology) -> None:
    """Declare everything on a blocking channel. Harmless where it is there already.

    Raises pika's ChannelClosedByBroker (406) if something of the same name has other arguments.
    """
    declare_exchanges(channel, topology)
    for name, arguments in topology.queues.items():
        channel.queue_declare(name, durable=True, arguments=dict(arguments))
    bind(channel, topology)


def declare_exchanges(channel: Any, topology: Topology) -> None:
    """Declare every exchange, and nothing else."""
    for name, exchange in topology.exchanges.items():
        channel.exchange_declare(name, exchange.type, durable=True, arguments=dict(exchange.arguments))


def bind(channel: Any, topology: Topology) -> None:
    """Bind every queue: what the relay does again whenever it connects, since a young binding can vanish."""
    for exchange, queue, key in sorted(topology.bindings):
        channel.queue_bind(queue, exchange, key)


def unbind_former(channel: Any, topology: Topology) -> None:
    """Take off what bound an event to another queue of a service that hears it: it was heard there a release ago.

    Only once the new queue is bound; until then both get it, and the inbox knows the second for a copy.
    """
    heard = {(one.service, one.kind): one.queue for one in topology.subscriptions if one.is_event}
    queues = {(one.service, one.queue) for one in topology.subscriptions}
    for (service, kind), queue in sorted(heard.items()):
        for other in sorted(name for owner, name in queues if owner == service and name != queue):
            channel.queue_unbind(other, EVENTS_EXCHANGE, kind)


def definitions(topology: Topology, vhost: str = "/") -> dict[str, Any]:
    """The same as RabbitMQ's definitions file, for deployments that load it at the start of the broker."""
    return {
        "queues": [
            {"name": name, "vhost": vhost, "durable": True, "auto_delete": False, "arguments": dict(arguments)}
            for name, arguments in sorted(topology.queues.items())
        ],
        "exchanges": [
            {
                "name": name,
                "vhost": vhost,
                "type": exchange.type,
                "durable": True,
                "auto_delete": False,
                "internal": False,
                "arguments": dict(exchange.arguments),
            }
            for name, exchange in sorted(topology.exchanges.items())
        ],
        "bindings": [
            {
                "source": exchange,
                "vhost": vhost,
                "destination": queue,
                "destination_type": "queue",
                "routing_key": key,
                "arguments": {},
            }
            for exchange, queue, key in sorted(topology.bindings)
        ],
    }
