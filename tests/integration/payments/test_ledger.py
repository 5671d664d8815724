"""The database keeps the ledger, whatever the code does."""

from uuid import UUID

import pytest
from psycopg import errors as postgres
from sqlalchemy.exc import DBAPIError

from services.payments.domain import Entry, Receipt, transfer
from services.payments.repository import Payments
from shared.clock import now
from shared.ids import new_id
from tests.support.databases import Database


def paid(database: Database) -> UUID:
    """A payment to book on."""
    payment_id = new_id()
    receipt = Receipt("stripe", f"pi_{payment_id}", None, "", 100, "eur", livemode=False, succeeded_at=now())
    with database.work("payments")() as session:
        assert Payments(session).add(payment_id, receipt)
    return payment_id


def book(database: Database, *entries: Entry) -> None:
    payment_id = paid(database)
    with database.work("payments")() as session:
        Payments(session).book(payment_id, new_id(), [(new_id(), entry) for entry in entries])


UNBALANCED = [
    [Entry("a", -5, "eur")],
    [Entry("a", -5, "eur"), Entry("b", 4, "eur")],
    [Entry("a", -5, "eur"), Entry("b", 5, "usd")],
    [Entry("a", -5, "eur"), Entry("b", 2, "eur"), Entry("c", 3, "eur")],
]


def test_half_a_transfer_cannot_be_committed(database: Database) -> None:
    """Two entries, one currency, sum zero: checked at the commit."""
    for entries in UNBALANCED:
        with pytest.raises(DBAPIError) as raised:
            book(database, *entries)
        assert isinstance(raised.value.orig, postgres.CheckViolation)
    assert database.value("SELECT count(*) FROM payments.ledger_entries") == 0


def test_entries_cannot_be_changed_or_deleted(database: Database) -> None:
    """Not by the service, and not by the owner either."""
    book(database, *transfer("a", "b", 5, "eur"))
    for statement in ("UPDATE payments.ledger_entries SET amount = 0", "DELETE FROM payments.ledger_entries"):
        with pytest.raises(postgres.RestrictViolation, match="append-only"):
            database.query(statement)
    assert database.value("SELECT sum(amount) FROM payments.ledger_entries") == 0
    assert database.value("SELECT count(*) FROM payments.ledger_entries") == 2


def test_both_entries_share_one_correlation(database: Database) -> None:
    """And each transfer has its own."""
    book(database, *transfer("a", "b", 5, "eur"))
    book(database, *transfer("a", "b", 7, "eur"))
    rows = database.query("SELECT count(*), sum(amount) FROM payments.ledger_entries GROUP BY correlation_id")
    assert rows == [(2, 0), (2, 0)]
