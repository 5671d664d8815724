"""Chooses what is published next, fairly over destinations and tenants, and sees it through.

One thread, one connection. Its lookout finds who waits, `shares` what is under way. Nothing is held open while RabbitMQ is
waited for: several batches are on their way at a time, and a queue that does not confirm holds only its own.
"""

import threading
from collections import defaultdict
from collections.abc import Iterable
from time import monotonic

import structlog

from services.relay import looking
from services.relay.lanes import CONFIRM_SECONDS, STALL_SECONDS, Lane, Sent
from services.relay.lookout import Lookout
from services.relay.repository import Connection, OutboxRow
from services.relay.settings import RelaySettings
from services.relay.shares import Pool, QueueShare

ON_THEIR_WAY = 3
"""Batches of one destination that may be unconfirmed at a time: while RabbitMQ writes one, the next is read."""
FOREVER_SECONDS = 1_800.0
"""Longer than any job may take and be tried: what was published before that and is not in the inbox is not waited for."""
UNHEARD_AT_A_TIME = 20
"""Commands that nobody hears end one by one, as failed jobs: whoever has many of them must not keep the others waiting."""

log = structlog.get_logger("bellhop.relay")


class Dispatcher:
    """`hear` from any thread; `run` in its own."""

    def __init__(self, lane: Lane, settings: RelaySettings) -> None:
        self.lane, self.routes, self.settings = lane, lane.routes, settings
        self.wake = threading.Event()
        self._lookout = Lookout(self.routes, settings.poll_seconds)
        self._waiting = self._lookout.waiting
        self._must_forget = False
        self._shares: dict[str, QueueShare] = defaultdict(QueueShare)
        self._sent: list[Sent] = []
        self._confirmed_at = 0.0
        self._connections = 0

    def hear(self, ids: Iterable[int] = ()) -> None:
        """These rows were committed; without ids, something was."""
        self._lookout.hear(ids)
        self.wake.set()

    def forget_under_way(self) -> None:
        """What was published is no longer known to be in its queues: they were made anew."""
        self._must_forget = True
        self.wake.set()

    def run(self, connection: Connection, stop: threading.Event) -> None:
        """Until `stop`. Raises psycopg.Error; whatever it remembers is found again on the next connection."""
        self._sent.clear()
        self._lookout.begin(connection)
        while not stop.is_set():
            if not self.lane.publisher.wait_up(0.5) or not self.routes.subscriptions:
                stop.wait(0.05)
                self._settle(connection)
                continue
            self._forget_if_broken()
            self._lookout.look(connection, (row.id for sent in self._sent for row in sent.rows))
            moved = self._send(connection)
            moved |= self._settle(connection)
            if not moved:
                self.wake.wait(self._patience())
                self.wake.clear()
        self._see_through(connection)

    def tenants_waiting(self, queue: str) -> int:
        """How many tenants wait for a queue, as far as is known. For figures: from any thread."""
        return self._waiting.count_tenants(queue)

    def under_way(self, queue: str) -> int:
        """How many messages of a queue are under way, as far as is known. For figures: from any thread."""
        share = self._shares.get(queue)
        return 0 if share is None else share.total

    def _see_through(self, connection: Connection) -> None:
        end = monotonic() + CONFIRM_SECONDS
        while self._sent and monotonic() < end:
            if not self._settle(connection):
                self.wake.wait(0.05)
                self.wake.clear()

    def _forget_if_broken(self) -> None:
        """A new connection may be to a broker that has lost its queues."""
        if self._connections != self.lane.publisher.connections:
            self._connections, self._must_forget = self.lane.publisher.connections, True
        if self._must_forget:
            self._must_forget = False
            self._shares.clear()

    def _send(self, connection: Connection) -> bool:
        if not self.lane.moves.may_publish(connection):
            return False
        ids = self._choose(connection)
        if not ids:
            return False
        rows = looking.claim(connection, ids)
        found = {row.id for row in rows}
        self._waiting.let_go(one for one in ids if one not in found)
        self._note_under_way(rows)
        sent = self.lane.publish_fresh(connection, rows)
        gone = {row.id for one in sent for row in one.rows}
        self._drop([row for row in rows if row.id not in gone])
        for one in sent:
            self._sent.append(one)
            one.receipt.tell(self.wake.set)
        return True

    def _choose(self, connection: Connection) -> list[int]:
        """The next ids, of each target an equal part of the batch."""
        on_their_way: dict[str, int] = defaultdict(int)
        for sent in self._sent:
            on_their_way[self._target(sent.rows[0])] += 1
        targets = [one for one in self._waiting.targets() if on_their_way[one] < ON_THEIR_WAY]
        each = max(1, self.settings.batch // max(1, len(targets)))
        chosen = {target: self._choose_from(target, each) for target in targets}
        for target in self._ask(connection, [target for target, ids in chosen.items() if not ids]):
            chosen[target] = self._choose_from(target, each)
        return [one for ids in chosen.values() for one in ids]

    def _choose_from(self, target: str, most: int) -> list[int]:
        if not self.routes.is_held_back(target):
            most = most if self._lookout.is_known(target) else min(most, UNHEARD_AT_A_TIME)
            return self._waiting.take(target, most, lambda _: most)
        share, pool, now = self._shares[target], self._pool(target), monotonic()
        room = min(most, share.limit(pool, self.settings.window, now) - share.total)
        if room <= 0:
            return []
        part = self.settings.share
        return self._waiting.take(
            target, room, lambda whose: share.share_of(whose, pool, part, now) - share.under_way(whose)
        )

    def _pool(self, target: str) -> Pool:
        """Who works there. Where nobody says so, as if a worker held a window's worth."""
        return self.routes.pools.get(target, Pool(self.settings.window, 0))

    def _ask(self, connection: Connection, targets: Iterable[str]) -> list[str]:
        """Ask the inbox what has ended of these, wherever it is time to: all at once, since who waits for something else
        waits for each question. Returns where something has.
        """
        now = monotonic()
        due = {one: share for one in targets if (share := self._shares.get(one)) is not None and share.is_due(now)}
        for share in due.values():
            share.expire(FOREVER_SECONDS, now)
        questions = [message for share in due.values() for message in share.questions()]
        found = looking.standings(connection, questions) if questions else {}
        return [
            target for target, share in due.items() if share.learn(found.get(self.routes.service_of(target), {}), now)
        ]

    def _target(self, row: OutboxRow) -> str:
        return self.routes.target_of(row.queue or row.kind)

    def _note_under_way(self, rows: Iterable[OutboxRow]) -> None:
        now = monotonic()
        for row in rows:
            target = self._target(row)
            if self.routes.is_held_back(target):
                self._shares[target].sent(row.tenant, [(row.message_id, row.turn)], now)

    def _drop(self, rows: Iterable[OutboxRow]) -> None:
        """These are neither waiting nor under way: put off, or not confirmed."""
        for row in rows:
            self._waiting.let_go([row.id])
            target = self._target(row)
            if target in self._shares:
                self._shares[target].unsent(row.tenant, row.message_id)

    def _settle(self, connection: Connection) -> bool:
        """Write down every batch that has its answers, or is not waited for any longer. Whether there was one."""
        now = monotonic()
        over = [sent for sent in self._sent if sent.receipt.complete or self._is_stalled(sent, now)]
        if well := [sent for sent in over if sent.went_well]:
            self.lane.settle_what_went_well(connection, well)
        for sent in over:
            missing = [] if sent in well else self.lane.settle_fresh(connection, sent)
            self._sent.remove(sent)
            if len(missing) < len(sent.rows):
                self._confirmed_at = monotonic()
            self._waiting.let_go(row.id for row in sent.rows)
            self._drop(missing)
            if missing and sent.receipt.lost:
                self._lookout.scan_again()
        return bool(over)

    def _is_stalled(self, sent: Sent, now: float) -> bool:
        """Nothing comes in time; or the broker works, confirms others, and what is missing hangs on its own queue."""
        waited = now - sent.since
        return waited > CONFIRM_SECONDS or (waited > STALL_SECONDS and self._confirmed_at > sent.since)

    def _patience(self) -> float:
        """How long to wait for anything to happen."""
        now, ends = monotonic(), [self.settings.poll_seconds]
        if self._sent:
            ends.append(0.1)
        ends += [
            max(0.001, share.asked_at + share.pause - now)
            for target in self._waiting.targets()
            if (share := self._shares.get(target)) is not None
        ]
        return min(ends)
