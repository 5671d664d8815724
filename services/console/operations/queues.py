"""The queues of RabbitMQ, as people ask for them."""

from dataclasses import dataclass

from services.console.adapters.rabbitmq import QueueCount, count_by_declares, count_by_management
from services.console.settings import ConsoleSettings
from shared import discovery
from shared.messaging.topology import PARK, UNROUTABLE, Topology, dead_letter_queue, subscriptions_of, topology_of


@dataclass(frozen=True, slots=True)
class Queue:
    """One queue. `ready` is None where it is not there; `unacked` where nobody tells."""

    name: str
    ready: int | None
    unacked: int | None
    consumers: int
    dead_letters: int

    @property
    def is_there(self) -> bool:
        return self.ready is not None


def expected_topology(settings: ConsoleSettings) -> Topology:
    """What the deployed services need in RabbitMQ."""
    deployed = discovery.services(settings.bellhop_services)
    return topology_of(subscriptions_of(actor for name in deployed for actor in discovery.actor_declarations(name)))


def list_queues(settings: ConsoleSettings) -> list[Queue]:
    """Every queue that should be there, work queues first. Raises BrokerUnreachableError, NoBrokerError."""
    topology, rabbitmq_url = expected_topology(settings), settings.need_broker()
    if settings.rabbitmq_management_url:
        counts = count_by_management(settings.rabbitmq_management_url, rabbitmq_url)
    else:
        counts = count_by_declares(rabbitmq_url, topology.queues)
    return [_queue(name, counts) for name in (*topology.work_queues, PARK, UNROUTABLE)]


def _queue(name: str, counts: dict[str, QueueCount]) -> Queue:
    count, dead = counts.get(name), counts.get(dead_letter_queue(name))
    dead_letters = dead.ready if dead is not None else 0
    if count is None:
        return Queue(name, None, None, 0, dead_letters)
    return Queue(name, count.ready, count.unacked, count.consumers, dead_letters)
