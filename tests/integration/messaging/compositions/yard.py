"""A yard where pieces are made: small jobs of two services, and callbacks whose every run is counted."""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar
from uuid import UUID

import psycopg
from dramatiq import Message
from pydantic import Field
from sqlalchemy.orm import Session

from shared.contracts.message import ChainFailed, Command
from shared.errors import PermanentError
from shared.messaging.actor import ActorDeclaration, actor
from shared.messaging.batch import Batch, BatchState, publish_batch, show_batch
from shared.messaging.chain import Chain, ChainState, publish_chain, show_chain
from shared.messaging.delivery import Delivery
from shared.messaging.envelope import decode_fields
from shared.messaging.gate import Gate
from shared.messaging.retries import Delays
from shared.messaging.runner import Runner
from shared.messaging.testing import Inline
from shared.messaging.time_limits import TimeLimits
from shared.metrics import Metrics
from tests.support.databases import Database

QUEUE = "toyshop.default"
POOL_SIZE = 20
"""Connections of each service: more than any test has threads."""


class Piece(Command):
    """Make a piece. `how` names what happens on the way, `hands_on` is what the step hands on."""

    kind: ClassVar[str] = "toyshop.piece.make"
    number: int
    how: str = "well"
    got: Any = None
    hands_on: dict[str, Any] = Field(default_factory=dict)


class PayPiece(Command):
    """A step of another service."""

    kind: ClassVar[str] = "payments.piece.pay"
    number: int
    how: str = "well"
    got: Any = None


class AllDone(Command):
    """`then`."""

    kind: ClassVar[str] = "toyshop.pieces.all_done"
    name: str = ""


class SomeFailed(Command):
    """`catch` of a batch."""

    kind: ClassVar[str] = "toyshop.pieces.some_failed"
    name: str = ""


class AllEnded(Command):
    """`finally_`."""

    kind: ClassVar[str] = "toyshop.pieces.all_ended"
    name: str = ""


class ChainBroke(ChainFailed):
    """`catch` of a chain."""

    kind: ClassVar[str] = "toyshop.pieces.chain_broke"


class Unheard(Command):
    """No service hears it."""

    kind: ClassVar[str] = "toyshop.pieces.unheard"


ResultT = TypeVar("ResultT")
Do = Callable[[Any, Session], Any]
CALLBACKS = {AllDone: "then", SomeFailed: "catch", AllEnded: "finally"}


def refuse(*_: object) -> None:
    raise PermanentError("the piece broke")


def bug(*_: object) -> None:
    raise ZeroDivisionError("a bug")


@dataclass
class Yard:
    """`do[how]` is what a piece does; `made` counts the committed runs, `called` the callbacks, by (which, name)."""

    database: Database
    middleware: Sequence[Any] = ()
    twice: bool = False
    do: dict[str, Do] = field(default_factory=lambda: {"breaks": refuse, "bug": bug})
    made: Counter[int] = field(default_factory=Counter)
    got: dict[int, Any] = field(default_factory=dict)
    called: Counter[tuple[str, str]] = field(default_factory=Counter)
    broke: list[ChainBroke] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        for service in ("toyshop", "payments"):
            self.database.engine(service, pool_size=POOL_SIZE)
        self.inline = Inline(self.database.engine, self.declarations(), twice=self.twice)

    def declarations(self) -> list[ActorDeclaration]:
        """The actors of both services."""
        piece = actor(Piece, queue=QUEUE, tries=2, backoff=Delays([0.0]), middleware=self.middleware)(self._make)
        pay = actor(PayPiece, queue="payments.default", tries=2, backoff=Delays([0.0]))(self._make)
        broke = actor(ChainBroke, queue=QUEUE)(lambda message, *_: self.broke.append(message))
        return [piece, pay, broke, *(actor(one, queue=QUEUE)(self._callback(name)) for one, name in CALLBACKS.items())]

    def _make(self, message: Any, session: Session, _: object) -> Any:
        handed_on = self.do[message.how](message, session) if message.how in self.do else None
        with self._lock:
            self.made[message.number] += 1
            self.got[message.number] = message.got
        return getattr(message, "hands_on", None) if handed_on is None else handed_on

    def _callback(self, which: str) -> Callable[..., None]:
        def call(message: Any, *_: object) -> None:
            with self._lock:
                self.called[which, message.name] += 1

        return call

    def chain(self, *steps: Any, name: str = "chain", catch: type[ChainFailed] | None = ChainBroke) -> UUID:
        """Publish a chain."""
        with self.inline.work() as session:
            return publish_chain(session, Chain(name, steps, catch=catch))

    def batch(self, *members: Any, **options: Any) -> UUID:
        """Publish a batch with all callbacks."""
        with self.inline.work() as session:
            return publish_batch(session, batch_of(*members, **options))

    def chain_state(self, chain_id: UUID) -> ChainState:
        with self.inline.work() as session:
            return show_chain(session, chain_id)

    def batch_state(self, batch_id: UUID) -> BatchState:
        with self.inline.work() as session:
            return show_batch(session, batch_id)

    def counts(self, batch_id: UUID) -> tuple[str, int, int, int, int]:
        """(state, pending, done, failed, cancelled)."""
        state = self.batch_state(batch_id)
        return state.state, state.pending, state.done, state.failed, state.cancelled

    def act(self, do: Callable[..., ResultT], *arguments: Any) -> ResultT:
        """Call a function of a session in a transaction of its own."""
        with self.inline.work() as session:
            return do(session, *arguments)

    def drain(self) -> Counter[tuple[str, str]]:
        """Run everything, also what is put off. Returns the callbacks so far."""
        self.inline.drain_all()
        return self.called

    def failed_jobs(self) -> list[UUID]:
        rows = self.database.query(
            "SELECT id FROM messaging.failed_job WHERE resolved_at IS NULL ORDER BY failed_at, id"
        )
        return [row[0] for row in rows]

    def waiting(self) -> int:
        """Rows that are under way, or were left behind: none at rest."""
        return int(
            self.database.value(
                "SELECT (SELECT count(*) FROM messaging.outbox) + (SELECT count(*) FROM messaging.scheduled)"
                " + (SELECT count(*) FROM messaging.inbox WHERE status NOT IN ('done', 'failed'))"
                " + (SELECT count(*) FROM messaging.batch_shard)"
            )
        )


def batch_of(*members: Any, name: str = "batch", allow_failures: bool = False) -> Batch:
    """A batch whose callbacks are all counted under its name."""
    then, catch, finally_ = AllDone(name=name), SomeFailed(name=name), AllEnded(name=name)
    return Batch(name, members, then=then, catch=catch, finally_=finally_, allow_failures=allow_failures)


def pieces(*numbers: int, how: str = "well") -> list[Piece]:
    return [Piece(number=number, how=how) for number in numbers]


_TAKE = """
WITH taken AS (SELECT id FROM messaging.{0} ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
DELETE FROM messaging.{0} USING taken WHERE {0}.id = taken.id RETURNING kind, body
"""
_STILL = """
SELECT NOT EXISTS (SELECT 1 FROM messaging.outbox) AND NOT EXISTS (SELECT 1 FROM messaging.scheduled)
    AND NOT EXISTS (SELECT 1 FROM messaging.batch WHERE finished_at IS NULL)
"""


class Crew:
    """Many threads that run what is published, as several workers with several threads each do. Time limits are left out.

    A deadlock, or a wait that runs into the lock timeout, spends an attempt: `attempts` shows it.
    """

    def __init__(self, yard: Yard, threads: int = 16) -> None:
        self.yard, self.threads = yard, threads
        self._by_kind = {one.kind: one for one in yard.declarations()}
        self._runners = {
            name: Runner(name, yard.database.engine(name), None, Gate(lambda: None), TimeLimits(), Metrics(name))
            for name in {one.service for one in self._by_kind.values()}
        }
        self._busy = 0
        self._lock = threading.Lock()

    def run(self, also: Sequence[Callable[[], object]] = ()) -> None:
        """Run until nothing is left; `also` runs beside it, each in a thread of its own. What they raise is raised."""
        ended = threading.Event()
        with ThreadPoolExecutor(self.threads + len(also)) as pool:
            extra = [pool.submit(one) for one in also]
            workers = [pool.submit(self._work, ended) for _ in range(self.threads)]
            try:
                for one in extra:
                    one.result()
            finally:
                ended.set()
            for worker in workers:
                worker.result()

    def _work(self, ended: threading.Event) -> None:
        pause = threading.Event()
        with psycopg.connect(self.yard.database.url, autocommit=True) as connection:
            while True:
                last = ended.is_set()
                if self._run_next(connection):
                    continue
                still = connection.execute(_STILL).fetchone()
                if last and self._busy == 0 and still is not None and still[0]:
                    return
                pause.wait(0.01)

    def _run_next(self, connection: psycopg.Connection[Any]) -> bool:
        with self._lock:
            self._busy += 1
        try:
            row = None
            for table in ("outbox", "scheduled"):
                row = row or connection.execute(_TAKE.format(table).encode()).fetchone()
            if row is not None:
                self._deliver(*row)
            return row is not None
        finally:
            with self._lock:
                self._busy -= 1

    def _deliver(self, kind: str, body: bytes) -> None:
        declaration = self._by_kind[kind]
        message: Message[Any] = Message(**{**decode_fields(bytes(body)), "args": (), "queue_name": declaration.queue})
        delivery = Delivery.of(message, declaration.service, redelivered=False)
        self._runners[declaration.service].run(declaration, delivery)

    def attempts(self) -> set[tuple[str, str]]:
        """(outcome, error type) of what was not done."""
        rows = self.yard.database.query("SELECT DISTINCT outcome, error_type FROM messaging.attempt")
        return {(row[0], row[1]) for row in rows}
