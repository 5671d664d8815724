"""Who may share a commit, and who waits for whom."""

from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

import pytest

from shared.messaging.actor import ActorDeclaration, actor
from shared.messaging.middleware.job import SkipIf
from shared.messaging.sharing import (
    APART_TIMES,
    HELD_FOR_A_THREAD,
    LARGEST,
    QUICK_SECONDS,
    Sharing,
    may_share,
    prefetches,
)
from shared.messaging.work_queue import WorkQueue
from tests.toyshop.contracts import MakeToy, PackToy


class Clock:
    """The monotonic clock, as the test sets it."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queue() -> WorkQueue:
    return WorkQueue()


@pytest.fixture
def sharing(queue: WorkQueue, clock: Clock) -> Sharing:
    """MakeToy has proved to be quick in it."""
    sharing = Sharing(queue, clock=clock)
    sharing.learn(MakeToy.kind, 0.001)
    return sharing


def declared(**policy: Any) -> ActorDeclaration:
    return actor(MakeToy, queue="toyshop.default", **policy)(lambda *_: None)


def item(number: int, kind: str = MakeToy.kind, **more: Any) -> Any:
    """What Dramatiq puts into its work queue."""
    message = SimpleNamespace(number=number, actor_name=kind, options={}, redelivered=False)
    return SimpleNamespace(message=SimpleNamespace(**{**vars(message), **more}))


def fill(queue: WorkQueue, *items: Any) -> None:
    for one in items:
        queue.put(one)


def numbers(items: Iterable[Any]) -> list[int]:
    return [item.message.number for item in items]


def left_in(queue: WorkQueue) -> list[int]:
    return [queue.get_nowait().message.number for _ in range(queue.qsize())]


def test_what_waits_behind_a_quick_job_comes_along(sharing: Sharing, queue: WorkQueue) -> None:
    """In its order, and at most so many."""
    fill(queue, *(item(number) for number in range(2, 2 + LARGEST)))

    others = sharing.gather(declared(), item(1).message)

    assert numbers(others) == list(range(2, 1 + LARGEST))
    assert left_in(queue) == [1 + LARGEST]


def test_other_kinds_stay_for_others(sharing: Sharing, queue: WorkQueue) -> None:
    fill(queue, item(2), item(3, PackToy.kind), item(4))

    others = sharing.gather(declared(), item(1).message)

    assert numbers(others) == [2]
    assert sorted(left_in(queue)) == [3, 4]


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ({"middleware": [SkipIf(bool)]}, {}),
        ({"shares_commit": False}, {}),
        ({}, {"redelivered": True}),
        ({}, {"options": {"unique": {"until": "started"}}}),
    ],
    ids=["middleware", "declared", "redelivered", "unique"],
)
def test_some_never_share(policy: dict[str, Any], message: dict[str, Any]) -> None:
    """What must commit something before its handler, what asks to be alone, and what may be poison."""
    assert not may_share(declared(**policy), item(1, **message).message)


def test_first_of_a_kind_is_alone(queue: WorkQueue) -> None:
    """Nobody knows yet how long it takes."""
    fill(queue, item(2))

    assert Sharing(queue).gather(declared(), item(1).message) == []


def test_slow_kind_is_alone_until_it_is_quick_again(sharing: Sharing, queue: WorkQueue) -> None:
    fill(queue, item(2))
    sharing.learn(MakeToy.kind, 100 * QUICK_SECONDS)
    slow = sharing.gather(declared(), item(1).message)
    for _ in range(100):
        sharing.learn(MakeToy.kind, 0.001)

    quick = sharing.gather(declared(), item(1).message)

    assert (numbers(slow), numbers(quick)) == ([], [2])


def test_kind_that_fell_apart_is_alone_for_a_while(sharing: Sharing, queue: WorkQueue, clock: Clock) -> None:
    """For so many times as long as was wasted."""
    fill(queue, item(2))
    sharing.fell_apart(MakeToy.kind, 1.0)
    clock.seconds += APART_TIMES - 1
    before = sharing.gather(declared(), item(1).message)
    clock.seconds += 2

    after = sharing.gather(declared(), item(1).message)

    assert (numbers(before), numbers(after)) == ([], [2])


def test_what_was_not_ended_goes_back(sharing: Sharing, queue: WorkQueue) -> None:
    """For other threads, each by itself."""
    fill(queue, item(2), item(3), item(4))
    others = sharing.gather(declared(), item(1).message)

    sharing.give_back(others[1:])

    assert not may_share(declared(), others[1].message)
    assert left_in(queue) == [3, 4]


def test_queue_of_quick_jobs_is_read_further_ahead() -> None:
    """Only where every actor of the queue may share: what takes long is not to wait in a busy process."""
    quick, slow = declared(), declared(time_limit=600)
    limited = actor(PackToy, queue="toyshop.packing", middleware=[SkipIf(bool)])(lambda *_: None)

    assert prefetches([quick, limited], 4) == {"toyshop.default": 4 * HELD_FOR_A_THREAD, "toyshop.packing": 4}
    assert prefetches([quick, slow], 4) == {"toyshop.default": 4}
