"""A campaign: messages flow while something is killed every few seconds; then everything is counted.

What is killed next is drawn by a seeded generator, so that a campaign that found something can be run again.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import psycopg
from sqlalchemy.exc import DBAPIError

SETTLE_SECONDS = 120.0
"""The longest that everything may take to come to rest after the last kill."""


@dataclass(frozen=True)
class Plan:
    """`pieces` of work are asked for evenly over `seconds`, by so many `clients` at a time, and something is killed every
    `interval` seconds, at most as often as that makes: a slow machine is given peace to end the rest.
    """

    pieces: int
    seconds: float
    interval: float = 2.0
    clients: int = 1
    seed: int = 20260722

    @property
    def kills(self) -> int:
        """How often something is killed at most."""
        return max(1, int(self.seconds / self.interval))


@dataclass(frozen=True)
class Victim:
    """What can be killed. `kill` returns when it is dead; `revive`, if there is one, when it is back."""

    name: str
    kill: Callable[[], None]
    revive: Callable[[], None] = field(default=lambda: None)


@dataclass(frozen=True)
class Figures:
    """What a campaign did and what it cost. `redelivered` deliveries were given out again by RabbitMQ; `absorbed` ones
    were recognised as done before, and had no effect.
    """

    pieces: int
    kills: Mapping[str, int]
    deliveries: int
    redelivered: int
    absorbed: int
    asked_again: int
    seconds: float
    besides: Mapping[str, object] = field(default_factory=dict)

    def table(self) -> str:
        """As lines of text, for the report of a run."""
        rows: dict[str, object] = {
            "pieces of work": self.pieces,
            "kills": f"{sum(self.kills.values())} ({', '.join(f'{name} {n}' for name, n in sorted(self.kills.items()))})",
            "deliveries handled": self.deliveries,
            "redelivered": self.redelivered,
            "duplicates absorbed": self.absorbed,
            "requests asked again": self.asked_again,
            **self.besides,
            "seconds": round(self.seconds, 1),
        }
        return "\n".join(f"{name:<22}{value}" for name, value in rows.items())


class Assassin(threading.Thread):
    """Kills a random victim every `interval` seconds, and brings it back at once, until it is stopped."""

    def __init__(self, victims: list[Victim], plan: Plan) -> None:
        super().__init__(name="assassin", daemon=True)
        self._victims = victims
        self._plan = plan
        self._random = random.Random(plan.seed)
        self._stopping = threading.Event()
        self._reviving: dict[str, threading.Thread] = {}
        self._failures: list[BaseException] = []
        self.kills: Counter[str] = Counter()

    def run(self) -> None:
        while self.kills.total() < self._plan.kills and not self._stopping.wait(self._plan.interval):
            alive = [one for one in self._victims if not self._is_reviving(one)]
            if not alive:
                continue
            victim = self._random.choice(alive)
            victim.kill()
            self.kills[victim.name] += 1
            thread = threading.Thread(target=self._revive, args=[victim], daemon=True)
            self._reviving[victim.name] = thread
            thread.start()

    def stop(self) -> None:
        """Kill no more, and return when everything is back."""
        self._stopping.set()
        self.join()
        for thread in self._reviving.values():
            thread.join()
        if self._failures:
            raise self._failures[0]

    def _is_reviving(self, victim: Victim) -> bool:
        thread = self._reviving.get(victim.name)
        return thread is not None and thread.is_alive()

    def _revive(self, victim: Victim) -> None:
        try:
            victim.revive()
        except BaseException as failure:  # it is raised by `stop`, in the test's own thread
            self._failures.append(failure)
            raise


@dataclass
class Client:
    """Asks for its share of the work, piece by piece, evenly over the time of the plan.

    `ask` raises when something is away. Then it is asked again until it succeeds: `ask` must be such that twice is once.
    """

    plan: Plan
    ask: Callable[[int], None]

    def run(self, share: int) -> int:
        """Ask for everything in this share. Returns, when the last piece was accepted, how often it was asked again."""
        began = time.monotonic()
        pace = threading.Event()
        asked_again = 0
        for number in range(share, self.plan.pieces, self.plan.clients):
            ahead = number * self.plan.seconds / self.plan.pieces - (time.monotonic() - began)
            pace.wait(max(0.0, ahead))
            while not self._accepted(number):
                asked_again += 1
                pace.wait(0.2)
        return asked_again

    def _accepted(self, number: int) -> bool:
        try:
            self.ask(number)
        except (DBAPIError, psycopg.Error, OSError):
            return False
        return True


def run_campaign(plan: Plan, victims: list[Victim], ask: Callable[[int], None]) -> tuple[Mapping[str, int], int]:
    """Ask for all the work while the victims are being killed. Returns the kills, and how often it was asked again."""
    assassin, client = Assassin(victims, plan), Client(plan, ask)
    assassin.start()
    try:
        with ThreadPoolExecutor(max_workers=plan.clients) as pool:
            asked_again = sum(pool.map(client.run, range(plan.clients)))
    finally:
        assassin.stop()
    return dict(assassin.kills), asked_again
