"""Publishing what is due, once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest

from services.scheduler.cron import Cron
from services.scheduler.domain import Missed
from services.scheduler.handlers import Outcome, publish_due, run_now
from shared.schedules import Schedule
from tests.support.databases import Database
from tests.toyshop.contracts import MakeToy

UTC_ZONE = ZoneInfo("UTC")
NOW = datetime(2026, 1, 1, 12, 30, tzinfo=UTC)


def schedule(missed: Missed = "run_once", cron: str = "0 * * * *") -> Schedule:
    return Schedule("toyshop.make", cron, MakeToy(number=1), missed=missed)


def look(database: Database, one: Schedule, moment: datetime, zone: ZoneInfo = UTC_ZONE) -> Outcome:
    """One look at a schedule, in one transaction of the scheduler's role."""
    with database.work("scheduler")() as session:
        return publish_due(session, one, Cron(one.cron, zone), moment)


def messages(database: Database) -> list[dict[str, Any]]:
    """What was published, the oldest first."""
    rows = database.query("SELECT body FROM messaging.outbox ORDER BY id")
    return [orjson.loads(bytes(body)) for (body,) in rows]


def due_times(database: Database) -> list[str]:
    """The ticks that were published, from the messages."""
    return [message["options"]["tick"]["due_at"][11:16] for message in messages(database)]


def test_new_schedule_begins_now(database: Database) -> None:
    """What came before it was there was never promised, and what follows is counted from here."""
    first = look(database, schedule(), NOW)
    second = look(database, schedule(), NOW + timedelta(minutes=30))
    assert (first.published, second.published) == ((), (NOW + timedelta(minutes=30),))


def test_message_says_which_tick_it_is(database: Database) -> None:
    """The option `tick`; and it begins a journey of its own."""
    look(database, schedule(), NOW - timedelta(hours=1))
    look(database, schedule(), NOW)
    [message] = messages(database)
    assert message["options"]["tick"] == {"schedule": "toyshop.make", "due_at": "2026-01-01T12:00:00+00:00"}
    assert message["options"]["correlation_id"] == message["message_id"]
    assert (message["actor_name"], message["kwargs"]["number"]) == ("toyshop.toy.make", 1)


@pytest.mark.parametrize(
    ("missed", "published", "left_out"),
    [("skip", [], 3), ("run_once", ["12:00"], 2), ("run_all", ["10:00", "11:00", "12:00"], 0)],
)
def test_rule_for_missed_ticks(database: Database, missed: Missed, published: list[str], left_out: int) -> None:
    """After three hours without a scheduler: none, one for all, or each; and never again at the next look."""
    look(database, schedule(missed), NOW - timedelta(hours=3))
    outcome = look(database, schedule(missed), NOW)
    again = look(database, schedule(missed), NOW + timedelta(minutes=1))
    assert (due_times(database), outcome.left_out, again) == (published, left_out, Outcome())


def test_run_all_is_bounded(database: Database) -> None:
    """A month of minutes is a thousand messages, the latest ones."""
    look(database, schedule("run_all", "* * * * *"), NOW - timedelta(days=30))
    outcome = look(database, schedule("run_all", "* * * * *"), NOW)
    assert (len(outcome.published), outcome.published[-1]) == (1000, NOW)


def test_tick_is_published_once_by_many(database: Database) -> None:
    """Eight schedulers that all believe to lead: the key of the tick lets one of them publish."""
    look(database, schedule(), NOW - timedelta(hours=1))
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda _: look(database, schedule(), NOW), range(8)))
    assert sum(len(outcome.published) for outcome in outcomes) == 1
    assert due_times(database) == ["12:00"]


@pytest.mark.parametrize(
    ("start", "end", "published"),
    [
        (datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 3, 29, 1, 30, tzinfo=UTC), ["01:30"]),
        (datetime(2026, 10, 24, 12, tzinfo=UTC), datetime(2026, 10, 25, 0, 30, tzinfo=UTC), ["00:30"]),
    ],
)
def test_daily_job_runs_once_on_the_odd_days(
    database: Database, start: datetime, end: datetime, published: list[str]
) -> None:
    """At 02:30 in Berlin: in spring there is none, in autumn there are two, and the job runs once each time."""
    berlin, daily = ZoneInfo("Europe/Berlin"), schedule("run_all", "30 2 * * *")
    look(database, daily, start, berlin)
    look(database, daily, end, berlin)
    look(database, daily, end + timedelta(hours=4), berlin)
    assert due_times(database) == published


def test_run_by_hand_stands_beside_the_ticks(database: Database) -> None:
    """It is published at once, is told apart, and counts as no tick."""
    with database.work("scheduler")() as session:
        message_id = run_now(session, schedule())
    [message] = messages(database)
    assert message["message_id"] == str(message_id)
    assert message["options"]["tick"] == {"schedule": "toyshop.make", "by_hand": "true"}
    assert database.value("SELECT count(*) FROM messaging.tick") == 0
