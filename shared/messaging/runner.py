"""Runs one delivery: claim, handle and record in one transaction, or decide what its failure leads to.

Nothing here speaks AMQP. The runner says how a delivery ended; the worker acknowledges, hands back or parks it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from time import monotonic, time
from typing import Any, TypeVar

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from shared.contracts.message import Contract
from shared.database.session import PUBLISHED, OnPublished, abandon, commit, driver, take_outbox_ids
from shared.messaging import admission, inbox, membership
from shared.messaging.actor import ActorDeclaration
from shared.messaging.causes import caused_by
from shared.messaging.delivery import Delivery, validated
from shared.messaging.faults import HoldingPoints
from shared.messaging.gate import DatabaseAwayError, Gate, is_database_away, should_run_again
from shared.messaging.in_flight import InFlight
from shared.messaging.inbox import Claim
from shared.messaging.outcomes import end_starts, is_expected, put_off, record_attempt, record_poison
from shared.messaging.poison import MAX_UNFINISHED_STARTS, Crowd, record_start, take_back_start, unfinished_starts
from shared.messaging.provider import run_steps
from shared.messaging.reduced import conclude_reduced
from shared.messaging.sharing import Sharing
from shared.messaging.time_limits import Interrupt, StoppedError, TimeLimits
from shared.metrics import Metrics
from shared.texts import shown

ResultT = TypeVar("ResultT")

PARK_AFTER_SECONDS = 60.0
"""How long a callable waits for a database that is away before it parks its message."""
BUSY_SECONDS = 5.0
SLOW_SECONDS = 0.01
"""From here on the end of a job is written down: its row says from the claim on that it is done. What is quicker has begun
and ended at the same moment, as far as the inbox tells."""
RUNS_AGAIN = 3


class Ending(Enum):
    """What the worker does with a delivery. SETTLED: acknowledge. HAND_BACK: publish it to its queue again, then
    acknowledge. PARK: the same with the park queue, which gives it back after 30 s.
    """

    SETTLED = "settled"
    HAND_BACK = "hand_back"
    PARK = "park"


@dataclass(frozen=True)
class Runner:
    """Everything that running a delivery needs, put together once in each process."""

    service: str
    engine: Engine
    dependencies: Any
    gate: Gate
    limits: TimeLimits
    metrics: Metrics
    notify: OnPublished = lambda _: None
    ended: Callable[[str], None] = lambda _: None
    crowd: Crowd = field(default_factory=Crowd)
    points: HoldingPoints = field(default_factory=HoldingPoints)
    in_flight: InFlight = field(default_factory=InFlight)
    sharing: Sharing = field(default_factory=Sharing)
    log: Any = field(default_factory=lambda: structlog.get_logger("bellhop.worker"))

    def run(self, declaration: ActorDeclaration, delivery: Delivery) -> Ending:
        """Run a delivery to its end. Raises nothing that a job, a database or a deployment can cause."""
        started = monotonic()
        try:
            with (
                caused_by(delivery.cause),
                self.in_flight.one(delivery),
                self.metrics.in_progress_on(delivery.queue).track_inprogress(),
            ):
                outcome = self._run(declaration, delivery)
            ending = Ending.SETTLED
        except StoppedError:
            outcome, ending = "released", Ending.HAND_BACK
        except DatabaseAwayError:
            outcome, ending = "parked", Ending.PARK
        self.tell(delivery, outcome, monotonic() - started)
        return ending

    def _run(self, declaration: ActorDeclaration, delivery: Delivery) -> str:
        if not delivery.redelivered:
            with self.crowd.beside_others():
                return self._attempt(declaration, delivery)
        name = (self.service, delivery.message_id)
        starts = self.transact(lambda session: unfinished_starts(driver(session), *name), delivery)
        if starts >= MAX_UNFINISHED_STARTS:
            return self.transact(lambda session: record_poison(session, declaration, delivery, starts), delivery)
        with self.crowd.alone() if starts else self.crowd.beside_others():
            self.transact(lambda session: record_start(driver(session), *name), delivery)
            try:
                return self._attempt(declaration, delivery)
            except StoppedError:
                self.transact(lambda session: take_back_start(driver(session), *name), delivery)
                raise

    def _attempt(self, declaration: ActorDeclaration, delivery: Delivery) -> str:
        started, admitted = monotonic(), False
        try:
            message = validated(declaration.contract, delivery)
            if admission.is_asked(declaration, delivery):
                refused = admission.ask(self, declaration, delivery, message)
                if refused is not None:
                    return refused
            admitted = True
            if declaration.calls_provider:
                return run_steps(self, declaration, delivery, message)
            return self._handle(declaration, delivery, message)
        except (StoppedError, DatabaseAwayError):
            raise
        except (Exception, Interrupt, SystemExit) as error:  # noqa: BLE001 - every way to fail has its outcome
            return self.conclude(declaration, delivery, error, monotonic() - started, admitted=admitted)

    def _handle(self, declaration: ActorDeclaration, delivery: Delivery, message: Contract) -> str:
        outcome = self.transact(
            lambda session: self.claimed(session, declaration, delivery, message),
            delivery,
            limit=declaration.policy.time_limit,
        )
        return self.release(delivery, BUSY_SECONDS) if outcome is None else outcome

    def claimed(
        self, session: Session, declaration: ActorDeclaration, delivery: Delivery, message: Contract
    ) -> str | None:
        """Claim the message and run its handler. The outcome, or None where another run of it is alive."""
        connection = driver(session)
        claim = inbox.claim_done(connection, delivery, membership.stopped(delivery.options))
        outcome = None if claim is Claim.BUSY else "quiet"
        if claim is Claim.MINE:
            self.handle(session, declaration, delivery, message)
            outcome = "done"
        elif claim is Claim.STOPPED:
            outcome = self._skip(session, declaration, delivery, message)
        if delivery.redelivered and claim is Claim.BUSY:
            take_back_start(connection, self.service, delivery.message_id)
        elif delivery.redelivered:
            end_starts(connection, delivery)
        return outcome

    def handle(self, session: Session, declaration: ActorDeclaration, delivery: Delivery, message: Contract) -> None:
        """Run the handler of a message that is claimed."""
        started = monotonic()
        result = declaration.function(message, session, self.dependencies)
        self.complete(session, declaration, delivery, message, result)
        self.sharing.learn(delivery.kind, monotonic() - started)

    def _skip(self, session: Session, declaration: ActorDeclaration, delivery: Delivery, message: Contract) -> str:
        """Its chain or batch was cancelled: it ends unrun."""
        if membership.skipped(driver(session), delivery):
            session.info[PUBLISHED] = True
        if declaration.policy.middleware:
            admission.leave(driver(session), declaration, delivery, message, "done")
        return "skipped"

    def complete(
        self, session: Session, declaration: ActorDeclaration, delivery: Delivery, message: Contract, result: object
    ) -> None:
        """The handler is done: tell what the message belongs to and what admitted it, in the same transaction."""
        if membership.belongs(delivery.options):
            session.flush()
            if membership.done(driver(session), delivery, result):
                session.info[PUBLISHED] = True
        if declaration.policy.middleware:
            admission.leave(driver(session), declaration, delivery, message, "done")

    def release(self, delivery: Delivery, seconds: float) -> str:
        """Put the same turn off: another run of it is alive, or holds the lease."""
        self.transact(
            lambda session: put_off(session, delivery, timedelta(seconds=seconds), delivery.turn, "held"), delivery
        )
        return "released"

    def conclude(
        self,
        declaration: ActorDeclaration,
        delivery: Delivery,
        error: BaseException,
        duration: float,
        also: Callable[[Session, str], None] | None = None,
        *,
        admitted: bool = True,
    ) -> str:
        """Record what a failed attempt leads to. `also` runs in the same transaction, with the outcome.

        The middleware is told if it has `admitted` the message.
        """

        def record(session: Session) -> str:
            outcome = record_attempt(session, declaration, delivery, error, duration)
            if also is not None and outcome != "quiet":
                also(session, outcome)
            if declaration.policy.middleware and admitted and outcome != "quiet":
                message = validated(declaration.contract, delivery)
                admission.leave(driver(session), declaration, delivery, message, outcome, error)
            return outcome

        try:
            outcome = self.transact(record, delivery)
        except Exception as failed:  # noqa: BLE001 - what cannot be written is written in another form
            outcome = conclude_reduced(self, declaration, delivery, failed)
        if is_expected(error):
            self.metrics.expected_error(getattr(error, "code", type(error).__name__))
            self.log.warning("attempt failed", outcome=outcome, error=shown(error), **delivery.names)
        else:
            self.log.error("attempt failed", outcome=outcome, exc_info=error, **delivery.names)
        return outcome

    def transact(
        self, body: Callable[[Session], ResultT], delivery: Delivery, *, limit: float | None = None
    ) -> ResultT:
        """Run `body` and commit. Waits for a database that is away, up to a minute, and then runs it from its start.

        Whether a commit that was cut off arrived does not matter: the claim inside `body` finds out. With a `limit`
        the body may be interrupted, the commit never. Raises DatabaseAwayError after the minute.
        """
        give_up = None
        runs = 0
        while True:
            try:
                return self.commit(body, delivery, limit)
            except (Interrupt, SystemExit):
                self.limits.settle()
                raise
            except Exception as error:
                if is_database_away(error):
                    give_up = give_up or monotonic() + PARK_AFTER_SECONDS
                    self.gate.shut()
                    if not self.gate.wait(give_up - monotonic()):
                        raise DatabaseAwayError from error
                elif should_run_again(error) and runs < RUNS_AGAIN:
                    runs += 1
                else:
                    raise

    def commit(self, body: Callable[[Session], ResultT], delivery: Delivery, limit: float | None) -> ResultT:
        """Run `body` and commit, once. With a `limit` the body may be interrupted, the commit never."""
        with Session(self.engine, expire_on_commit=False) as session:
            try:
                connection = driver(session)
            except DBAPIError as error:
                raise DatabaseAwayError from error
            try:
                if limit is not None:
                    # Not before the connection is there: an interrupt inside the pool would cost it one for good.
                    self.limits.arm(limit)
                begun = monotonic()
                result = body(session)
                session.flush()
                if limit is not None:
                    self.limits.disarm()
                self.points.reach("before_commit", delivery.kind)
                written = take_outbox_ids(session)
                is_slow = limit is not None and monotonic() - begun >= SLOW_SECONDS
                commit(session, inbox.end_now(delivery) if is_slow else b"")
            except Interrupt:
                abandon(session)
                raise
            except Exception as error:
                self.limits.settle()
                if is_database_away(error, connection):
                    session.invalidate()
                    raise DatabaseAwayError from error
                raise
            if session.info.get(PUBLISHED):
                self.notify(written)
        self.points.reach("after_commit", delivery.kind)
        return result

    def tell(self, delivery: Delivery, outcome: Any, duration: float) -> None:
        """Count a delivery that has ended, and write its log line."""
        self.ended(outcome)
        wait = max(0.0, time() - duration - delivery.published_at / 1000)
        self.metrics.observe(delivery.kind, delivery.queue, outcome, duration, wait)
        self.log.info(
            "message",
            outcome=outcome,
            ms=round(duration * 1000, 1),
            turn=delivery.turn,
            redelivered=delivery.redelivered,
            **delivery.names,
        )
