"""Several deliveries in one transaction, or each alone where that comes to nothing. Who may share is said in `sharing`."""

from collections.abc import Sequence
from time import monotonic
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from shared.database.session import driver
from shared.messaging import inbox, membership
from shared.messaging.actor import ActorDeclaration
from shared.messaging.causes import caused_by
from shared.messaging.delivery import Delivery, validated
from shared.messaging.runner import Ending
from shared.messaging.time_limits import Interrupt, StoppedError

if TYPE_CHECKING:
    from shared.messaging.runner import Runner

PATIENCE_SECONDS = 0.25
"""How long one of several may take before it is interrupted, to be run alone: what ran before it waits for its commit."""

_IMPATIENT = b"SET LOCAL lock_timeout = 250; SET LOCAL statement_timeout = 250;"
"""PostgreSQL interrupts what waits in it, which Python cannot. Milliseconds."""


class FellApartError(Exception):
    """Several messages cannot be ended in one transaction."""


def run_all(runner: "Runner", declaration: ActorDeclaration, deliveries: Sequence[Delivery]) -> list[Ending]:
    """Run deliveries that may share a commit. Returns the endings of the first ones, in order.

    Where their transaction comes to nothing, each is run alone that ended well in it; the one that did not, and what is
    behind it, are left: it may take long, and neither those before it nor those behind it are to wait for that. So there
    is no ending where it was the first one. As `Runner.run`, it raises nothing that a job, a database or a deployment
    can cause.
    """
    begun: list[Delivery] = []
    started = monotonic()
    try:
        seconds = _together(runner, declaration, deliveries, begun)
    except StoppedError:
        for delivery in begun or deliveries[:1]:
            runner.tell(delivery, "released", monotonic() - started)
        return [Ending.HAND_BACK for _ in begun or deliveries[:1]]
    if seconds is None:
        runner.sharing.fell_apart(declaration.kind, monotonic() - started)
        return [runner.run(declaration, delivery) for delivery in begun[:-1]]
    for delivery, duration in zip(deliveries, seconds, strict=True):
        runner.tell(delivery, "done", duration)
    return [Ending.SETTLED for _ in deliveries]


def _together(
    runner: "Runner", declaration: ActorDeclaration, deliveries: Sequence[Delivery], begun: list[Delivery]
) -> list[float] | None:
    """All deliveries in one transaction: the seconds that each took. None if nothing of it was committed, or nobody knows
    whether it was; `begun` are those whose handlers were called.
    """

    def each(session: Session) -> list[float]:
        stopped = [membership.stopped(delivery.options) for delivery in deliveries]
        if not inbox.claim_all(driver(session), deliveries, stopped, begin=_IMPATIENT):
            raise FellApartError
        return [_one(runner, session, declaration, delivery, begun) for delivery in deliveries]

    first = deliveries[0]
    in_progress = runner.metrics.in_progress_on(first.queue)
    try:
        with runner.crowd.beside_others(), runner.in_flight.one(first), in_progress.track_inprogress():
            return runner.commit(each, first, min(declaration.policy.time_limit, PATIENCE_SECONDS))
    except StoppedError:
        runner.limits.settle()
        raise
    except (Exception, Interrupt, SystemExit):  # noqa: BLE001 - each is run again alone, and fails there if it must
        runner.limits.settle()
        return None


def _one(
    runner: "Runner", session: Session, declaration: ActorDeclaration, delivery: Delivery, begun: list[Delivery]
) -> float:
    """One of several. It sees what those before it wrote, as if they were committed, but none of their objects."""
    begun.append(delivery)
    started = monotonic()
    limit = declaration.policy.time_limit
    runner.limits.arm(min(limit, PATIENCE_SECONDS), patience=limit)
    with caused_by(delivery.cause):
        runner.handle(session, declaration, delivery, validated(declaration.contract, delivery))
        session.flush()
        session.expunge_all()
    return monotonic() - started
