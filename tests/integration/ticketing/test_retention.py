"""Unpaid orders go with their buyer, paid ones stay; pictures of past events go, the tickets stay."""

from datetime import UTC, datetime, timedelta

from services.ticketing import actors
from services.ticketing.domain.retention import Keep
from services.ticketing.handlers.tickets import Press
from services.ticketing.repository.retention import purges
from shared.contracts.ticketing import PurgeTicketing
from shared.messaging.testing import run_inline
from shared.storage import Storage, open_storage
from tests.integration.ticketing.scene import OVER, Scene
from tests.support.ageing import purge_on


def orders(scene: Scene) -> dict[str, int]:
    rows = scene.database.query("SELECT status, count(*) FROM ticketing.orders GROUP BY status ORDER BY status")
    return {str(status): int(count) for status, count in rows}


def test_an_unpaid_order_goes_with_its_items(scene: Scene) -> None:
    """Ninety days after its hold has ended; what was paid stays for ever."""
    event = scene.event()
    kind = scene.ticket_type(event, 10)
    expired, paid = scene.order(event, {kind.id: 2}, OVER), scene.order(event, {kind.id: 1})
    scene.pay(scene.payment(paid))
    scene.sweep()
    purge_on(scene.database, "ticketing", purges(Keep()), 89)
    young = orders(scene)
    purge_on(scene.database, "ticketing", purges(Keep()), 4_000)
    items = scene.database.query("SELECT order_id FROM ticketing.order_items")
    assert (young, orders(scene)) == ({"expired": 1, "paid": 1}, {"paid": 1})
    assert items == [(paid.id,)]
    assert expired.id != paid.id


def test_an_order_that_is_still_held_stays(scene: Scene) -> None:
    """Whoever expires it is late, that is all."""
    event = scene.event()
    scene.order(event, {scene.ticket_type(event, 10).id: 1}, OVER)
    purge_on(scene.database, "ticketing", purges(Keep()), 400)
    assert orders(scene) == {"held": 1}


def sweep(scene: Scene, when: datetime) -> Storage:
    """What the job does on that day."""
    storage, press = open_storage(scene.folder.as_uri()), scene.press
    told = Press(press.signatures, press.qr_png, press.storage, press.links, lambda: when, storage, Keep())
    run_inline(actors.purge_ticketing, PurgeTicketing(), scene.work, told)
    return storage


def test_pictures_go_a_month_after_their_event(scene: Scene) -> None:
    """Those of another event stay, and so do the tickets themselves."""
    past, coming = scene.event(), scene.event()
    scene.issued(3, past)
    scene.issued(2, coming)
    begins = datetime(2030, 5, 1, 18, 0, tzinfo=UTC)
    scene.database.query(
        "UPDATE ticketing.events SET starts_at = starts_at + interval '1 year' WHERE id = %s", coming.id
    )
    early = len(list(sweep(scene, begins + timedelta(days=29)).list("tickets")))
    late = list(sweep(scene, begins + timedelta(days=31)).list("tickets"))
    removed = scene.database.query("SELECT id FROM ticketing.events WHERE pictures_removed_at IS NOT NULL")
    assert (early, len(late)) == (5, 2)
    assert removed == [(past.id,)]
    assert scene.database.value("SELECT count(*) FROM ticketing.tickets") == 5
