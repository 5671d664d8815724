"""Settings of ticketing."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from services.ticketing.settings import TicketingSettings


def test_a_hold_lasts_fifteen_minutes_unless_said_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    """The default of the product."""
    monkeypatch.delenv("TICKETING_HOLD_MINUTES", raising=False)
    assert TicketingSettings().hold == timedelta(minutes=15)


def test_a_hold_can_be_set_to_parts_of_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """By its environment variable."""
    monkeypatch.setenv("TICKETING_HOLD_MINUTES", "0.5")
    assert TicketingSettings().hold == timedelta(seconds=30)


@pytest.mark.parametrize("minutes", ["0", "-1", "100000", "soon"])
def test_a_hold_that_makes_no_sense_stops_the_process(monkeypatch: pytest.MonkeyPatch, minutes: str) -> None:
    """With the name of the setting."""
    monkeypatch.setenv("TICKETING_HOLD_MINUTES", minutes)
    with pytest.raises(ValidationError) as refused:
        TicketingSettings()
    assert "hold_minutes" in str(refused.value)
