"""Moving what the database holds into the past is, for all who look at it, time that has passed."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from shared.errors import TransientError
from shared.messaging.actor import ActorDeclaration, actor
from shared.messaging.middleware import CircuitBreaker, JobMiddleware, RateLimited, TokenBucket
from shared.messaging.outbox import publish
from shared.messaging.retries import Delays
from shared.messaging.testing import (
    Inline,
    travel,
)
from shared.messaging.unique import Unique
from tests.support.databases import Database
from tests.toyshop.contracts import MakeToy, PackToy

QUEUE = "toyshop.default"


def packing(**policy: object) -> ActorDeclaration:
    """An actor that notes which toys it packed."""

    def pack(message: PackToy, _: Session, notes: list[int]) -> None:
        notes.append(message.number)

    return actor(PackToy, queue=QUEUE, **policy)(pack)  # type: ignore[arg-type] # the policy of the test at hand


def test_retry_until_sees_the_moved_clock(database: Database) -> None:
    """The age of a message moves along with everything else."""

    def make(*_: object) -> None:
        raise TransientError

    declaration = actor(MakeToy, queue=QUEUE, tries=None, retry_until=3600, backoff=Delays([1000]))(make)
    inline = Inline(database.engine, [declaration])
    with inline.work() as session:
        publish(session, MakeToy(number=1))

    assert [one.outcome for one in inline.drain_all()] == ["retry", "retry", "retry", "failed"]


@pytest.mark.parametrize("limit", [RateLimited("pack", 2, per=3600), TokenBucket("pack", rate=2 / 3600, burst=2)])
def test_limits_hold_while_the_clock_is_moved(database: Database, limit: JobMiddleware) -> None:
    """Whoever is over the limit comes back on its slot, and runs then: it is put back once."""
    packed: list[int] = []
    inline = Inline(database.engine, [packing(middleware=[limit])], {"toyshop": packed})
    with inline.work() as session:
        for number in range(5):
            publish(session, PackToy(number=number))

    now_run = [one.outcome for one in inline.drain()]
    later = [one.outcome for one in inline.drain_all()]

    assert (now_run, later) == (["done", "done", "snoozed", "snoozed", "snoozed"], ["done", "done", "done"])
    assert sorted(packed) == [0, 1, 2, 3, 4]


def test_breaker_closes_after_its_pause(database: Database) -> None:
    """An open breaker is a matter of time too."""
    errors = [TransientError("down", retry_after=0)]

    def make(*_: object) -> None:
        if errors:
            raise errors.pop()

    breaker = CircuitBreaker("carrier", threshold=1, pause=300)
    inline = Inline(database.engine, [actor(MakeToy, queue=QUEUE, middleware=[breaker])(make)])
    with inline.work() as session:
        publish(session, MakeToy(number=1))

    before = [one.outcome for one in inline.drain()]
    inline.travel(300)

    assert (before, [one.outcome for one in inline.drain()]) == (["retry", "snoozed"], ["done"])


def test_unique_key_expires_when_the_clock_is_moved(database: Database) -> None:
    """A key for an hour: the same message before, another one after."""
    unique = Unique("toy", until=timedelta(hours=1))
    with database.work("toyshop")() as session:
        first = publish(session, MakeToy(number=1), unique=unique)
        same = publish(session, MakeToy(number=1), unique=unique)
        travel(session, 3600)
        other = publish(session, MakeToy(number=1), unique=unique)

    assert (same == first, other == first) == (True, False)


def test_time_passes_forward_only(database: Database) -> None:
    """Moving back would make leases of the dead valid again."""
    with pytest.raises(ValueError, match="forward"), database.work("toyshop")() as session:
        travel(session, -1)


def test_moments_of_schedules_stay(database: Database) -> None:
    """The key of a tick is its moment: moved, the scheduler would publish it again."""
    database.query("INSERT INTO messaging.tick (schedule, due_at) VALUES ('nightly', '2026-01-01T00:00:00Z')")
    with database.work("toyshop")() as session:
        travel(session, 3600)
    assert database.value("SELECT count(*) FROM messaging.tick WHERE due_at = '2026-01-01T00:00:00Z'") == 1
