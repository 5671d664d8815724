"""Many callers want the same few times at the same moment, while what serves them is killed."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.faults.conftest import Servers
from tests.faults.practice import Practice, call, caller, open_practice, overbooked, workday
from tests.support.databases import Database, Template
from tests.support.vhosts import VirtualHost
from tests.support.waiting import wait_for

CALLS, SLOTS = 200, 20
KILL_EVERY_SECONDS = 2.0
SPOILT = 9
"""Requests to book that are made to fail, one way or the other, in the worst of calendars."""
KILLED = ("appointments", "relay", "appointments", "notifications")
"""In turn: what books is killed most. Not the gateway: webhooks that Retell has given up are another test's."""


@dataclass(frozen=True)
class Account:
    """Everything that could be lost or doubled. Rest, with nothing wrong, is what its defaults say."""

    outcomes: dict[str, int]
    standing_there: int
    standing_here: int
    overbooked_there: dict[str, Any] = field(default_factory=dict)
    overbooked_here: int = 0
    unknown_to_each_other: set[str] = field(default_factory=set)
    without_letter: tuple[int, ...] = ()
    failed: tuple[Any, ...] = ()
    violations: tuple[Any, ...] = ()


def expected(slots: int = SLOTS) -> Account:
    """Each slot is booked by one caller, all others are offered other times."""
    return Account({"booked": slots, "offered": CALLS - slots}, slots, slots)


def starts() -> list[datetime]:
    """Twenty slots on two days."""
    return [
        workday(9, weekday=weekday) + timedelta(minutes=30 * number)
        for weekday in (1, 2)
        for number in range(SLOTS // 2)
    ]


def count(practice: Practice) -> Account:
    """What stands at Cal.com, what here, and who was written to."""
    value, query = practice.database.value, practice.database.query
    there = {each["uid"] for each in practice.calcom.standing()}
    here = {uid for (uid,) in query("SELECT booking_uid FROM appointments.appointments WHERE state = 'booked'")}
    written = {str(mail["X-Envelope-To"]) for mail in practice.mails()}
    return Account(
        outcomes=dict(Counter(practice.outcomes().values())),
        standing_there=len(there),
        standing_here=len(here),
        overbooked_there=overbooked(practice.calcom.slots()),
        overbooked_here=value(
            "SELECT count(*) FROM (SELECT 1 FROM appointments.appointments WHERE state IN ('booking', 'booked')"
            " GROUP BY host_number, starts_at HAVING count(*) > 1) AS twice"
        ),
        unknown_to_each_other=there ^ here,
        without_letter=tuple(number for number in range(CALLS) if caller(number) not in written),
        failed=tuple(practice.failed()),
        violations=tuple(practice.calcom.violations()),
    )


@contextmanager
def killing(practice: Practice, every: float = KILL_EVERY_SECONDS) -> Iterator[Counter[str]]:
    """One process after the other is killed inside the block, and started again."""
    stopping, kills = threading.Event(), Counter[str]()

    def kill() -> None:
        turn = 0
        while not stopping.wait(every):
            name = KILLED[turn % len(KILLED)]
            practice.keepers[name].kill()
            kills[name] += 1
            turn += 1

    thread = threading.Thread(target=kill, daemon=True)
    thread.start()
    try:
        yield kills
    finally:
        stopping.set()
        thread.join()


def _books(practice: Practice) -> int:
    return practice.calcom.counts().get("book", 0)


def ended_at_once(practice: Practice) -> list[str]:
    """200 calls, ten for each slot, end within a second."""
    wanted = starts()
    return practice.retell.end_calls([call(number, wanted[number % SLOTS]) for number in range(CALLS)], within=1.0)


def test_every_slot_is_booked_once_and_every_caller_knows(
    database: Database, rabbitmq: VirtualHost, tmp_path: Path
) -> None:
    """Workers and relay are killed meanwhile, and some of Cal.com's answers are lost."""
    with open_practice(database, rabbitmq, tmp_path) as practice:
        practice.start()
        practice.calcom.lose("book", times=3)
        practice.calcom.refuse("book", times=3)
        practice.calcom.fail("book", 503, times=3)
        practice.calcom.fail("reserve", 503, times=2)
        began = time.monotonic()
        with killing(practice) as kills:
            calls = ended_at_once(practice)
            wait_for(lambda: sum(kills.values()) >= 5 and _books(practice) > SPOILT, 120, "kills and faults", every=0.5)
        practice.calcom.behave()
        practice.wait_for_outcomes(calls, 200, hurry=True)
        print(f"\n{time.monotonic() - began:.0f} s, kills {dict(kills)}, requests {practice.calcom.counts()}")
        counted = count(practice)
    assert (sum(kills.values()) >= 5, counted) == (True, expected())


def test_with_a_calendar_at_its_worst(database: Database, rabbitmq: VirtualHost, tmp_path: Path) -> None:
    """It is slow, fails before and after the work, loses answers; its list lags behind, is cut into small pages and
    leaves entries out; its webhooks come twice, late and in reverse. Workers are killed. Twenty calls, twenty bookings.
    """
    with open_practice(database, rabbitmq, tmp_path) as practice:
        practice.start()
        calcom = practice.calcom
        calcom.lists(lag=20, page_size=3, leave_out=[1])
        calcom.send_webhooks(copies=2, delay=1.0, hold=5)
        calcom.slow("*", 0.1)
        calcom.slow("book", 0.5, works=True, rate=0.3)
        calcom.lose("book", times=3)
        calcom.fail("book", 502, works=True, times=3)
        calcom.fail("book", 503, times=3)
        calcom.fail("slots", 500, times=1)
        with killing(practice, every=2.5) as kills:
            calls = practice.retell.end_calls([call(n, start) for n, start in enumerate(starts())], within=1.0)
            wait_for(lambda: sum(kills.values()) >= 3 and _books(practice) > SPOILT, 90, "faults", every=0.5)
        calcom.behave()
        calcom.lists()
        calcom.release_webhooks()
        practice.wait_for_outcomes(calls, 200, hurry=True)
        print(f"\nkills {dict(kills)}, requests {calcom.counts()}, webhooks {len(calcom.webhooks())}")
        counted, letters = count(practice), Counter(str(mail["X-Envelope-To"]) for mail in practice.mails())
    assert {**letters, "operations@example.org": 0} == {
        **{caller(number): 1 for number in range(SLOTS)},
        "operations@example.org": 0,
    }
    assert (counted.outcomes, counted.standing_there, counted.standing_here) == ({"booked": SLOTS}, SLOTS, SLOTS)
    assert (counted.overbooked_there, counted.unknown_to_each_other, counted.failed) == ({}, set(), ())


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_the_same_within_cal_coms_limit(servers: Servers, tmp_path: Path) -> None:
    """120 requests a minute, of which we take 100: it takes longer, and no request too many is made."""
    rabbitmq = servers.rabbitmq
    with (
        Template(servers.postgres.url).clone() as database,
        VirtualHost.fresh(rabbitmq.url, rabbitmq.management_url) as vhost,
        open_practice(database, vhost, tmp_path, per_minute=120) as practice,
    ):
        practice.start()
        with killing(practice) as kills:
            calls = ended_at_once(practice)
            threading.Event().wait(20)
        practice.wait_for_outcomes(calls, 1500, hurry=False)
        counted = count(practice)
    assert (sum(kills.values()) >= 5, counted) == (True, expected())
