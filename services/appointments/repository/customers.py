"""Customers: whoever calls or books, each of them once."""

from collections.abc import Iterable
from dataclasses import fields
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, text, update
from sqlalchemy.orm import Session

from services.appointments.domain.customers import Customer
from services.appointments.models import AppointmentRow, CallRow, CustomerRow

_COLUMNS = [getattr(CustomerRow, field.name) for field in fields(Customer)]
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 4712))")


class Customers:
    """Those that were merged into another are not found here."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def lock(self, organisation_id: UUID, keys: Iterable[str | None]) -> None:
        """Let nobody else look for a customer by one of these numbers and addresses until the transaction ends.

        Always in one order, so that nobody waits in a circle.
        """
        for key in sorted({key for key in keys if key}):
            self._session.execute(_LOCK, {"key": f"customers:{organisation_id}:{key}"})

    def by_phone(self, organisation_id: UUID, phone: str | None) -> Customer | None:
        """The one with this number (E.164)."""
        return self._one(organisation_id, CustomerRow.phone == phone) if phone else None

    def by_email(self, organisation_id: UUID, email: str | None) -> Customer | None:
        """The one with this address (in lower case)."""
        return self._one(organisation_id, CustomerRow.email == email) if email else None

    def add(self, customer_id: UUID, organisation_id: UUID, **values: Any) -> None:
        """A new one."""
        self._session.execute(insert(CustomerRow).values(id=customer_id, organisation_id=organisation_id, **values))

    def change(self, customer_id: UUID, **values: Any) -> None:
        """Write these columns."""
        values["updated_at"] = func.clock_timestamp()
        self._session.execute(update(CustomerRow).where(CustomerRow.id == customer_id).values(**values))

    def merge(self, former: UUID, into: UUID) -> None:
        """The two are one: all calls and appointments of `former` are those of the other."""
        self.change(former, merged_into=into)
        self._session.execute(update(CustomerRow).where(CustomerRow.merged_into == former).values(merged_into=into))
        for row in (CallRow, AppointmentRow):
            self._session.execute(update(row).where(row.customer_id == former).values(customer_id=into))

    def _one(self, organisation_id: UUID, condition: Any) -> Customer | None:
        query = select(*_COLUMNS).where(
            CustomerRow.organisation_id == organisation_id, CustomerRow.merged_into.is_(None), condition
        )
        row = self._session.execute(query.with_for_update()).one_or_none()
        return None if row is None else Customer(*row)
