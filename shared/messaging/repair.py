"""`bellhop repair`: RabbitMQ as the database says it should be. Queues, exchanges and bindings that are gone, queues that
lost their leader, and messages that the broker confirmed and has lost.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from shared.database.connections import connect
from shared.errors import PermanentError, TransientError
from shared.messaging.broker_connections import open_connection
from shared.messaging.inbox import Connection
from shared.messaging.leaders import Damage, MembersOf, find_damage
from shared.messaging.notifier import CHANNEL, REPAIRED
from shared.messaging.queue_answers import ANSWER_SECONDS
from shared.messaging.republishing import MIN_AGE_SECONDS, Tell, count_missing, publish_missing
from shared.messaging.subscriptions import read_subscriptions
from shared.messaging.topology import Topology, bind, declare_exchanges, topology_of

SETTLE_SECONDS = 5.0
FORGET_SECONDS = 1.0
"""A quorum queue that is deleted and at once declared again keeps its consumers without their knowing: what they are
given never reaches them. In between they are cancelled, and consume again."""
REPAIR_LOCK = 0x7265706169720001
"""Advisory lock of PostgreSQL that a repair holds while it changes things."""
RELEASE_SLICE = 10_000

_RELEASE = """
UPDATE messaging.outbox SET not_before = clock_timestamp() WHERE id IN (
    SELECT id FROM messaging.outbox WHERE not_before > clock_timestamp() LIMIT %s FOR UPDATE SKIP LOCKED)
"""


class RepairUnderWayError(TransientError):
    """Another repair changes things at this moment."""

    code = "repair_under_way"


class UnknownQueueError(PermanentError):
    """A queue that is to be recreated is none of Bellhop's."""

    code = "unknown_queue"


@dataclass(frozen=True, slots=True)
class Repaired:
    """What `repair` did or, unless `applied`, what it would do.

    `declared`: queues that were not there; `recreated`: those that had no leader, or were named. `unproven`: queues that
    give no answer, and why they were left alone. `released`: outbox rows that waited and may go at once.
    `republished`: messages that are published again, by queue.
    """

    applied: bool
    checked: int
    declared: tuple[str, ...] = ()
    recreated: tuple[str, ...] = ()
    unproven: Mapping[str, str] = field(default_factory=dict)
    released: int = 0
    republished: Mapping[str, int] = field(default_factory=dict)


def repair(
    database_url: str,
    rabbitmq_url: str,
    *,
    apply: bool = False,
    force: Sequence[str] = (),
    members_of: MembersOf | None = None,
    settle: Callable[[float], None] = time.sleep,
    seconds: float = ANSWER_SECONDS,
    min_age: float = MIN_AGE_SECONDS,
    tell: Tell = lambda _: None,
) -> Repaired:
    """Say what is to be done, and do it with `apply`. Harmless to repeat.

    `force` names queues that are recreated without proof; what they hold is published again, but for what others than
    Bellhop sent. Raises BrokerSilentError, UnknownQueueError, RepairUnderWayError, pika's AMQPConnectionError: nothing was
    changed then.
    """
    with connect(database_url, "repair", settings={"work_mem": "128MB", "jit": "off"}) as database:
        topology = topology_of(read_subscriptions(database))
        if unknown := sorted(set(force) - set(topology.queues)):
            raise UnknownQueueError(
                f"no queue of Bellhop's is called {', '.join(unknown)}: `bellhop queues` lists them"
            )
        with _alone(database) if apply else _as_it_is():
            damage = _judged(find_damage(rabbitmq_url, topology, members_of, seconds), force)
            plan = Repaired(apply, damage.checked, damage.missing, damage.leaderless, damage.unproven)
            left_alone = list(damage.unproven)
            if not apply:
                return replace(plan, republished=count_missing(database, left_alone, tell, min_age))
            _make_whole(rabbitmq_url, topology, damage, settle)
            with connect(database_url, "repair") as writing:
                again = publish_missing(database, writing, left_alone, tell, min_age)
                released = _release(writing)
                writing.execute("SELECT pg_notify(%s, 'repaired'), pg_notify(%s, '')", (REPAIRED, CHANNEL))
            return replace(plan, released=released, republished=again)


def _judged(damage: Damage, force: Sequence[str]) -> Damage:
    """What a person has named needs no proof."""
    named = tuple(queue for queue in force if queue not in damage.leaderless and queue not in damage.missing)
    unproven = {queue: why for queue, why in damage.unproven.items() if queue not in named}
    return replace(damage, leaderless=damage.leaderless + named, unproven=unproven)


@contextmanager
def _alone(database: Connection) -> Iterator[None]:
    row = database.execute("SELECT pg_try_advisory_lock(%s)", (REPAIR_LOCK,)).fetchone()
    if row is None or not row[0]:
        raise RepairUnderWayError("another repair is under way: wait for its end; nothing was changed")
    try:
        yield
    finally:
        if not database.broken:
            database.execute("SELECT pg_advisory_unlock(%s)", (REPAIR_LOCK,))


@contextmanager
def _as_it_is() -> Iterator[None]:
    yield


def _make_whole(rabbitmq_url: str, topology: Topology, damage: Damage, settle: Callable[[float], None]) -> None:
    """Declare whatever is not there, and recreate what has no leader. What is published to a queue meanwhile comes back to
    the relay, and waits there.
    """
    connection = open_connection(rabbitmq_url, "repair")
    try:
        channel = connection.channel()
        for queue in damage.leaderless:
            channel.queue_delete(queue)
        if damage.leaderless:
            settle(FORGET_SECONDS)
        declare_exchanges(channel, topology)
        for queue in (*damage.missing, *damage.leaderless):
            channel.queue_declare(queue, durable=True, arguments=dict(topology.queues[queue]))
        bind(channel, topology)
    finally:
        if connection.is_open:
            connection.close()
    if damage.missing or damage.leaderless:
        settle(SETTLE_SECONDS)


def _release(database: Connection) -> int:
    """Let what waits in the outbox, because it was refused, go at once."""
    released = 0
    while count := database.execute(_RELEASE, (RELEASE_SLICE,)).rowcount:
        released += count
    return released
