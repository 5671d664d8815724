"""What is published for media by schedule."""

from services.media.schedules import SCHEDULES


def test_what_is_left_lying_is_cleared_away_every_night() -> None:
    """Once, however many nights nobody was there to do it."""
    assert [(one.name, one.cron, one.missed) for one in SCHEDULES] == [("media.sweep", "17 3 * * *", "run_once")]
