"""The queues of RabbitMQ, as people ask for them."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.console.adapters.rabbitmq import QueueCount, count_by_declares, count_by_management
from services.console.operations.database import transaction
from services.console.repository import Backlog, Messages
from services.console.settings import ConsoleSettings
from shared import discovery
from shared.messaging.topology import PARK, UNROUTABLE, Topology, dead_letter_queue, subscriptions_of, topology_of


@dataclass(frozen=True, slots=True)
class Queue:
    """One queue. `waiting` are its commands in PostgreSQL, `ready` and `unacked` its messages in RabbitMQ: `ready` is None
    where the queue is not there, `unacked` where nobody tells. `organisations` says whose they are, the most first.
    """

    name: str
    ready: int | None
    unacked: int | None
    consumers: int
    dead_letters: int
    waiting: int = 0
    oldest: float = 0.0
    organisations: tuple[Backlog, ...] = ()

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
    with transaction(settings) as session:
        backlogs = Messages(session).backlogs()
    return [_queue(name, counts, backlogs) for name in (*topology.work_queues, PARK, UNROUTABLE)]


def _queue(name: str, counts: dict[str, QueueCount], backlogs: Sequence[Backlog]) -> Queue:
    count, dead = counts.get(name), counts.get(dead_letter_queue(name))
    whose = tuple(one for one in backlogs if one.queue == name)
    return Queue(
        name,
        ready=None if count is None else count.ready,
        unacked=None if count is None else count.unacked,
        consumers=0 if count is None else count.consumers,
        dead_letters=0 if dead is None else dead.ready,
        waiting=sum(one.waiting for one in whose),
        oldest=max((one.oldest for one in whose), default=0.0),
        organisations=whose,
    )
