"""Which queues have provably lost their leader. Silence alone proves nothing: a broker that stalls, a slow disk and a
machine that was paused are silent too.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from shared.errors import TransientError
from shared.messaging.queue_answers import queues_not_there, queues_without_answer
from shared.messaging.topology import Topology


@dataclass(frozen=True, slots=True)
class Members:
    """What RabbitMQ's management API says of a quorum queue: its members, those that are up, and how many messages its
    leader last told of (None where no leader has told of any since the broker started).
    """

    all: frozenset[str]
    online: frozenset[str]
    messages: int | None


MembersOf = Callable[[str], Members | None]
"""Asks for the members of a queue; None where it cannot be known."""


class BrokerSilentError(TransientError):
    """No queue answers: the broker stalls, is paused, or cannot be reached. Nothing follows from that for any queue."""

    code = "broker_silent"


@dataclass(frozen=True, slots=True)
class Damage:
    """What is wrong with the queues. `missing`: RabbitMQ says that they are not there. `leaderless`: they provably have
    no leader. `unproven`: they give no answer, and why that proves nothing.
    """

    checked: int
    missing: tuple[str, ...] = ()
    leaderless: tuple[str, ...] = ()
    unproven: Mapping[str, str] = field(default_factory=dict)


def find_damage(rabbitmq_url: str, topology: Topology, members_of: MembersOf | None, seconds: float) -> Damage:
    """Ask all queues. Raises BrokerSilentError, pika's AMQPConnectionError.

    A queue has no leader if it was silent twice while others answered, before and after, if all of its members are up,
    and if no leader has told of messages in it.
    """
    missing = queues_not_there(rabbitmq_url, topology.queues)
    there = [queue for queue in topology.queues if queue not in missing]
    silent = queues_without_answer(rabbitmq_url, there, seconds)
    if silent and len(silent) == len(there):
        raise BrokerSilentError(
            f"none of {len(there)} queues answered in {seconds:.0f} s: RabbitMQ stalls or is paused, which says nothing "
            "about its queues; nothing was changed. Look after the broker, and run `bellhop repair` again"
        )
    verdicts = _judge(rabbitmq_url, silent, [queue for queue in there if queue not in silent], members_of, seconds)
    return Damage(
        len(topology.queues),
        tuple(missing),
        tuple(queue for queue, why in verdicts.items() if why is None),
        {queue: why for queue, why in verdicts.items() if why is not None},
    )


def _judge(
    rabbitmq_url: str, silent: list[str], others: list[str], members_of: MembersOf | None, seconds: float
) -> dict[str, str | None]:
    """Why each silent queue is not proved to be without a leader; None where it is. Those that answer now are left out."""
    if not silent:
        return {}
    still = queues_without_answer(rabbitmq_url, [*silent, *others], seconds)
    if set(others) & set(still):
        return dict.fromkeys(silent, "queues that answered a moment ago are silent as well: the broker is slow")
    return {queue: _why_unproven(queue, members_of) for queue in silent if queue in still}


def _why_unproven(queue: str, members_of: MembersOf | None) -> str | None:
    members = members_of(queue) if members_of is not None else None
    if members is None:
        return "its members are not known: set RABBITMQ_MANAGEMENT_URL"
    if not members.all:
        return "RabbitMQ names no members of it"
    if down := members.all - members.online:
        return f"it waits for {', '.join(sorted(down))}, which is down"
    if members.messages:
        return f"it had a leader, which told of {members.messages} messages"
    return None
