"""Worker killed while a provider is being called: the lease keeps the call from being repeated blindly."""

from tests.faults.account import Account
from tests.faults.shop import Shop
from tests.support.waiting import wait_for
from tests.toyshop.contracts import ShipToy


def let_the_lease_run_out(shop: Shop) -> None:
    """As if its 35 s were over: the lease, and what waits for it."""
    shop.database.query("UPDATE messaging.lease SET expires_at = clock_timestamp()")
    shop.database.query("UPDATE messaging.scheduled SET due_at = clock_timestamp() WHERE reason = 'held'")


def test_killed_after_the_call_the_provider_is_asked_and_nothing_is_called_twice(shop: Shop) -> None:
    """While the lease lives the redelivered message waits; afterwards `resolve` finds the parcel shipped."""
    hold = shop.hold(f"after_call:{ShipToy.kind}")
    shop.relay()
    worker = shop.worker(**hold.environment)
    shop.publish(ShipToy(number=1))
    hold.wait(worker)
    worker.kill()
    shop.worker()
    held = "SELECT count(*) FROM messaging.scheduled WHERE reason = 'held'"
    wait_for(lambda: shop.database.value(held) == 1, 20, "the redelivered message to wait for the lease")
    let_the_lease_run_out(shop)

    counted = shop.settle({(1, "shipped"): 1})

    assert (shop.runs("called", 1), shop.runs("resolved", 1), counted) == (1, 1, Account({(1, "shipped"): 1}))


def test_call_that_kills_its_worker_every_time_ends_as_a_failed_job(shop: Shop) -> None:
    """Each call whose end nobody saw is an unfinished start, and the message is dead after the fifth that was redelivered
    or resolved. Its lease stays: whoever retries it by hand lets the provider be asked first.
    """
    (shop.folder / "deadly.1").touch()
    shop.relay()
    keeper = shop.keep(shop.worker)
    shop.publish(ShipToy(number=1), ShipToy(number=2))

    def is_dead() -> bool:
        let_the_lease_run_out(shop)
        return bool(shop.database.value("SELECT count(*) FROM messaging.failed_job") == 1)

    wait_for(is_dead, 90, "the message to be given up", every=0.2)
    counted = shop.settle({(2, "shipped"): 1})

    assert (len(keeper.codes), counted) == (6, Account({(2, "shipped"): 1}, failed={"poison": 1}, leases=1))
