"""The states of a payment and the ledger's arithmetic."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.payments.domain import (
    PaymentState,
    Receipt,
    entries_of,
    move,
    state_of_refused,
    transfer,
)
from services.payments.errors import IllegalTransitionError, InvalidTransferError
from shared.clock import now

RECEIVED, MATCHED = PaymentState.RECEIVED, PaymentState.MATCHED
REVIEW, REFUND = PaymentState.NEEDS_REVIEW, PaymentState.REFUND_DUE
LEGAL = {(RECEIVED, MATCHED), (RECEIVED, REVIEW), (RECEIVED, REFUND), (REVIEW, MATCHED), (REVIEW, REFUND)}

amounts = st.integers(1, 2**53 - 1)
currencies = st.sampled_from(["eur", "usd", "jpy"])
accounts = st.sampled_from(["stripe_balance", "order_receipts", "payouts"])


@pytest.mark.parametrize("current", PaymentState)
@pytest.mark.parametrize("target", PaymentState)
def test_a_payment_moves_only_along_the_machine(current: PaymentState, target: PaymentState) -> None:
    """Every pair of states: legal ones move, equal ones stay, all others are refused."""
    if (current, target) in LEGAL:
        assert move(current, target)
    elif current is target:
        assert not move(current, target)
    else:
        with pytest.raises(IllegalTransitionError, match=f"{current} cannot become {target}"):
            move(current, target)


@pytest.mark.parametrize(("refund_due", "state"), [(True, REFUND), (False, REVIEW)])
def test_a_refused_payment_goes_back_or_to_people(refund_due: bool, state: PaymentState) -> None:
    """Whether the order can still be honoured decides."""
    assert state_of_refused(refund_due=refund_due) is state


@given(st.lists(st.tuples(accounts, accounts, amounts, currencies).filter(lambda one: one[0] != one[1]), max_size=50))
def test_any_transfers_sum_to_zero_in_each_currency(transfers: list[tuple[str, str, int, str]]) -> None:
    """Whatever is moved, nothing appears and nothing vanishes."""
    totals: Counter[str] = Counter()
    for source, target, amount, currency in transfers:
        for entry in transfer(source, target, amount, currency):
            totals[entry.currency] += entry.amount
    assert set(totals.values()) <= {0}


@given(amounts, currencies)
def test_a_receipt_raises_what_the_provider_holds(amount: int, currency: str) -> None:
    """The provider's account gets the amount, that of the receipts owes as much."""
    receipt = Receipt("stripe", "pi_1", None, "", amount, currency, livemode=False, succeeded_at=now())
    owed, held = entries_of(receipt)
    assert (owed.account, owed.amount, held.account, held.amount) == (
        "order_receipts",
        -amount,
        "stripe_balance",
        amount,
    )


@pytest.mark.parametrize(("target", "amount"), [("b", 0), ("b", -1), ("a", 5)])
def test_a_transfer_of_nothing_or_to_itself_is_refused(target: str, amount: int) -> None:
    """A transfer needs two accounts and a positive amount."""
    with pytest.raises(InvalidTransferError):
        transfer("a", target, amount, "eur")
