"""What a failed attempt leads to, and how that is written: one transaction with everything that follows from it."""

import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from sqlalchemy.orm import Session

from shared.database.session import PUBLISHED, driver
from shared.errors import BellhopError, PermanentError, TransientError
from shared.messaging import inbox
from shared.messaging.actor import ActorDeclaration, Policy, Snooze
from shared.messaging.delivery import Delivery
from shared.messaging.failed_jobs import ERROR_LENGTH, Failure, finish_failed
from shared.messaging.inbox import Connection, Standing
from shared.messaging.poison import clear_starts
from shared.messaging.sending import fairness_key
from shared.texts import shown, storable_text

Outcome = Literal["retry", "snoozed", "failed", "quiet"]

TYPE_LENGTH = 200
LONGEST_DELAY_SECONDS = 30 * 86_400.0
"""Whatever a provider or a backoff asks for, a message comes back after this."""

ATTEMPT = """
INSERT INTO messaging.attempt (message_id, service, kind, turn, attempt, outcome, error_type, error, duration, next_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, clock_timestamp() + %s)
"""
_CRASHED = """
INSERT INTO messaging.attempt (message_id, service, kind, turn, attempt, outcome, error_type, error, duration)
SELECT %(message_id)s, %(service)s, %(kind)s, %(turn)s,
       coalesce((SELECT greatest(attempts, 1) FROM messaging.inbox
                 WHERE message_id = %(message_id)s AND service = %(service)s), 1),
       'crashed', 'crashed', 'its process ended, or its connection was lost, while it was handled; no attempt is spent', 0
FROM generate_series(1, %(crashed)s)
"""
_SCHEDULE = """
INSERT INTO messaging.scheduled
    (message_id, kind, is_event, queue, turn, body, due_at, reason, fairness_key, organisation_id, correlation_id)
VALUES (%s, %s, false, %s, %s, %s, clock_timestamp() + %s, %s, %s, %s, %s)
"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an error means for a message: `delay` seconds until its next turn, or a final failure with its reason."""

    outcome: Literal["retry", "snoozed", "failed"]
    delay: float = 0.0
    reason: str = ""

    @property
    def spends_attempt(self) -> bool:
        return self.outcome != "snoozed"


def judge(policy: Policy, error: BaseException, attempt: int, *, exceptions: int = 0, age: float = 0.0) -> Verdict:
    """The family of an error decides.

    `attempt` is the number of the attempt that it ended (1 is the first), `exceptions` how many attempts ended in a
    bug, this one among them, `age` the seconds since the first try.
    """
    if isinstance(error, Snooze):
        return Verdict("snoozed", _bounded(error.seconds))
    if isinstance(error, (PermanentError, *policy.permanent)):
        return Verdict("failed", reason="permanent")
    if policy.tries is not None and attempt >= policy.tries:
        return Verdict("failed", reason="tries_exhausted")
    if policy.max_exceptions is not None and exceptions >= policy.max_exceptions:
        return Verdict("failed", reason="too_many_exceptions")
    if isinstance(error, TransientError) and error.retry_after is not None:
        delay = _bounded(error.retry_after)
    else:
        delay = _bounded(policy.backoff.delay(attempt))
    if policy.retry_until is not None and age + delay >= policy.retry_until:
        return Verdict("failed", reason="retried_until")
    return Verdict("retry", delay)


def _bounded(seconds: float) -> float:
    """A delay that a timestamp can be reckoned with; what is no number is none."""
    return min(max(0.0, seconds), LONGEST_DELAY_SECONDS) if seconds == seconds else 0.0  # noqa: PLR0124 - NaN is not itself


def is_expected(error: BaseException) -> bool:
    """True for an error that somebody foresaw: a warning and a counter. Everything else is a bug."""
    return isinstance(error, BellhopError | Snooze)


def describe(error: BaseException) -> str:
    """The text that is kept of an error: its message; for a bug, where it happened too."""
    if is_expected(error):
        return shown(error)[:ERROR_LENGTH]
    try:
        text = "".join(traceback.format_exception(error, limit=-8))
    except Exception:  # noqa: BLE001 - whatever an error does when it is shown, it must still be recorded
        text = shown(error)
    return storable_text(text)[-ERROR_LENGTH:]


def type_of(error: BaseException) -> str:
    """The stable code of an error that has one, else the name of its class."""
    code = getattr(error, "code", None)
    return storable_text(code if isinstance(code, str) else type(error).__name__, TYPE_LENGTH)


def record_attempt(
    session: Session, declaration: ActorDeclaration, delivery: Delivery, error: BaseException, duration: float
) -> Outcome:
    """Write how an attempt ended, onto a row that is not finished. Returns `quiet` where somebody else was faster."""
    connection = driver(session)
    inbox.lock(connection, delivery.service, delivery.message_id)
    if delivery.redelivered:
        end_starts(connection, delivery)
    standing = inbox.standing(connection, delivery)
    if standing.is_over_for(delivery.turn):
        return "quiet"
    attempt = standing.attempts + 1
    is_bug = not is_expected(error)
    verdict = judge(
        declaration.policy,
        error,
        attempt,
        exceptions=standing.exceptions + is_bug,
        age=max(standing.age, duration) if standing.attempts else duration,
    )
    spent = attempt if verdict.spends_attempt else standing.attempts
    error_type = type_of(error)
    next_in = None if verdict.outcome == "failed" else timedelta(seconds=verdict.delay)
    connection.execute(
        ATTEMPT,
        (
            delivery.message_id, delivery.service, delivery.kind, delivery.turn, attempt, verdict.outcome,
            error_type, describe(error), duration, next_in,
        ),
    )  # fmt: skip
    if next_in is None:
        on_failure = declaration.policy.on_failure.kind if declaration.policy.on_failure else None
        finish_failed(session, failure_of(delivery, spent, verdict.reason, error_type, describe(error)), on_failure)
        return "failed"
    inbox.write(
        connection,
        delivery,
        "waiting",
        turn=delivery.turn + 1,
        attempts=spent,
        exceptions=int(is_bug),
        began=duration,
    )
    put_off(session, delivery, next_in, delivery.turn + 1, verdict.outcome)
    return verdict.outcome


def end_starts(connection: Connection, delivery: Delivery, *, is_running: bool = True) -> None:
    """Strike the starts of a redelivered message out, in the transaction of an outcome, and tell those that crashed.

    A first start is not written down, so a crash is told from the second on. `is_running` says that the last start is
    the present one.
    """
    starts = clear_starts(connection, delivery.service, delivery.message_id)
    if (crashed := starts - is_running) > 0:
        names = {"service": delivery.service, "kind": delivery.kind, "turn": delivery.turn, "crashed": crashed}
        connection.execute(_CRASHED, {**names, "message_id": delivery.message_id})


def record_put_back(
    session: Session,
    delivery: Delivery,
    standing: Standing,
    delay: timedelta,
    reason: str | None,
    tickets: Mapping[str, Any],
) -> None:
    """A limiter put the message back before it ran: a snooze, with the tickets of what was reserved for it. Without a
    `reason` nothing of it is written into the log of its attempts.
    """
    connection = driver(session)
    turn = delivery.turn + 1
    if reason is not None:
        connection.execute(
            ATTEMPT,
            (
                delivery.message_id, delivery.service, delivery.kind, delivery.turn, standing.attempts + 1, "snoozed",
                "put_back", reason, 0.0, delay,
            ),
        )  # fmt: skip
    inbox.write(connection, delivery, "waiting", turn=turn, attempts=standing.attempts)
    put_off(session, delivery, delay, turn, "snoozed", tickets)


def put_off(
    session: Session,
    delivery: Delivery,
    delay: timedelta,
    turn: int,
    reason: str,
    tickets: Mapping[str, Any] | None = None,
) -> None:
    """Schedule the message for its own consumer. With the same turn it is the same publication, only later."""
    cause = delivery.cause
    driver(session).execute(
        _SCHEDULE,
        (
            delivery.message_id, delivery.kind, delivery.queue, turn, delivery.body(turn, tickets), delay, reason,
            fairness_key(delivery.options, cause.organisation_id), cause.organisation_id, cause.correlation_id,
        ),
    )  # fmt: skip
    session.info[PUBLISHED] = True


def record_poison(session: Session, declaration: ActorDeclaration, delivery: Delivery, starts: int) -> Outcome:
    """End a message that never ends: its worker died at each of its last starts."""
    connection = driver(session)
    inbox.lock(connection, delivery.service, delivery.message_id)
    end_starts(connection, delivery, is_running=False)
    attempts = inbox.standing(connection, delivery).attempts
    error = (
        f"{starts} starts of this message ended with the death of their process; it was running alone in the last ones"
    )
    on_failure = declaration.policy.on_failure.kind if declaration.policy.on_failure else None
    ended = finish_failed(session, failure_of(delivery, attempts, "poison", "poison", error), on_failure)
    return "failed" if ended else "quiet"


def failure_of(delivery: Delivery, attempts: int, reason: str, error_type: str, error: str) -> Failure:
    return Failure(
        service=delivery.service,
        kind=delivery.kind,
        queue=delivery.queue,
        message_id=delivery.message_id,
        turn=delivery.turn,
        attempts=attempts,
        reason=reason,
        error_type=error_type,
        error=error,
        body=delivery.body(),
        fields=delivery.fields,
        options=delivery.options,
    )
