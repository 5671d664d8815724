"""What is left when everything has come to rest: the same few numbers at the end of every test here."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.messaging.topology import Topology
from tests.support.databases import Database
from tests.support.vhosts import VirtualHost

Effects = Mapping[tuple[int, str], int]
STEPS = ("made", "packed", "heard")
"""What one MakeToy leads to: its own row, that of the command, and that of the event which it publishes."""


@dataclass(frozen=True)
class Account:
    """Everything that a fault could have lost, doubled or left behind. Rest is what its defaults say."""

    effects: Effects
    failed: Mapping[str, int] = field(default_factory=dict)
    unfinished: int = 0
    outbox: int = 0
    scheduled: int = 0
    leases: int = 0
    unfinished_starts: int = 0
    queues: Mapping[str, int] = field(default_factory=dict)


def once(numbers: Iterable[int], steps: Iterable[str] = STEPS) -> dict[tuple[int, str], int]:
    """Each of these effects, one time."""
    return {(number, step): 1 for number in numbers for step in steps}


def effects_in(database: Database) -> Effects:
    """How often each effect was committed."""
    rows = database.query("SELECT number, what, count(*) FROM toyshop.effect GROUP BY number, what")
    return {(int(number), str(what)): int(count) for number, what, count in rows}


def waiting_in(vhost: VirtualHost, topology: Topology) -> dict[str, int]:
    """Messages that are ready, in the queues that have any."""
    connection = vhost.connect()
    try:
        channel = connection.channel()
        counts = {name: channel.queue_declare(name, passive=True).method.message_count for name in topology.queues}
    finally:
        connection.close()
    return {name: count for name, count in counts.items() if count}


def account(database: Database, vhost: VirtualHost, topology: Topology) -> Account:
    """Count everything."""
    reasons = Counter(reason for (reason,) in database.query("SELECT reason FROM messaging.failed_job"))
    unfinished, outbox, scheduled, leases, unfinished_starts = database.query(
        "SELECT (SELECT count(*) FROM messaging.inbox WHERE status NOT IN ('done', 'failed')),"
        " (SELECT count(*) FROM messaging.outbox), (SELECT count(*) FROM messaging.scheduled),"
        " (SELECT count(*) FROM messaging.lease), (SELECT count(*) FROM messaging.unfinished_start)"
    )[0]
    return Account(
        effects_in(database),
        dict(reasons),
        unfinished,
        outbox,
        scheduled,
        leases,
        unfinished_starts,
        waiting_in(vhost, topology),
    )


def look_into(vhost: VirtualHost, queue: str) -> list[tuple[int, bool, int]]:
    """(number, redelivered, times delivered before) of each message that lies in a queue. They are put back."""
    connection = vhost.connect()
    channel: Any = connection.channel()
    found = []
    while True:
        method, properties, body = channel.basic_get(queue)
        if method is None:
            break
        headers = properties.headers or {}
        number = int(body.partition(b'"number":')[2].partition(b",")[0].strip(b" }"))
        found.append((number, bool(method.redelivered), int(headers.get("x-delivery-count", 0))))
    connection.close()
    return sorted(found)
