"""Work with a provider in three steps: prepare and commit, call with no transaction open, record and commit.

Between the steps a lease says that a call is under way. Whoever finds it alive waits for its end, unless the call is
declared to be repeatable; whoever finds it expired, or marked unknown, asks the provider before anything is repeated.
The lease's token fences the record: of two runs that both believe in their call, one records.
"""

from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import TYPE_CHECKING, Any
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from shared.contracts.message import Contract
from shared.database.session import driver
from shared.errors import OutcomeUnknown, PermanentError, TransientError
from shared.ids import new_id
from shared.messaging import inbox
from shared.messaging.actor import ActorDeclaration, ProviderSteps, Snooze
from shared.messaging.delivery import Delivery
from shared.messaging.gate import DatabaseAwayError, is_database_away
from shared.messaging.inbox import Claim, Connection
from shared.messaging.outcomes import end_starts, record_poison
from shared.messaging.poison import (
    MAX_UNFINISHED_STARTS,
    record_start,
    take_back_start,
    unfinished_starts,
)
from shared.messaging.time_limits import Interrupt, StoppedError

if TYPE_CHECKING:
    from shared.messaging.runner import Runner

CALL_MARGIN_SECONDS = 25.0
"""A lease is the call's own deadline and 30 s; when more than this has passed, it is renewed before the call."""

_READ = """
SELECT token, extract(epoch FROM expires_at - clock_timestamp())::float8, unknown FROM messaging.lease
WHERE message_id = %s AND service = %s
"""
_TAKE = """
INSERT INTO messaging.lease (message_id, service, token, expires_at) VALUES (%s, %s, %s, clock_timestamp() + %s)
ON CONFLICT (message_id, service) DO UPDATE
    SET token = excluded.token, expires_at = excluded.expires_at, unknown = false
"""
_RENEW = """
UPDATE messaging.lease SET expires_at = clock_timestamp() + %s
WHERE message_id = %s AND service = %s AND token = %s AND expires_at > clock_timestamp() RETURNING 1
"""
_DROP = "DELETE FROM messaging.lease WHERE message_id = %s AND service = %s AND token = %s RETURNING 1"
_DROP_ANY = "DELETE FROM messaging.lease WHERE message_id = %s AND service = %s"
_MARK_UNKNOWN = (
    "UPDATE messaging.lease SET unknown = true WHERE message_id = %s AND service = %s AND token = %s RETURNING 1"
)


@dataclass(frozen=True, slots=True)
class _Prepared:
    intent: Any
    called_before: bool


@dataclass(frozen=True, slots=True)
class _Held:
    seconds: float


def _left(lease: Any) -> float:
    """Seconds for which a call may still be under way; 0 if none is, or if its outcome is known to be unknown."""
    return 0.0 if lease is None or lease[2] else max(0.0, float(lease[1]))


def run_steps(runner: "Runner", declaration: ActorDeclaration, delivery: Delivery, message: Contract) -> str:
    """Take the three steps. Returns the outcome."""
    steps: ProviderSteps[Any, Any, Any] = declaration.function(runner.dependencies)
    return _Steps(runner, declaration, delivery, message, steps, new_id()).run()


@dataclass(frozen=True)
class _Steps:
    runner: "Runner"
    declaration: ActorDeclaration
    delivery: Delivery
    message: Contract
    steps: ProviderSteps[Any, Any, Any]
    token: UUID

    def run(self) -> str:
        started = monotonic()
        try:
            prepared = self.runner.transact(self._prepare, self.delivery, limit=self.declaration.policy.time_limit)
        except (StoppedError, DatabaseAwayError):
            raise
        except (Exception, Interrupt) as error:  # noqa: BLE001 - every way to fail has its outcome
            return self._conclude(error, monotonic() - started, lease="keep")
        if isinstance(prepared, _Held):
            return self.runner.release(self.delivery, prepared.seconds)
        if not isinstance(prepared, _Prepared):
            return prepared
        return self._call(prepared, started)

    def _prepare(self, session: Session) -> _Prepared | _Held | str:
        connection, delivery = driver(session), self.delivery
        claim, attempts = self._claim(connection)
        if claim is Claim.QUIET:
            self._clear_starts(connection)
            return "quiet"
        lease = connection.execute(_READ, self._key).fetchone()
        seconds = 5.0 if claim is Claim.BUSY else self._wait(lease)
        if seconds > 0:
            if delivery.redelivered:
                take_back_start(connection, delivery.service, delivery.message_id)
            return _Held(seconds)
        if self._is_poison(connection, lease):
            return record_poison(session, self.declaration, delivery, MAX_UNFINISHED_STARTS)
        intent = self.steps.prepare(session, self.message)
        session.flush()
        if intent is None or (lease is None and delivery.redelivered):
            self._clear_starts(connection)
        if intent is None:
            connection.execute(_DROP_ANY, self._key)
            inbox.write(connection, delivery, "done", turn=delivery.turn, attempts=attempts + 1)
            self.runner.complete(session, self.declaration, delivery, self.message, None)
            return "done"
        inbox.write(connection, delivery, "calling", turn=delivery.turn, attempts=attempts)
        connection.execute(_TAKE, (*self._key, self.token, self._lease))
        return _Prepared(intent, called_before=lease is not None)

    def _wait(self, lease: Any) -> float:
        """Seconds to wait for the end of another's call."""
        return 0.0 if self.declaration.policy.repeatable else _left(lease)

    def _is_poison(self, connection: Connection, lease: Any) -> bool:
        """Count a call whose end nobody saw as an unfinished start. True if it was one too many."""
        if lease is None or lease[2]:
            return False
        starts = unfinished_starts(connection, self.delivery.service, self.delivery.message_id)
        if not self.delivery.redelivered:
            if starts >= MAX_UNFINISHED_STARTS:
                return True
            record_start(connection, self.delivery.service, self.delivery.message_id)
        return False

    def _clear_starts(self, connection: Connection) -> None:
        end_starts(connection, self.delivery)

    def _claim(self, connection: Connection) -> tuple[Claim, int]:
        locked = inbox.try_lock(connection, self.delivery)
        standing = inbox.standing(connection, self.delivery)
        if standing.is_over_for(self.delivery.turn):
            return Claim.QUIET, standing.attempts
        return (Claim.MINE if locked else Claim.BUSY), standing.attempts

    def _call(self, prepared: _Prepared, started: float) -> str:
        """The call, its interrupts and its errors: which of them leave the provider's state in doubt is decided here."""
        limits = self.runner.limits
        try:
            limits.arm(self.declaration.policy.time_limit)
            result = self._ask(prepared)
            limits.disarm()
            self.runner.points.reach("after_call", self.delivery.kind)
            return self.runner.transact(lambda session: self._record(session, prepared, result, started), self.delivery)
        except StoppedError:
            limits.settle()
            raise
        except OutcomeUnknown as error:
            limits.settle()
            return self._conclude(error, monotonic() - started, lease="unknown")
        except (PermanentError, TransientError, Snooze) as error:
            limits.settle()
            return self._conclude(error, monotonic() - started, lease="drop")
        except (Exception, Interrupt) as error:
            # A bug, or the time limit: nobody knows what the provider has done.
            limits.settle()
            if is_database_away(error):
                raise
            return self._conclude(error, monotonic() - started, lease="unknown")

    def _ask(self, prepared: _Prepared) -> Any:
        began = monotonic()
        if prepared.called_before:
            try:
                resolved = self.steps.resolve(prepared.intent)
            except TransientError as error:
                raise OutcomeUnknown(str(error), retry_after=error.retry_after) from error
            if resolved is not None:
                return resolved
        if monotonic() - began > CALL_MARGIN_SECONDS:
            self.runner.transact(self._renew, self.delivery)
        return self.steps.call(prepared.intent)

    def _renew(self, session: Session) -> None:
        renewed = driver(session).execute(_RENEW, (self._lease, *self._key, self.token)).fetchone()
        if renewed is None:
            raise OutcomeUnknown("the lease ran out before the call was made")

    def _record(self, session: Session, prepared: _Prepared, result: Any, started: float) -> str:
        connection, delivery = driver(session), self.delivery
        inbox.lock(connection, delivery.service, delivery.message_id)
        standing = inbox.standing(connection, delivery)
        if standing.is_over_for(delivery.turn) or not connection.execute(_DROP, (*self._key, self.token)).fetchone():
            structlog.get_logger("bellhop.worker").warning(
                "record fenced off", kind=delivery.kind, message_id=str(delivery.message_id)
            )
            return "quiet"
        handed_on = self.steps.record(session, prepared.intent, result)
        session.flush()
        if prepared.called_before:
            self._clear_starts(connection)
        attempts, began = standing.attempts + 1, monotonic() - started
        inbox.write(connection, delivery, "done", turn=delivery.turn, attempts=attempts, began=began)
        self.runner.complete(session, self.declaration, delivery, self.message, handed_on)
        return "done"

    def _conclude(self, error: BaseException, duration: float, lease: str) -> str:
        def also(session: Session, outcome: str) -> None:
            connection = driver(session)
            self._clear_starts(connection)
            if lease == "drop":
                connection.execute(_DROP, (*self._key, self.token))
            elif lease == "unknown":
                connection.execute(_MARK_UNKNOWN, (*self._key, self.token))
            if outcome in {"retry", "failed"}:
                self._tell_service(session, error, final=outcome == "failed")

        return self.runner.conclude(self.declaration, self.delivery, error, duration, also)

    def _tell_service(self, session: Session, error: BaseException, *, final: bool) -> None:
        """The service's own log of attempts. A fault in it must not take the outcome along: hence the savepoint."""
        try:
            with session.begin_nested():
                self.steps.failed(session, self.message, error, final=final)
        except Exception as fault:
            if is_database_away(fault):
                raise
            structlog.get_logger("bellhop.worker").error("failed() of the steps failed", exc_info=fault)

    @property
    def _key(self) -> tuple[UUID, str]:
        return self.delivery.message_id, self.delivery.service

    @property
    def _lease(self) -> timedelta:
        assert self.declaration.policy.lease is not None
        return timedelta(seconds=self.declaration.policy.lease)
