"""All SQL of the payments service."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_not
from sqlalchemy.orm import Session

from services.payments.domain import Entry, PaymentState, Receipt
from services.payments.models import LedgerEntry, Payment


class Payments:
    """Payments and their ledger entries."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, payment_id: UUID, receipt: Receipt) -> bool:
        """Record the payment; False where the provider's payment is recorded already, which is then left as it is."""
        statement = (
            insert_or_not(Payment)
            .values(
                id=payment_id,
                provider=receipt.provider,
                provider_reference=receipt.reference,
                charge_reference=receipt.charge_reference,
                order_reference=receipt.order_reference,
                amount=receipt.amount,
                currency=receipt.currency,
                livemode=receipt.livemode,
                state=PaymentState.RECEIVED,
                succeeded_at=receipt.succeeded_at,
            )
            .on_conflict_do_nothing(index_elements=[Payment.provider, Payment.provider_reference])
            .returning(Payment.id)
        )
        return self._session.execute(statement).scalar() is not None

    def state_of(self, payment_id: UUID) -> PaymentState | None:
        """Where the payment stands, held against others until the transaction ends; None if there is none."""
        state = self._session.scalar(select(Payment.state).where(Payment.id == payment_id).with_for_update())
        return None if state is None else PaymentState(state)

    def match(self, payment_id: UUID, order_id: UUID, organisation_id: UUID) -> None:
        """The payment belongs to this order."""
        values = {"state": PaymentState.MATCHED, "order_id": order_id, "organisation_id": organisation_id}
        self._session.execute(update(Payment).where(Payment.id == payment_id).values(values))

    def refuse(
        self, payment_id: UUID, state: PaymentState, reason: str, detail: str, organisation_id: UUID | None
    ) -> None:
        """The payment pays no order, for this reason."""
        values = {"state": state, "reason": reason, "detail": detail, "organisation_id": organisation_id}
        self._session.execute(update(Payment).where(Payment.id == payment_id).values(values))

    def book(self, payment_id: UUID, transfer_id: UUID, entries: Iterable[tuple[UUID, Entry]]) -> None:
        """Append the two entries of one transfer, each with an id of its own."""
        rows = [
            {
                "id": entry_id,
                "correlation_id": transfer_id,
                "payment_id": payment_id,
                "account": entry.account,
                "amount": entry.amount,
                "currency": entry.currency,
            }
            for entry_id, entry in entries
        ]
        self._session.execute(insert(LedgerEntry), rows)
