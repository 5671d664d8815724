"""What `make migrate` does for messages: write down who hears what, declare it in RabbitMQ, and wait until it holds."""

import time
from collections.abc import Callable, Iterable
from datetime import datetime

import pika
import pika.exceptions

from shared.database.connections import connect
from shared.errors import TransientError
from shared.messaging.actor import ActorDeclaration
from shared.messaging.broker_connections import open_connection
from shared.messaging.memory import SCHEME
from shared.messaging.queue_answers import queues_not_there, queues_without_answer
from shared.messaging.subscriptions import write_subscriptions
from shared.messaging.topology import Topology, declare, subscriptions_of, topology_of

SETTLE_SECONDS = 5.0
"""A quorum queue whose broker is killed in its first second can stay without a leader for ever, and a young binding
can vanish: so nothing is published before all of them are this old."""
ANSWER_SECONDS = 60.0


class BrokerNotReadyError(TransientError):
    """A queue was declared and does not answer: it has no leader. `bellhop repair` deletes and recreates it."""

    code = "broker_not_ready"


def set_up_messaging(
    database_url: str,
    rabbitmq_url: str,
    declarations: Iterable[ActorDeclaration],
    *,
    settle: Callable[[float], None] = time.sleep,
) -> Topology:
    """Make database and broker agree with the actors that are deployed. Harmless to repeat, and quick then.

    Raises BrokerNotReadyError if a queue does not answer within a minute.
    """
    topology = topology_of(subscriptions_of(declarations))
    since = _clock(database_url)  # before anything is bound: what is heard from then on is not missed
    if not rabbitmq_url.startswith(SCHEME):
        _declare_and_wait(rabbitmq_url, topology, settle)
    # Only now: a relay that runs already publishes to whatever is written here.
    with connect(database_url, "setup", autocommit=False) as connection:
        write_subscriptions(connection, topology.subscriptions, since)
    return topology


def _declare_and_wait(rabbitmq_url: str, topology: Topology, settle: Callable[[float], None]) -> None:
    connection = open_connection(rabbitmq_url, "setup")
    try:
        is_new = bool(queues_not_there(rabbitmq_url, topology.queues))
        declare(connection.channel(), topology)
    finally:
        connection.close()
    if is_new:
        settle(SETTLE_SECONDS)
    _wait_for_answers(rabbitmq_url, topology)


def _clock(database_url: str) -> datetime:
    with connect(database_url, "setup") as connection:
        row = connection.execute("SELECT clock_timestamp()").fetchone()
        assert row is not None
        since: datetime = row[0]
        return since


def _wait_for_answers(rabbitmq_url: str, topology: Topology) -> None:
    end = time.monotonic() + ANSWER_SECONDS
    silent = list(topology.queues)
    while silent := _still_silent(rabbitmq_url, silent):
        if time.monotonic() > end:
            raise BrokerNotReadyError(
                f"{', '.join(silent)} did not answer for {ANSWER_SECONDS:.0f} s: run `bellhop repair`"
            )


def _still_silent(rabbitmq_url: str, queues: list[str]) -> list[str]:
    try:
        return queues_without_answer(rabbitmq_url, queues)
    except pika.exceptions.AMQPConnectionError:
        return queues
