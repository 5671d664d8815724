"""Where the relay sends a row."""

import pytest

from services.relay.repository import OutboxRow
from services.relay.routes import Routes
from shared.ids import new_id
from shared.messaging.envelope import EVENTS_EXCHANGE
from shared.messaging.receipts import Publication
from shared.messaging.topology import Subscription

MAKE = Subscription("toyshop", "toyshop.toy.make", "toyshop.default", is_event=False)
HEARS = Subscription("toyshop", "toyshop.toy.made", "toyshop.events", is_event=True)
HEARS_TOO = Subscription("puppets", "toyshop.toy.made", "puppets.default", is_event=True)


@pytest.fixture
def routes() -> Routes:
    routes = Routes()
    routes.learn([MAKE, HEARS, HEARS_TOO])
    return routes


def row(kind: str, *, is_event: bool = False, queue: str | None = None) -> OutboxRow:
    return OutboxRow(1, new_id(), kind, is_event, queue, b"{}")


@pytest.mark.parametrize(
    ("sent", "exchange", "key"),
    [
        (row("toyshop.toy.make"), "", "toyshop.default"),
        (row("toyshop.toy.made", is_event=True), EVENTS_EXCHANGE, "toyshop.toy.made"),
        (row("toyshop.toy.unheard", is_event=True), EVENTS_EXCHANGE, "toyshop.toy.unheard"),
        (row("toyshop.toy.made", queue="puppets.default"), "", "puppets.default"),
        (row("toyshop.toy.unheard"), "", "toyshop.toy.unheard"),
    ],
    ids=["command", "event", "event that nobody hears", "retry of an event", "command that nobody hears"],
)
def test_row_goes_where_it_is_heard(routes: Routes, sent: OutboxRow, exchange: str, key: str) -> None:
    """A retry goes to the consumer that failed; a command without a queue goes where it surely comes back from."""
    assert routes.publication(sent) == Publication(exchange, key, b"{}")


def test_listeners_are_known(routes: Routes) -> None:
    """An event that comes back though it is heard has lost its bindings."""
    assert routes.is_heard("toyshop.toy.made")
    assert not routes.is_heard("toyshop.toy.make")
    assert not routes.is_heard("toyshop.toy.unheard")


@pytest.mark.parametrize(
    ("queue", "kind", "found"),
    [
        ("puppets.default", "toyshop.toy.made", HEARS_TOO),
        ("toyshop.events", "toyshop.toy.made", HEARS),
        (None, "toyshop.toy.make", MAKE),
        ("toyshop.events", "toyshop.toy.make", None),
        (None, "toyshop.toy.unheard", None),
    ],
)
def test_consumer_is_found_by_queue_and_kind(
    routes: Routes, queue: str | None, kind: str, found: Subscription | None
) -> None:
    """Of a command also without its queue: it has one only."""
    assert routes.consumer(queue, kind) == found


def test_new_subscriptions_replace_the_old(routes: Routes) -> None:
    """As `migrate` has written them."""
    routes.learn([HEARS])

    assert routes.publication(row("toyshop.toy.make")).routing_key == "toyshop.toy.make"
    assert routes.consumer(None, "toyshop.toy.make") is None


def test_doubt_lasts_until_there_is_trust(routes: Routes) -> None:
    """A destination that did not confirm gets a lane of its own until it does."""
    routes.doubt(["toyshop.default", "puppets.default"])
    routes.trust(["toyshop.default", "toyshop.events"])

    assert routes.in_doubt == {"puppets.default"}
