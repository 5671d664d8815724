"""Which ticks are published, by the rule for missed ones."""

from datetime import UTC, datetime, timedelta

import pytest

from services.scheduler.domain import Decision, Missed, choose

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
FRESH = NOW - timedelta(seconds=20)
OLD = [NOW - timedelta(hours=hours) for hours in (3, 2, 1)]


@pytest.mark.parametrize(
    ("missed", "due", "decision"),
    [
        ("skip", [], Decision()),
        ("skip", [FRESH], Decision([FRESH])),
        ("skip", OLD, Decision(seen=OLD[-1], left_out=3)),
        ("skip", [*OLD, FRESH], Decision([FRESH], left_out=3)),
        ("run_once", [FRESH], Decision([FRESH])),
        ("run_once", OLD, Decision([OLD[-1]], left_out=2)),
        ("run_once", OLD[:1], Decision([OLD[0]])),
        ("run_once", [*OLD, FRESH], Decision([FRESH], left_out=3)),
        ("run_all", OLD, Decision(OLD)),
        ("run_all", [*OLD, FRESH], Decision([*OLD, FRESH])),
    ],
)
def test_rule_for_missed_ticks(missed: Missed, due: list[datetime], decision: Decision) -> None:
    """skip: none of them; run_once: one for all; run_all: each. What is on time is published in any case."""
    assert choose(due, NOW, missed) == decision


@pytest.mark.parametrize(("late", "on_time"), [(60, True), (61, False)])
def test_late_by_a_minute_is_not_missed(late: int, *, on_time: bool) -> None:
    """A restart of the scheduler must not skip a tick."""
    tick = NOW - timedelta(seconds=late)
    assert (choose([tick], NOW, "skip").publish == [tick]) is on_time
