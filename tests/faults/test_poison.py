"""A message that kills its worker every time it is started."""

from tests.faults.account import Account, once
from tests.faults.shop import Shop
from tests.support.waiting import wait_for
from tests.toyshop.contracts import MakeToy

NEIGHBOURS = range(10, 40)


def test_poison_is_given_up_after_five_unfinished_starts_and_its_neighbours_are_unharmed(shop: Shop) -> None:
    """Its first start and five redelivered ones end in death; only it is blamed, and its notice goes out once."""
    shop.relay()
    keeper = shop.keep(shop.worker)
    shop.publish(
        *(MakeToy(number=number, seconds=0.3) for number in NEIGHBOURS[:15]),
        MakeToy(number=1, how="die"),
        *(MakeToy(number=number, seconds=0.3) for number in NEIGHBOURS[15:]),
    )
    wait_for(
        lambda: shop.database.value("SELECT count(*) FROM messaging.failed_job") == 1, 90, "the poison to be found"
    )
    expected = {**once(NEIGHBOURS), (1, "told"): 1}

    counted = shop.settle(expected)

    assert (keeper.codes, counted) == ([-9] * 6, Account(expected, failed={"poison": 1}))
