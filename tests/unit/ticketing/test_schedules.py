"""What is published for ticketing."""

from services.ticketing.schedules import SCHEDULES
from shared.contracts.ticketing import ExpireOrders


def test_holds_are_swept_every_minute() -> None:
    """After a pause, once for all the minutes missed."""
    schedule = next(one for one in SCHEDULES if one.name == "ticketing.expire_orders")
    assert (schedule.cron, schedule.message, schedule.missed) == ("* * * * *", ExpireOrders(), "run_once")
