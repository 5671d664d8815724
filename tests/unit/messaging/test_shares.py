"""How much may be under way: a window of the queue, and of that no more of one key than its share."""

from uuid import UUID

import pytest

from services.relay.shares import COMPANY_SECONDS, LATEST_SECONDS, SOONEST_SECONDS, Pool, QueueShare
from shared.ids import new_id

ADA, BOB = UUID(int=1), UUID(int=2)
POOL = Pool(threads=16, prefetch=16)


def send(share: QueueShare, key: UUID, count: int, now: float) -> list[UUID]:
    messages = [new_id() for _ in range(count)]
    share.sent(key, [(message, 1) for message in messages], now)
    return messages


def done(messages: list[UUID]) -> dict[UUID, tuple[str, int]]:
    return dict.fromkeys(messages, ("done", 1))


def test_key_whose_jobs_hang_has_three_quarters_of_the_threads() -> None:
    """So that a quarter is always free for somebody else."""
    share = QueueShare()
    send(share, ADA, 12, now=0.0)

    assert share.share_of(ADA, POOL, 0.75, now=0.0) - share.under_way(ADA) == 0
    assert share.share_of(BOB, POOL, 0.75, now=0.0) - share.under_way(BOB) == 12


def test_key_whose_jobs_are_quick_has_a_fifth_of_a_second_of_them() -> None:
    """Its share grows with its own rate, at once, and falls when nothing ends any more."""
    share, now = QueueShare(), 0.0
    for _ in range(200):
        messages = send(share, ADA, 10, now)
        now += 0.01
        share.learn(done(messages), now)
    quick = share.share_of(ADA, POOL, 0.75, now)
    send(share, ADA, 10, now)
    for _ in range(20):
        now += 0.25
        share.learn({}, now)

    assert 150 <= quick <= 250
    assert share.share_of(ADA, POOL, 0.75, now) == 12


def test_who_comes_waits_for_a_moment_of_somebody_elses_jobs() -> None:
    """While others come, 0.03 s of a rate may be under way instead of 0.2 s; when they are gone, all of it again."""
    share, now = QueueShare(), 0.0
    for number in range(300):
        messages = send(share, ADA, 30, now)
        if number == 200:
            alone = share.share_of(ADA, POOL, 0.75, now)
            send(share, BOB, 1, now)
        now += 0.01
        share.learn(done(messages), now)
    beside = share.share_of(ADA, POOL, 0.75, now)

    assert 500 <= alone <= 700
    assert 75 <= beside <= 105
    assert 500 <= share.share_of(ADA, POOL, 0.75, now) * 0.2 / 0.03 <= 750
    share.sent(ADA, [], now + COMPANY_SECONDS)
    assert share.share_of(ADA, Pool(1, 1), 0.75, now + 0.1 + COMPANY_SECONDS) == 1


def test_burst_of_quick_jobs_is_no_rate() -> None:
    """Six that end at once do not make room for sixty that hang."""
    share = QueueShare()
    share.learn(done(send(share, ADA, 6, now=0.0)), now=0.01)

    assert share.share_of(ADA, POOL, 0.75, now=0.01) == 12


def test_rate_of_long_ago_is_worth_nothing() -> None:
    """Who was quick an hour ago may hang now."""
    share = QueueShare()
    share.learn(done(send(share, ADA, 1_000, now=0.0)), now=0.1)

    assert share.share_of(ADA, POOL, 0.75, now=3_600.0) == 12


def test_queue_is_given_what_its_consumers_hold_and_as_much_again() -> None:
    """At least the floor, where nobody is known to work on it."""
    share = QueueShare()

    assert share.limit(POOL, 16, now=0.0) == 32
    assert share.limit(Pool(16, 0), 16, now=0.0) == 16


@pytest.mark.parametrize(
    ("standing", "is_over"),
    [
        (("done", 1), True),
        (("failed", 1), True),
        (("waiting", 2), True),
        (("calling", 1), False),
        (("waiting", 1), False),
    ],
    ids=["done", "failed", "put off to its next turn", "being called", "this turn still waits"],
)
def test_what_has_ended_makes_room(standing: tuple[str, int], is_over: bool) -> None:
    """Finished, or gone on to a later turn; not while it is worked on."""
    share = QueueShare()
    (message,) = send(share, ADA, 1, now=0.0)

    ended = share.learn({message: standing}, now=1.0)

    assert (ended == 1, share.total == 0) == (is_over, is_over)


def test_questions_come_less_often_where_nothing_moves() -> None:
    """At once after something has ended, four times a second at last."""
    share = QueueShare()
    messages = send(share, ADA, 5, now=0.0)
    pauses = []
    for number in range(7):
        share.learn({}, now=float(number))
        pauses.append(share.pause)
    share.learn(done(messages), now=9.0)

    assert pauses[-1] == LATEST_SECONDS
    assert pauses == sorted(pauses)
    assert share.pause == SOONEST_SECONDS


def test_every_key_is_asked_for() -> None:
    """One with much under way does not crowd the others out of a question."""
    share = QueueShare()
    flood, lone = send(share, ADA, 5_000, now=0.0), send(share, BOB, 1, now=0.0)

    asked = share.questions()

    assert lone[0] in asked
    assert asked[0] == flood[0]
    assert len(asked) <= 1_000


def test_message_that_is_published_again_is_under_way_once() -> None:
    """A retry is the same message, at its next turn."""
    share = QueueShare()
    (message,) = send(share, ADA, 1, now=0.0)
    share.sent(ADA, [(message, 2)], now=1.0)

    assert share.total == 1
    assert share.learn({message: ("waiting", 2)}, now=2.0) == 0


def test_what_was_not_sent_or_is_never_heard_of_again_makes_room() -> None:
    """A refused publish, and one whose queue was lost with its broker."""
    share = QueueShare()
    first, _ = send(share, ADA, 2, now=0.0)
    share.unsent(ADA, first)
    before = share.total
    share.expire(60.0, now=61.0)

    assert (before, share.total) == (1, 0)
