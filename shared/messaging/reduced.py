"""The last form of an outcome: where one cannot be written as it is, the message ends counted, seen, and without its texts."""

from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from shared.database.session import driver
from shared.messaging import inbox
from shared.messaging.actor import ActorDeclaration
from shared.messaging.delivery import Delivery
from shared.messaging.failed_jobs import finish_failed
from shared.messaging.gate import DatabaseAwayError, should_run_again, sqlstate_of
from shared.messaging.outcomes import ATTEMPT, Outcome, end_starts, failure_of

if TYPE_CHECKING:
    from shared.messaging.runner import Runner

NOT_RECORDED = "outcome_not_recorded"
_LOCK_NOT_AVAILABLE = "55P03"
_OF_THE_RELEASE = "42"
"""Class of SQLSTATEs of a statement that this database does not know, or this role may not run: a deployment ends it."""


def conclude_reduced(runner: "Runner", declaration: ActorDeclaration, delivery: Delivery, failed: Exception) -> str:
    """End a message whose outcome could not be written, for the reason `failed`. Returns the outcome.

    Raises DatabaseAwayError, and the message comes back in 30 s, where the fault is not in the outcome: another run holds
    the message's lock, or the schema or the rights are not those of this release.
    """
    state = sqlstate_of(failed) or ""
    if isinstance(failed, DatabaseAwayError) or state == _LOCK_NOT_AVAILABLE:
        raise DatabaseAwayError from failed
    runner.metrics.expected_error(NOT_RECORDED)
    runner.log.critical("outcome not recorded", exc_info=failed, **delivery.names)
    if state.startswith(_OF_THE_RELEASE) or should_run_again(failed):
        raise DatabaseAwayError from failed
    notice = declaration.policy.on_failure.kind if declaration.policy.on_failure else None
    for on_failure in dict.fromkeys((notice, None)):
        try:
            return runner.transact(lambda session, kind=on_failure: _record(session, delivery, kind), delivery)  # type: ignore[misc] # bound now
        except DatabaseAwayError:
            raise
        except Exception as again:
            runner.log.critical("outcome not recorded, reduced", exc_info=again, **delivery.names)
    raise DatabaseAwayError from failed


def _record(session: Session, delivery: Delivery, on_failure: str | None) -> Outcome:
    """End a message whose outcome cannot be written as it is: an attempt and a failed job, with nothing from outside in
    them but the message itself.
    """
    connection = driver(session)
    inbox.lock(connection, delivery.service, delivery.message_id)
    if delivery.redelivered:
        end_starts(connection, delivery)
    standing = inbox.standing(connection, delivery)
    if standing.is_over_for(delivery.turn):
        return "quiet"
    attempt = standing.attempts + 1
    text = "what this attempt led to could not be written down; the log of its worker says why"
    connection.execute(
        ATTEMPT,
        (
            delivery.message_id, delivery.service, delivery.kind, delivery.turn, attempt, "failed",
            NOT_RECORDED, text, 0.0, None,
        ),
    )  # fmt: skip
    finish_failed(session, failure_of(delivery, attempt, NOT_RECORDED, NOT_RECORDED, text), on_failure)
    return "failed"
