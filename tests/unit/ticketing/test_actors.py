"""What ticketing hears, under which policy."""

import pytest

from services.ticketing import actors
from shared.contracts.message import Contract
from shared.contracts.notifications import AlertFailure
from shared.contracts.payments import PaymentSucceeded
from shared.contracts.ticketing import (
    ExpireOrders,
    FulfilOrder,
    GenerateTickets,
    PrintTickets,
    PurgeTicketing,
    RedrawPictures,
)
from shared.messaging.actor import declarations_in

DECLARED = {declaration.contract: declaration for declaration in declarations_in(actors)}


def test_ticketing_hears_payments_generation_and_expiry() -> None:
    """Each on the queue of its class of work."""
    assert {contract: declaration.queue for contract, declaration in DECLARED.items()} == {
        PaymentSucceeded: "ticketing.events",
        GenerateTickets: "ticketing.printing",
        PrintTickets: "ticketing.bulk",
        RedrawPictures: "ticketing.printing",
        FulfilOrder: "ticketing.critical",
        ExpireOrders: "ticketing.default",
        PurgeTicketing: "ticketing.default",
    }


@pytest.mark.parametrize("contract", [GenerateTickets, PrintTickets])
def test_tickets_are_printed_within_a_minute_five_times_at_most(contract: type[Contract]) -> None:
    """And operations hear of it when that was not enough. The call ends before the job's limit does, and nobody waits for
    the lease of a worker that died: the same tickets are the same files.
    """
    policy = DECLARED[contract].policy
    assert policy.repeatable
    assert (policy.time_limit, policy.tries, policy.on_failure) == (60, 5, AlertFailure)
    assert policy.lease is not None
    assert policy.lease - 30 < policy.time_limit


def test_expiry_is_tried_again_soon_or_with_the_next_minute() -> None:
    """Three times: it may meet a sale that holds the same stock."""
    policy = DECLARED[ExpireOrders].policy
    assert (policy.time_limit, policy.tries) == (120, 3)


def test_a_payment_waits_for_a_busy_order_four_times() -> None:
    """One, two, five and ten seconds."""
    policy = DECLARED[PaymentSucceeded].policy
    assert policy.tries == 5
    assert [policy.backoff.delay(attempt) for attempt in range(1, 5)] == [1, 2, 5, 10]
