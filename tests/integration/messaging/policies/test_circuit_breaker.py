"""One breaker for four processes: opens, lets one probe through, closes; a probe that dies is followed by another."""

from datetime import timedelta

import pytest

from tests.integration.messaging.policies.actors import THRESHOLD, TIME_LIMIT
from tests.integration.messaging.policies.contracts import GuardedJob
from tests.integration.messaging.policies.crew import Crew
from tests.support.waiting import wait_for

IS_OPEN = "SELECT 1 FROM messaging.breaker WHERE open_until IS NOT NULL"


@pytest.fixture(autouse=True)
def _closed(crew: Crew) -> None:
    """Every test begins with a closed breaker."""
    crew.query("DELETE FROM messaging.breaker")


def let_the_pause_end(crew: Crew, seconds: float = 0) -> bool:
    """Move the clock on for the breaker and for those that it has put back. Always true, for use in a condition."""
    crew.query("UPDATE messaging.breaker SET open_until = open_until - %s", timedelta(seconds=seconds))
    crew.query("UPDATE messaging.scheduled SET due_at = clock_timestamp() WHERE kind = %s", GuardedJob.kind)
    return True


def test_breaker_opens_for_all_and_one_probe_goes_through(crew: Crew) -> None:
    """Its failures are counted together. While it is open nothing runs; then one does, whoever knocks."""
    crew.publish(*(GuardedJob(number=number, key="down", how="down") for number in range(20)))
    wait_for(lambda: crew.query(IS_OPEN), 40, "the breaker to open")
    wait_for(lambda: not crew.query("SELECT 1 FROM messaging.outbox"), 40, "all to be put back")
    opened = len(crew.runs("down"))
    let_the_pause_end(crew, seconds=10)
    probed = len(crew.wait_for_runs("down", opened + 1))
    wait_for(
        lambda: crew.query("SELECT 1 FROM messaging.breaker WHERE open_until IS NOT NULL AND probe IS NULL"), 40, "open"
    )
    crew.open_gate("down")
    for _ in range(3):
        let_the_pause_end(crew, seconds=10)
        wait_for(lambda: not crew.query("SELECT 1 FROM messaging.outbox"), 40, "the knocking to end")
    wait_for(lambda: let_the_pause_end(crew) and len(crew.done("down")) == 20, 25, "all done", every=0.3)

    # Eight were under way at most when the third failure opened it.
    assert THRESHOLD <= opened <= THRESHOLD + 7
    assert probed == opened + 1
    assert crew.done("down") == list(range(20))
    assert crew.query(IS_OPEN) == []


def test_probe_that_is_killed_probes_again_and_another_does_when_its_lease_ends(crew: Crew) -> None:
    """The breaker belongs to its probe for no longer than the lease."""
    crew.query(
        "INSERT INTO messaging.breaker (name, failures, since, open_until)"
        " VALUES ('carrier', 3, clock_timestamp(), clock_timestamp())"
    )
    crew.publish(GuardedJob(number=0, key="probe", how="gated"))
    ((_, first),) = crew.wait_for_runs("probe", 1)
    crew.publish(*(GuardedJob(number=number, key="others") for number in range(1, 5)))
    wait_for(lambda: not crew.query("SELECT 1 FROM messaging.outbox OFFSET 1"), 40, "the others to be put back")
    crew.kill(first)
    runs = crew.wait_for_runs("probe", 2)
    held_off = crew.done("others")
    wait_for(lambda: not crew.query("SELECT 1 FROM messaging.outbox OFFSET 1"), 25, "the others to be put back")
    crew.lose(runs[-1][1], GuardedJob.kind)
    let_the_pause_end(crew, seconds=TIME_LIMIT + 60)
    wait_for(lambda: let_the_pause_end(crew) and len(crew.done("others")) == 4, 25, "the others", every=0.3)

    assert ([number for number, _ in runs], held_off) == ([0, 0], [])
    assert crew.query(IS_OPEN) == []
