"""Jobs run here and now, without a broker.

`Inline` is relay, broker and worker in one thread: the real runner, inbox and database, so retries, limits, chains,
batches and failures are the real ones too. `run_inline` is less: the actor's function alone.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from dramatiq import Message
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from shared import clock
from shared.contracts.message import Contract
from shared.database.session import UnitOfWork, driver, unit_of_work
from shared.messaging.actor import ActorDeclaration, ProviderSteps
from shared.messaging.delivery import Delivery
from shared.messaging.envelope import decode_fields
from shared.messaging.gate import Gate
from shared.messaging.runner import Ending, Runner
from shared.messaging.testing.time_travel import travel
from shared.messaging.time_limits import TimeLimits
from shared.messaging.topology import subscriptions_of
from shared.metrics import Metrics, Outcome

_SUBSCRIBE = """
INSERT INTO messaging.subscription (service, kind, queue, is_event, on_failure) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (service, kind) DO UPDATE
    SET queue = excluded.queue, is_event = excluded.is_event, on_failure = excluded.on_failure, until = NULL
"""
_MOVE_DUE = """
WITH due AS (DELETE FROM messaging.scheduled WHERE due_at <= clock_timestamp() RETURNING *),
     ordered AS (SELECT * FROM due ORDER BY due_at, id)
INSERT INTO messaging.outbox
    (message_id, kind, is_event, queue, body, turn, fairness_key, organisation_id, correlation_id)
SELECT message_id, kind, is_event, queue, body, turn, fairness_key, organisation_id, correlation_id FROM ordered
"""
_TAKE = """
DELETE FROM messaging.outbox WHERE id = (
    SELECT id FROM messaging.outbox
    WHERE (queue IS NULL AND kind = ANY(%s)) OR (queue, kind) IN (SELECT * FROM unnest(%s::text[], %s::text[]))
    ORDER BY id LIMIT 1
) RETURNING queue, kind, body
"""
_NEXT_DUE = "SELECT extract(epoch FROM min(due_at) - clock_timestamp())::float8 FROM messaging.scheduled"
_LAST_ERROR = """
SELECT error FROM messaging.attempt WHERE message_id = %s AND service = %s AND turn = %s ORDER BY id DESC LIMIT 1
"""


class NeverQuietError(AssertionError):
    """The jobs go on and on: they publish each other, or are put back for ever."""


@dataclass(frozen=True, slots=True)
class Ran:
    """One delivery that was run. `outcome` is done, retry, snoozed, failed, skipped, released, or quiet (it had ended
    before); `error` is why it was not done. `turn` counts the publications of the message, from 1.
    """

    service: str
    kind: str
    fields: Mapping[str, Any]
    message_id: UUID
    turn: int
    outcome: str
    error: str | None


def subscribe(session: Session, declarations: Iterable[ActorDeclaration]) -> None:
    """Write down who hears what, as `bellhop migrate` does: chains and batches refuse kinds that nobody hears."""
    for one in subscriptions_of(declarations):
        row = (one.service, one.kind, one.queue, one.is_event, one.on_failure)
        driver(session).execute(_SUBSCRIBE, row)


class Inline:
    """Runs what was published, for as many services as there are declarations of: commands by kind, an event for all that
    hear it. What none of them hears stays in the outbox, where `assert_published` finds it.

    `engine_of(service)` gives each service's engine, `dependencies[service]` what its actors are given. With `twice`
    every message is delivered a second time, as a broker may do: a correct job has its effects once all the same.
    More than `at_most` deliveries in one drain are taken for jobs that never end.
    """

    def __init__(
        self,
        engine_of: Callable[[str], Engine],
        declarations: Iterable[ActorDeclaration],
        dependencies: Mapping[str, object] | None = None,
        *,
        twice: bool = False,
        at_most: int = 50_000,
    ) -> None:
        self._declarations = list(declarations)
        services = sorted({one.service for one in self._declarations})
        if not services:
            raise ValueError("there is nothing to run: name at least one actor")
        self.work: UnitOfWork = unit_of_work(engine_of(services[0]))
        self.ran: list[Ran] = []
        """Every delivery so far, in order."""
        self._travelled = timedelta(0)
        self._twice, self._at_most = twice, at_most
        given = dependencies or {}
        self._workers = {name: _Worker.of(name, engine_of(name), given.get(name)) for name in services}
        with self.work() as session:
            subscribe(session, self._declarations)

    def drain(self) -> list[Ran]:
        """Run all that is due now, and what it leads to, until nothing is left. Returns what ran.

        Raises NeverQuietError where that does not end.
        """
        before = len(self.ran)
        self._drain(before)
        return self.ran[before:]

    def drain_all(self) -> list[Ran]:
        """As `drain`; then the clock is moved to the next due time, until nothing is scheduled any more."""
        before = len(self.ran)
        self._drain(before)
        while (seconds := self._until_next_due()) is not None:
            self.travel(max(0.0, seconds))
            self._drain(before)
        return self.ran[before:]

    def travel(self, seconds: float) -> None:
        """Let time pass for this database (see `travel` of this package), and for `now`."""
        with self.work() as session:
            travel(session, seconds)
        self._travelled += timedelta(seconds=seconds)

    def now(self) -> datetime:
        """The time after all travels: a Clock to give to whoever takes one."""
        return clock.now() + self._travelled

    def _drain(self, since: int) -> None:
        while (taken := self._take()) is not None:
            for declaration in self._hearers(taken[0], taken[1]):
                self._deliver(declaration, taken[2])
            if len(self.ran) - since > self._at_most:
                raise NeverQuietError(f"over {self._at_most} deliveries, the last ones: {self.ran[-3:]}")

    def _take(self) -> tuple[str | None, str, bytes] | None:
        kinds = [one.kind for one in self._declarations]
        queues = [one.queue for one in self._declarations]
        with self.work() as session:
            driver(session).execute(_MOVE_DUE)
            row = driver(session).execute(_TAKE, (kinds, queues, kinds)).fetchone()
        return None if row is None else (_text(row[0]), str(row[1]), _bytes(row[2]))

    def _hearers(self, queue: str | None, kind: str) -> Iterator[ActorDeclaration]:
        return (one for one in self._declarations if one.kind == kind and queue in {None, one.queue})

    def _deliver(self, declaration: ActorDeclaration, body: bytes) -> None:
        fields = {**decode_fields(body), "args": (), "queue_name": declaration.queue}
        for redelivered in (False, True) if self._twice else (False,):
            delivery = Delivery.of(Message(**fields), declaration.service, redelivered=redelivered)
            self.ran.append(self._workers[declaration.service].run(declaration, delivery))

    def _until_next_due(self) -> float | None:
        with self.work() as session:
            row = driver(session).execute(_NEXT_DUE).fetchone()
        return None if row is None or row[0] is None else float(str(row[0]))


@dataclass(frozen=True)
class _Worker:
    """One service's runner, and what it was seen to do."""

    runner: Runner
    outcomes: "_LastOutcome"

    @classmethod
    def of(cls, service: str, engine: Engine, dependencies: object) -> "_Worker":
        outcomes = _LastOutcome(service)
        return cls(Runner(service, engine, dependencies, Gate(lambda: None), _limits(), outcomes), outcomes)

    def run(self, declaration: ActorDeclaration, delivery: Delivery) -> Ran:
        ending = self.runner.run(declaration, delivery)
        if ending is not Ending.SETTLED:
            raise RuntimeError(
                f"{delivery.kind} ended as {ending.value}: its outcome could not be written, see the log"
            )
        outcome, error = self.outcomes.last, None
        if outcome in {"retry", "snoozed", "failed"}:
            error = self._error_of(delivery)
        return Ran(delivery.service, delivery.kind, delivery.fields, delivery.message_id, delivery.turn, outcome, error)

    def _error_of(self, delivery: Delivery) -> str | None:
        parameters = (delivery.message_id, delivery.service, delivery.turn)
        with Session(self.runner.engine) as session:
            row = driver(session).execute(_LAST_ERROR, parameters).fetchone()
        return None if row is None else _text(row[0])


class _LastOutcome(Metrics):
    """The runner tells the metrics how each delivery ended."""

    last: str = ""

    def observe(
        self, kind: str, queue: str, outcome: Outcome, duration: float | None = None, wait: float | None = None
    ) -> None:
        self.last = outcome
        super().observe(kind, queue, outcome, duration, wait)


@cache
def _limits() -> TimeLimits:
    """Time limits need a thread that looks: one for the whole process, from the first use on."""
    limits = TimeLimits(interval=20)
    limits.manager.start()
    return limits


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _bytes(value: object) -> bytes:
    assert isinstance(value, bytes)
    return value


def run_inline(
    declaration: ActorDeclaration,
    message: Contract,
    work: Callable[[], AbstractContextManager[Session]],
    dependencies: object,
) -> None:
    """Run an actor here and now, without a broker, each step in a transaction of its own. What it raises is raised."""
    if not declaration.calls_provider:
        with work() as session:
            declaration.function(message, session, dependencies)
        return
    steps: ProviderSteps[Any, Any, Any] = declaration.function(dependencies)
    with work() as session:
        intent = steps.prepare(session, message)
    if intent is None:
        return
    result = steps.call(intent)
    with work() as session:
        steps.record(session, intent, result)
