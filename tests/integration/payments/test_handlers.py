"""Money that comes in: recorded once, booked, told once, and matched with its order."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest

from services.payments import actors
from services.payments.adapters.stripe import StripeEvents
from services.payments.errors import IllegalTransitionError, UnexpectedProviderShapeError, UnknownPaymentError
from services.payments.handlers import Dependencies
from shared.clock import now
from shared.contracts.message import Contract
from shared.contracts.payments import PaymentSucceeded, ReadStoredStripeEvent
from shared.contracts.ticketing import OrderPaid, PaymentRefused
from shared.contracts.webhooks import StripeEventReceived
from shared.ids import new_id
from shared.messaging.actor import declarations_in
from shared.messaging.testing import assert_nothing_published, assert_published, published, run_inline
from shared.storage import StorageObjectMissing, open_storage
from tests.support.databases import Database

ORDER = "0190f7a2-7c53-7b8e-9d4e-2f6f5a1c8b10"


def intent(**changes: Any) -> dict[str, Any]:
    return {
        "id": "pi_1PgafyB7WZ01zgkWSjxsAJo3",
        "object": "payment_intent",
        "amount": 4598,
        "amount_received": 4598,
        "currency": "usd",
        "latest_charge": "ch_1PgafuB7WZ01zgkWXYmPNZs8",
        "metadata": {"order_id": ORDER},
        **changes,
    }


def received(data: dict[str, Any] | None, **changes: Any) -> StripeEventReceived:
    fields: dict[str, Any] = {
        "inbound_id": new_id(),
        "external_id": f"evt_{new_id().hex}",
        "event_type": "payment_intent.succeeded",
        "created_at": now(),
        "livemode": True,
        "data": data,
    }
    return StripeEventReceived(**{**fields, **changes})


@dataclass
class Books:
    """The payments service over a real database and folder."""

    database: Database
    dependencies: Dependencies
    folder: Path

    def hear(self, message: Contract) -> None:
        (declaration,) = (one for one in declarations_in(actors) if one.contract is type(message))
        run_inline(declaration, message, self.database.work("payments"), self.dependencies)

    def payment_id(self) -> UUID:
        """The id of the only payment there is."""
        ((found,),) = self.database.query("SELECT id FROM payments.payments")
        return UUID(str(found))

    def counts(self) -> tuple[int, int]:
        """How many payments and ledger entries there are."""
        return (
            self.database.value("SELECT count(*) FROM payments.payments"),
            self.database.value("SELECT count(*) FROM payments.ledger_entries"),
        )


@pytest.fixture
def books(database: Database, tmp_path: Path) -> Books:
    """An empty ledger."""
    return Books(database, Dependencies(StripeEvents(), open_storage(tmp_path.as_uri())), tmp_path)


def order_paid(payment_id: UUID | None) -> OrderPaid:
    return OrderPaid(
        order_id=UUID(ORDER),
        number="BH-1",
        organisation_id=UUID(int=3),
        event_id=new_id(),
        amount=4598,
        currency="usd",
        payment_id=payment_id,
        paid_at=now(),
    )


def refused(payment_id: UUID, *, refund_due: bool) -> PaymentRefused:
    return PaymentRefused(
        payment_id=payment_id,
        order_id=ORDER,
        organisation_id=UUID(int=3),
        reason="amount_mismatch",
        detail="4598 usd came in, 5000 usd are due",
        refund_due=refund_due,
    )


def test_a_payment_is_recorded_booked_and_told(books: Books) -> None:
    """What was received, from whom, for which order, in which mode."""
    event = received(intent(amount=5000))
    books.hear(event)
    (row,) = books.database.query(
        "SELECT provider, provider_reference, charge_reference, order_reference, amount, currency, livemode, state,"
        " succeeded_at FROM payments.payments"
    )
    entries = books.database.query("SELECT account, amount, currency FROM payments.ledger_entries ORDER BY amount")
    with books.database.work("payments")() as session:
        message = assert_published(
            session,
            PaymentSucceeded,
            payment_id=str(books.payment_id()),
            order_id=ORDER,
            amount=4598,
            currency="usd",
            provider="stripe",
        )
    assert row == (
        "stripe",
        "pi_1PgafyB7WZ01zgkWSjxsAJo3",
        "ch_1PgafuB7WZ01zgkWXYmPNZs8",
        ORDER,
        4598,
        "usd",
        True,
        "received",
        event.created_at,
    )
    assert entries == [("order_receipts", -4598, "usd"), ("stripe_balance", 4598, "usd")]
    assert message.fields["provider_reference"] == "pi_1PgafyB7WZ01zgkWSjxsAJo3"


def test_the_same_intent_told_many_times_is_one_payment(books: Books) -> None:
    """Ten events of one intent at once, and another one later."""
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda _: books.hear(received(intent())), range(10)))
    books.hear(received(intent(amount_received=1)))
    with books.database.work("payments")() as session:
        assert len(published(session)) == 1
    assert books.counts() == (1, 2)


def test_two_intents_are_two_payments(books: Books) -> None:
    """Even for the same order: ticketing decides what that means."""
    books.hear(received(intent()))
    books.hear(received(intent(id="pi_2")))
    assert books.counts() == (2, 4)


@pytest.mark.parametrize("event_type", ["payment_intent.created", "charge.refunded", "something.new"])
def test_another_event_has_no_effect(books: Books, event_type: str) -> None:
    """It is no error."""
    books.hear(received(intent(), event_type=event_type))
    with books.database.work("payments")() as session:
        assert_nothing_published(session)
    assert books.counts() == (0, 0)


def test_an_unexpected_shape_records_nothing(books: Books) -> None:
    """Not half a payment either."""
    shapes = [intent(amount_received=None), intent(amount_received="4598"), intent(amount_received=-1), {}]
    for shape in shapes:
        with pytest.raises(UnexpectedProviderShapeError):
            books.hear(received(shape))
    with books.database.work("payments")() as session:
        assert_nothing_published(session)
    assert books.counts() == (0, 0)


def test_a_payment_without_an_order_is_recorded(books: Books) -> None:
    """The money is there; whose it is, is found out by others."""
    books.hear(received(intent(metadata={}, latest_charge=None)))
    with books.database.work("payments")() as session:
        assert_published(session, PaymentSucceeded, order_id="", amount=4598)
    assert books.counts() == (1, 2)


def test_an_event_in_storage_is_read_by_a_message_of_its_own(books: Books) -> None:
    """No transaction is open while the storage is waited for."""
    key = "webhooks/inbound/stripe/large.json"
    body = orjson.dumps({"type": "payment_intent.succeeded", "data": {"object": intent()}})
    open_storage(books.folder.as_uri()).put(key, body, "application/json")
    event = received(None, storage_key=key)
    books.hear(event)
    with books.database.work("payments")() as session:
        assert_published(session, ReadStoredStripeEvent, storage_key=key, livemode=True)
    stored = ReadStoredStripeEvent(storage_key=key, created_at=event.created_at, livemode=True)
    books.hear(stored)
    books.hear(stored)
    assert books.counts() == (1, 2)


def test_an_event_that_is_not_in_storage_any_more_fails(books: Books) -> None:
    """With the storage's own error, which names the key."""
    with pytest.raises(StorageObjectMissing, match="gone"):
        books.hear(ReadStoredStripeEvent(storage_key="gone.json", created_at=now(), livemode=True))


def test_a_payment_is_matched_with_its_order(books: Books) -> None:
    """Told twice, it stays so."""
    books.hear(received(intent()))
    books.hear(order_paid(books.payment_id()))
    books.hear(order_paid(books.payment_id()))
    row = books.database.query("SELECT state, order_id, organisation_id FROM payments.payments")
    assert row == [("matched", UUID(ORDER), UUID(int=3))]


def test_a_free_order_has_no_payment(books: Books) -> None:
    """Nothing to match, and no error."""
    books.hear(order_paid(None))
    assert books.counts() == (0, 0)


@pytest.mark.parametrize(("refund_due", "state"), [(True, "refund_due"), (False, "needs_review")])
def test_a_refused_payment_keeps_the_reason(books: Books, refund_due: bool, state: str) -> None:
    """For the people who look at it; the ledger still has the money."""
    books.hear(received(intent()))
    books.hear(refused(books.payment_id(), refund_due=refund_due))
    books.hear(refused(books.payment_id(), refund_due=refund_due))
    row = books.database.query("SELECT state, reason, detail, organisation_id FROM payments.payments")
    assert row == [(state, "amount_mismatch", "4598 usd came in, 5000 usd are due", UUID(int=3))]
    assert books.counts() == (1, 2)


def test_a_settled_payment_is_not_moved_again(books: Books) -> None:
    """Two answers about one payment contradict each other: people must look."""
    books.hear(received(intent()))
    books.hear(order_paid(books.payment_id()))
    with pytest.raises(IllegalTransitionError):
        books.hear(refused(books.payment_id(), refund_due=True))
    assert books.database.value("SELECT state FROM payments.payments") == "matched"


def test_a_reviewed_payment_can_still_be_matched(books: Books) -> None:
    """When people found the order."""
    books.hear(received(intent()))
    books.hear(refused(books.payment_id(), refund_due=False))
    books.hear(order_paid(books.payment_id()))
    assert books.database.value("SELECT state FROM payments.payments") == "matched"


def test_a_payment_that_was_never_recorded_is_named(books: Books) -> None:
    """A message about it can only be a fault."""
    unknown = new_id()
    with pytest.raises(UnknownPaymentError, match=str(unknown)):
        books.hear(order_paid(unknown))
