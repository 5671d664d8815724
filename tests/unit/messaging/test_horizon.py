"""How far the outbox was looked at."""

from services.relay.horizon import Horizon


def test_low_follows_when_every_writer_of_then_has_ended() -> None:
    """And a second after, for an id that was drawn before its transaction had a number."""
    horizon = Horizon(high=100)
    horizon.note((50, 60), now=0.0)
    horizon.high = 200
    horizon.note((55, 70), now=2.0)
    before = horizon.low
    horizon.note((60, 80), now=3.0)

    assert (before, horizon.low) == (None, 100)


def test_low_waits_a_second() -> None:
    """Nothing is under way, and still it is too soon."""
    horizon = Horizon(high=100)
    horizon.note((60, 60), now=0.0)
    horizon.note((60, 60), now=0.5)
    soon = horizon.low
    horizon.note((60, 60), now=1.0)

    assert (soon, horizon.low) == (None, 100)


def test_writer_that_takes_long_holds_low_back() -> None:
    """What it has published is looked for until it ends."""
    horizon = Horizon(high=100)
    for second in range(10):
        horizon.high += 10
        horizon.note((60, 61 + second), now=float(second))
    held = horizon.low
    horizon.note((200, 200), now=20.0)

    assert held is None
    assert horizon.low == 200
