"""Relay killed between a confirm and the deletion of its row."""

from tests.faults.account import Account, once
from tests.faults.shop import Shop
from tests.toyshop.contracts import MakeToy

TOYS = range(1, 31)


def test_what_is_published_twice_has_its_effect_once(shop: Shop) -> None:
    """The batch was confirmed and its rows are still there: the next relay publishes it again, and the inbox absorbs it."""
    hold = shop.hold("after_publish")
    relay = shop.relay(RELAY_WINDOW="100", RELAY_SHARE="1", **hold.environment)  # all of them in one batch
    shop.publish(*(MakeToy(number=number, how="counted") for number in TOYS))
    hold.wait(relay)
    relay.kill()
    shop.relay()
    shop.worker()

    counted = shop.settle(once(TOYS))

    absorbed = shop.outcomes().count((MakeToy.kind, "quiet"))
    runs = sum(shop.runs("counted", number) for number in TOYS)
    assert (runs, absorbed, counted) == (len(TOYS), len(TOYS), Account(once(TOYS)))
