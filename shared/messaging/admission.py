"""Before the handler: may this message run now? Asked in a transaction of its own, committed before the handler starts."""

from datetime import timedelta
from typing import TYPE_CHECKING

import psycopg
from sqlalchemy.orm import Session

from shared.contracts.message import Contract
from shared.database.session import PUBLISHED, driver
from shared.errors import PermanentError
from shared.messaging import inbox, membership
from shared.messaging.actor import ActorDeclaration
from shared.messaging.delivery import Delivery
from shared.messaging.inbox import Connection, Standing
from shared.messaging.middleware.job import Admission, Ended, JobMiddleware, PutBack, Skipped
from shared.messaging.outcomes import end_starts, record_put_back
from shared.messaging.poison import take_back_start

if TYPE_CHECKING:
    from shared.messaging.runner import Runner

PLACE_MARGIN_SECONDS = 60.0
"""A place is leased for the actor's time limit and this: whoever dies holds it no longer."""
BUSY_SECONDS = 5.0


def is_asked(declaration: ActorDeclaration, delivery: Delivery) -> bool:
    """True if anything stands between the message and its handler that must be committed before the handler starts.

    Whether a member's batch or chain was cancelled, a plain handler's own transaction finds out.
    """
    options = delivery.options
    if declaration.policy.middleware or membership.frees_key_at_start(options):
        return True
    return declaration.calls_provider and membership.belongs(options)


def ask(runner: "Runner", declaration: ActorDeclaration, delivery: Delivery, message: Contract) -> str | None:
    """None if the message may run; else its outcome: it was put back, skipped, or had nothing to do here."""

    def decided(session: Session) -> str | None:
        outcome = _decide(session, declaration, delivery, message)
        if delivery.redelivered and outcome == "busy":
            take_back_start(driver(session), delivery.service, delivery.message_id)
        elif delivery.redelivered and outcome is not None:
            # Its handler did not start, so this is not a start that may remain unfinished.
            end_starts(driver(session), delivery)
        return outcome

    try:
        outcome = runner.transact(decided, delivery)
    except psycopg.errors.LockNotAvailable:
        # Too many at one limiter: that is no fault of the message.
        outcome = "busy"
    return runner.release(delivery, BUSY_SECONDS) if outcome == "busy" else outcome


def _decide(session: Session, declaration: ActorDeclaration, delivery: Delivery, message: Contract) -> str | None:
    connection = driver(session)
    locked = inbox.try_lock(connection, delivery)
    standing = inbox.standing(connection, delivery)
    if standing.is_over_for(delivery.turn):
        return "quiet"
    if not locked:
        return "busy"
    if not membership.may_start(connection, delivery):
        _end_unrun(connection, delivery, standing)
        membership.skipped(connection, delivery)
        session.info[PUBLISHED] = True
        return "skipped"
    admission = _admission(connection, declaration, delivery, message)
    if not delivery.redelivered:
        # One that comes a second time may have run on its tickets already.
        admission.tickets.update(_tickets_of(delivery))
    outcome = _pass_through(session, declaration.policy.middleware, admission, standing)
    if outcome is None:
        membership.started(connection, delivery)
    return outcome


def _tickets_of(delivery: Delivery) -> dict[str, object]:
    tickets = delivery.options.get("tickets")
    return tickets if isinstance(tickets, dict) else {}


def _pass_through(
    session: Session, middleware: tuple[JobMiddleware, ...], admission: Admission, standing: Standing
) -> str | None:
    admitted: list[JobMiddleware] = []
    for one in middleware:
        refusal = one.admit(admission)
        if refusal is None:
            admitted.append(one)
            continue
        for earlier in reversed(admitted):
            earlier.withdraw(admission)
        return _refuse(session, admission, standing, refusal)
    return None


def _refuse(session: Session, admission: Admission, standing: Standing, refusal: PutBack | Skipped) -> str:
    if isinstance(refusal, PutBack):
        delay = timedelta(seconds=max(0.0, refusal.seconds))
        reason = None if refusal.again else refusal.reason
        record_put_back(session, admission.delivery, standing, delay, reason, dict(admission.tickets))
        return "snoozed"
    _end_unrun(admission.connection, admission.delivery, standing)
    membership.done(admission.connection, admission.delivery, None)
    session.info[PUBLISHED] = True
    return "skipped"


def _end_unrun(connection: Connection, delivery: Delivery, standing: Standing) -> None:
    inbox.write(connection, delivery, "done", turn=delivery.turn, attempts=standing.attempts)


def leave(
    connection: Connection,
    declaration: ActorDeclaration,
    delivery: Delivery,
    message: Contract,
    outcome: Ended,
    error: BaseException | None = None,
) -> None:
    """Tell the middleware how the handler ended, in the transaction of the outcome.

    In the order of `admit`: what they lock, they lock in the same order.
    """
    admission = _admission(connection, declaration, delivery, message)
    for one in declaration.policy.middleware:
        one.leave(admission, outcome, error)


def _admission(
    connection: Connection, declaration: ActorDeclaration, delivery: Delivery, message: Contract
) -> Admission:
    policy = declaration.policy
    lease = policy.time_limit + PLACE_MARGIN_SECONDS
    return Admission(connection, message, delivery, lease, permanent=(PermanentError, *policy.permanent))
