"""Limits with four processes: never exceeded, no slot lost, each message put back twice at most."""

from tests.integration.messaging.policies.actors import LIMIT
from tests.integration.messaging.policies.contracts import BucketJob, LimitedJob
from tests.integration.messaging.policies.crew import Crew
from tests.support.waiting import wait_for


def test_window_is_never_exceeded_and_each_message_is_put_back_twice_at_most(crew: Crew) -> None:
    """A hundred jobs against twenty a second: five full windows, and the one in which they came."""
    jobs = range(100)
    published = crew.publish(*(LimitedJob(number=number, key="window") for number in jobs))
    done = crew.wait_until_done("window", jobs)
    seconds = crew.query("SELECT extract(epoch FROM max(at) - min(at)) FROM toyshop.admitted WHERE key = 'window'")[0][
        0
    ]

    assert done == list(jobs)
    assert crew.most_admitted_in_a_second("window") <= LIMIT
    assert max(crew.snoozes(published)) <= 2
    assert seconds < len(jobs) / LIMIT + 2


def test_window_is_not_exceeded_when_a_holder_of_tickets_is_killed(crew: Crew) -> None:
    """What the killed process had begun comes again, and needs a slot of its own: its ticket is worth nothing."""
    jobs = range(60)
    crew.publish(*(LimitedJob(number=number, key="killed", how="gated") for number in jobs))
    victims = crew.wait_for_runs("killed", 4)
    crew.kill(victims[0][1])
    crew.open_gate("killed")
    done = crew.wait_until_done("killed", jobs)

    assert len(crew.runs("killed")) > len(jobs)
    assert done == list(jobs)
    assert crew.most_admitted_in_a_second("killed") <= LIMIT


def test_bucket_keeps_its_rate_and_its_burst(crew: Crew) -> None:
    """In any second there start at most twice its rate and its burst; all in all it keeps to its rate."""
    jobs = range(80)
    published = crew.publish(*(BucketJob(number=number, key="bucket") for number in jobs))
    done = crew.wait_until_done("bucket", jobs)
    statement = """
        SELECT max((SELECT count(*) FROM toyshop.admitted AS other WHERE other.key = 'bucket'
                    AND other.at BETWEEN one.at AND one.at + interval '1 second')),
               extract(epoch FROM max(at) - min(at)) FROM toyshop.admitted AS one WHERE key = 'bucket'"""
    densest, seconds = crew.query(statement)[0]

    assert done == list(jobs)
    assert densest <= LIMIT * 2 + 5
    assert (len(jobs) - 5) / LIMIT - 1 <= seconds
    assert max(crew.snoozes(published)) <= 2


def test_a_limit_is_kept_for_each_key_by_itself(crew: Crew) -> None:
    """A key that is at its limit holds no other up."""
    crew.publish(*(LimitedJob(number=number, key="busy") for number in range(100)))
    crew.publish(LimitedJob(number=1, key="idle"))
    wait_for(lambda: crew.done("idle"), 40, "the idle key")
    busy = crew.done("busy")
    crew.wait_until_done("busy", range(100))

    assert len(busy) < 100
