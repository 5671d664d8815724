"""Causes: every message of a journey says where it began and what caused it."""

from typing import Any
from uuid import UUID

import dramatiq
from sqlalchemy.orm import Session

from shared.contracts.message import Contract
from shared.ids import new_id
from shared.messaging.actor import ActorDeclaration, actor
from shared.messaging.causes import Cause, caused_by, current_cause
from shared.messaging.delivery import Delivery
from shared.messaging.outbox import publish
from tests.integration.messaging.bench import QUEUE, Bench
from tests.support.databases import Database
from tests.toyshop.contracts import MakeToy, PackToy, ToyMade

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def publishing(hears: type[Contract], says: Contract) -> ActorDeclaration:
    """An actor that does nothing but publish."""

    def say(_: Any, session: Session, __: object) -> None:
        publish(session, says)

    return actor(hears, queue=QUEUE)(say)


def take(database: Database) -> Delivery:
    """The one message of the outbox, as it would be delivered."""
    ((body,),) = database.query("DELETE FROM messaging.outbox RETURNING body")
    return Delivery.of(dramatiq.Message.decode(bytes(body)), "toyshop", redelivered=False)


def test_journey_goes_on_across_three_messages(bench: Bench) -> None:
    """One correlation for all; each names the one before; organisation and trace travel along."""
    organisation = new_id()
    with caused_by(Cause(organisation_id=organisation, traceparent=TRACE)), bench.database.work("toyshop")() as session:
        publish(session, MakeToy(number=1))
    first = take(bench.database)
    bench.run(publishing(MakeToy, PackToy(number=1)), first)
    second = take(bench.database)
    bench.run(publishing(PackToy, ToyMade(number=1)), second)
    third = take(bench.database)

    journey = str(first.message_id)
    assert [one.options["correlation_id"] for one in (first, second, third)] == [journey] * 3
    assert [one.options.get("causation_id") for one in (first, second, third)] == [
        None, journey, str(second.message_id)
    ]  # fmt: skip
    assert {one.options["organisation_id"] for one in (first, second, third)} == {str(organisation)}
    assert {one.options["traceparent"] for one in (first, second, third)} == {TRACE}


def test_inbox_keeps_the_journey(bench: Bench) -> None:
    """So that it can be drawn when the messages are long gone."""
    with bench.database.work("toyshop")() as session:
        publish(session, MakeToy(number=1), organisation_id=new_id())
    first = take(bench.database)
    bench.run(publishing(MakeToy, PackToy(number=1)), first)
    second = take(bench.database)
    bench.run(publishing(PackToy, ToyMade(number=1)), second)

    kept = bench.database.query(
        "SELECT correlation_id, causation_id, organisation_id::text FROM messaging.inbox ORDER BY message_id"
    )
    organisation = first.options["organisation_id"]
    assert kept == [
        (first.message_id, None, organisation),
        (first.message_id, first.message_id, organisation),
    ]


def test_message_of_a_foreign_sender_begins_a_journey(bench: Bench) -> None:
    """Without a correlation of its own, its id is the journey's."""
    message_id = new_id()
    delivery = Delivery("toyshop", QUEUE, MakeToy.kind, message_id, 1, {"number": 1}, {}, False, 0.0)

    bench.run(publishing(MakeToy, PackToy(number=1)), delivery)

    assert take(bench.database).options["correlation_id"] == str(message_id)


def test_cause_is_that_of_the_block(database: Database) -> None:
    """Outside of a message or a request there is none."""
    cause = Cause(correlation_id=new_id())

    with caused_by(cause):
        inside = current_cause()

    assert (inside, current_cause()) == (cause, Cause())


def test_retry_keeps_the_cause(bench: Bench) -> None:
    """The next turn is the same message: same id, same journey."""
    journey: UUID = new_id()
    options = {"correlation_id": str(journey), "causation_id": str(journey)}
    delivery = Delivery("toyshop", QUEUE, MakeToy.kind, new_id(), 1, {"number": 1}, options, False, 0.0)

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    bench.run(actor(MakeToy, queue=QUEUE)(fail), delivery)
    again = bench.next_delivery()

    assert (again.message_id, again.turn) == (delivery.message_id, 2)
    assert again.options["causation_id"] == str(journey)
