"""Places with four processes: never too many at once, each waits once, a killed holder frees its place with its lease."""

from functools import partial

from shared.messaging.admission import PLACE_MARGIN_SECONDS
from tests.integration.messaging.policies.actors import PLACES, TIME_LIMIT
from tests.integration.messaging.policies.contracts import CrowdedJob, DroppedJob, Job, LonelyJob
from tests.integration.messaging.policies.crew import Crew
from tests.support.waiting import wait_for

LEASE = TIME_LIMIT + PLACE_MARGIN_SECONDS


def leases(crew: Crew, key: str) -> list[float]:
    """Seconds that each holder of a key still has."""
    statement = """
        SELECT extract(epoch FROM expires_at - clock_timestamp())::float8 FROM messaging.place
        WHERE key = %s AND NOT is_waiting"""
    return [row[0] for row in crew.query(statement, key)]


def test_one_at_a_time_and_each_waits_once(crew: Crew) -> None:
    """The one that leaves gives its place to the first that waits: nobody asks in between."""
    jobs = range(12)
    published = crew.publish(*(LonelyJob(number=number, key="one") for number in jobs))
    done = crew.wait_until_done("one", jobs)

    assert (done, crew.most_at_once("one")) == (list(jobs), 1)
    assert set(crew.snoozes(published)) == {1}
    assert crew.query("SELECT 1 FROM messaging.place WHERE key LIKE '%%lonely-one'") == []


def test_three_at_a_time_and_each_waits_once(crew: Crew) -> None:
    """A place that is free is given to one that waits, not to all of them."""
    jobs = range(15)
    published = crew.publish(*(CrowdedJob(number=number, key="three") for number in jobs))
    done = crew.wait_until_done("three", jobs)

    assert (done, crew.most_at_once("three") <= PLACES) == (list(jobs), True)
    assert set(crew.snoozes(published)) == {1}


def test_killed_holder_takes_its_own_place_again(crew: Crew) -> None:
    """The redelivered message is the holder still: it does not wait for its own lease, and nobody overtakes it."""
    crew.publish(*(LonelyJob(number=number, key="again", how="gated") for number in range(2)))
    (holder, pid), *_ = crew.wait_for_runs("again", 1)
    crew.kill(pid)
    runs = crew.wait_for_runs("again", 2)
    crew.open_gate("again")
    done = crew.wait_until_done("again", range(2))

    assert [number for number, _ in runs] == [holder, holder]
    assert (done, crew.most_at_once("again")) == ([0, 1], 1)


def test_place_of_one_that_never_comes_back_is_free_when_its_lease_ends(crew: Crew) -> None:
    """The holder is killed and its message is lost with it: whoever waits gets in after the lease, not before."""
    crew.publish(LonelyJob(number=0, key="lost", how="gated"))
    ((_, pid),) = crew.wait_for_runs("lost", 1)
    crew.publish(LonelyJob(number=1, key="lost"))
    waiting = "SELECT 1 FROM messaging.place WHERE key = 'places:lonely-lost' AND is_waiting"
    wait_for(lambda: crew.query(waiting), 40, "the second to wait")
    (lease,) = leases(crew, "places:lonely-lost")
    crew.lose(pid, LonelyJob.kind)
    before = crew.done("lost")
    crew.let_leases_end("places:lonely-lost", LEASE)
    done = crew.wait_until_done("lost", [1])

    assert 0 < lease <= LEASE
    assert (before, done) == ([], [1])


def test_dropped_ones_end_unrun(crew: Crew) -> None:
    """While one works the others are skipped, and after it the next may run."""
    crew.publish(DroppedJob(number=0, key="drop", how="gated"))
    crew.wait_for_runs("drop", 1)
    dropped = crew.publish(*(DroppedJob(number=number, key="drop") for number in range(1, 9)))
    ended = "SELECT count(*) FROM messaging.inbox WHERE message_id = ANY(%s) AND status = 'done'"
    wait_for(lambda: crew.query(ended, dropped)[0][0] == len(dropped), 40, "all to be dropped")
    crew.open_gate("drop")
    crew.wait_until_done("drop", [0])
    crew.publish(DroppedJob(number=9, key="drop"))
    done = crew.wait_until_done("drop", [0, 9])

    assert done == [0, 9]


def test_waiting_one_that_is_cancelled_holds_nobody_up(crew: Crew) -> None:
    """A place is given only to a message that is there."""
    crew.publish(LonelyJob(number=0, key="gone", how="gated"))
    crew.wait_for_runs("gone", 1)
    waiting = "SELECT count(*) FROM messaging.place WHERE key = 'places:lonely-gone' AND is_waiting"
    for number in (1, 2):
        crew.publish(LonelyJob(number=number, key="gone"))
        wait_for(partial(is_waiting, crew, waiting, number), 40, "one more to wait")
    first = """
        DELETE FROM messaging.scheduled WHERE message_id = (SELECT message_id FROM messaging.place
        WHERE key = 'places:lonely-gone' AND is_waiting ORDER BY joined_at LIMIT 1)"""
    crew.query(first)
    crew.open_gate("gone")
    done = crew.wait_until_done("gone", [0, 2], seconds=40)
    crew.publish(Job(number=1, key="after-gone"))
    crew.wait_until_done("after-gone", [1])

    assert done == [0, 2]


def is_waiting(crew: Crew, statement: str, count: int) -> bool:
    return bool(crew.query(statement)[0][0] == count)
