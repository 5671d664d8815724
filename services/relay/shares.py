"""How much of a queue may be under way, and how much of that may be one tenant's. Rules only, no SQL.

Under way is what was published and has not ended: a job that runs cannot be taken back, so what one tenant may hold is
kept before the queue, also while nobody else waits. Of each queue RabbitMQ is given what its consumers hold and a window
of what is about to be done; of that no tenant has more than its share of the pool's threads, or a moment of its own rate
where its jobs are quick: 0.2 s while it is alone, and 0.03 s while others come, who wait for as much. A floor for the
window would undo this: with 500 in the queue, others waited for all of them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from math import exp
from uuid import UUID

WINDOW_SECONDS = 0.25
"""Of a queue's own rate: with less, a queue of quick jobs runs dry between two looks (0.1 s cost 5 % in a trial)."""
ALONE_SECONDS, SHARED_SECONDS = 0.2, 0.03
"""Of a tenant's own rate: what the queue runs dry without, and what somebody else may have to wait for."""
COMPANY_SECONDS = 5.0
"""So long after somebody else's last message a tenant is not alone."""
STEADY_SECONDS = 0.25
"""Over how long a rate is averaged: a burst of a few quick jobs is no rate, or they would make room for slow ones."""
SOONEST_SECONDS, LATEST_SECONDS = 0.01, 0.25
"""Between two questions to the inbox: at once where things move, growing where nothing does."""
MOST_ASKED = 1_000


@dataclass(frozen=True, slots=True)
class Pool:
    """Who works on a queue: threads, and messages that they may hold."""

    threads: int
    prefetch: int


@dataclass(slots=True)
class Rate:
    """How many end in a second, of late."""

    value: float = 0.0
    since: float = 0.0

    def at(self, now: float) -> float:
        """The rate, worn by the time in which nothing was heard."""
        return self.value * exp(-max(0.0, now - self.since) / STEADY_SECONDS)

    def learn(self, ended: int, begun: float, now: float) -> None:
        """So many have ended since it was learned last, or since `begun`, when the first of them began."""
        begun = max(self.since, begun)
        before, seconds = self.at(begun), max(now - begun, 0.001)
        weight = 1 - exp(-seconds / STEADY_SECONDS)
        self.value, self.since = before + (ended / seconds - before) * weight, now


@dataclass(slots=True)
class _Tenant:
    rate: Rate = field(default_factory=Rate)
    sent: dict[UUID, tuple[int, float]] = field(default_factory=dict)
    """By message: its turn, and when it was published; the oldest first."""


class QueueShare:
    """What is under way of one queue."""

    def __init__(self) -> None:
        self.rate = Rate()
        self.pause = SOONEST_SECONDS
        self.asked_at = 0.0
        self._tenants: dict[UUID, _Tenant] = {}
        self._latest: tuple[UUID | None, float] = (None, -COMPANY_SECONDS)
        self._before: tuple[UUID | None, float] = self._latest
        """The last two tenants of whom something was published, and when."""

    @property
    def total(self) -> int:
        return sum(len(one.sent) for one in list(self._tenants.values()))

    def under_way(self, tenant: UUID) -> int:
        known = self._tenants.get(tenant)
        return 0 if known is None else len(known.sent)

    def sent(self, tenant: UUID, messages: Iterable[tuple[UUID, int]], now: float) -> None:
        """These were published: (message, turn)."""
        known = self._tenants.setdefault(tenant, _Tenant())
        if self._latest[0] != tenant:
            self._before = self._latest
        self._latest = (tenant, now)
        for message_id, turn in messages:
            known.sent.pop(message_id, None)
            known.sent[message_id] = (turn, now)

    def share_of(self, tenant: UUID, pool: Pool, share: float, now: float) -> int:
        """How much of one tenant may be under way."""
        known = self._tenants.get(tenant)
        own = 0.0 if known is None else known.rate.at(now) * self._moment_of(tenant, now)
        return max(1, int(pool.threads * share), int(own))

    def _moment_of(self, tenant: UUID, now: float) -> float:
        _, seen = self._before if self._latest[0] == tenant else self._latest
        return SHARED_SECONDS if now - seen < COMPANY_SECONDS else ALONE_SECONDS

    def limit(self, pool: Pool, floor: int, now: float) -> int:
        """How much of all tenants may be under way: what consumers hold, and the window before them."""
        window = max(pool.prefetch, int(self.rate.at(now) * WINDOW_SECONDS))
        return max(floor, pool.prefetch + window)

    def is_due(self, now: float) -> bool:
        """Whether it is time to ask what has ended."""
        return now - self.asked_at >= self.pause

    def questions(self) -> list[UUID]:
        """Messages to ask the inbox for: the oldest of each tenant."""
        each = max(4, MOST_ASKED // max(1, len(self._tenants)))
        return [one for known in self._tenants.values() for one in islice(known.sent, each)][:MOST_ASKED]

    def learn(self, standings: Mapping[UUID, tuple[str, int]], now: float) -> int:
        """What the inbox said, (status, turn) by message. Returns how many have ended."""
        ended, first = 0, now
        for known in self._tenants.values():
            gone = [one for one, (turn, _) in known.sent.items() if one in standings and _is_over(standings[one], turn)]
            begun = min((known.sent[one][1] for one in gone), default=known.rate.since)
            for one in gone:
                del known.sent[one]
            known.rate.learn(len(gone), begun, now)
            ended, first = ended + len(gone), min(first, begun) if gone else first
        self.rate.learn(ended, first if ended else self.rate.since, now)
        self.asked_at = now
        self.pause = SOONEST_SECONDS if ended else min(self.pause * 2, LATEST_SECONDS)
        self._tenants = {
            tenant: known for tenant, known in self._tenants.items() if known.sent or known.rate.at(now) > 1
        }
        return ended

    def unsent(self, tenant: UUID, message_id: UUID) -> None:
        """This one was not published after all."""
        if tenant in self._tenants:
            self._tenants[tenant].sent.pop(message_id, None)

    def expire(self, seconds: float, now: float) -> None:
        """What was published so long ago is not waited for any longer."""
        for known in self._tenants.values():
            for message_id in [one for one, (_, at) in known.sent.items() if now - at > seconds]:
                del known.sent[message_id]


def _is_over(standing: tuple[str, int], turn: int) -> bool:
    """Finished, or put off to a later turn."""
    return standing[0] in {"done", "failed"} or standing[1] > turn
