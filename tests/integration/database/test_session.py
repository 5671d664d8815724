"""The unit of work: what its commit promises."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from shared.database.session import LostTransactionError
from tests.support.databases import Database

EFFECT = text("INSERT INTO toyshop.effect (number, what) VALUES (1, 'made')")


def test_swallowed_error_is_not_taken_for_success(database: Database) -> None:
    """PostgreSQL answers the COMMIT of a failed transaction with a quiet ROLLBACK: the caller must hear of it."""
    with pytest.raises(LostTransactionError), database.work("toyshop")() as session:
        session.execute(EFFECT)
        with pytest.raises(ProgrammingError):
            session.execute(text("SELECT nothing FROM nowhere"))

    assert database.value("SELECT count(*) FROM toyshop.effect") == 0


def test_error_in_a_savepoint_loses_nothing_else(database: Database) -> None:
    """That is how an error that is expected is caught."""
    with database.work("toyshop")() as session:
        session.execute(EFFECT)
        with pytest.raises(ProgrammingError), session.begin_nested():
            session.execute(text("SELECT nothing FROM nowhere"))

    assert database.value("SELECT count(*) FROM toyshop.effect") == 1


def test_error_at_the_commit_is_sqlalchemys(database: Database) -> None:
    """A deferred constraint speaks at the COMMIT; callers know one family of errors."""
    database.query("ALTER TABLE toyshop.effect ADD CONSTRAINT once UNIQUE (number) DEFERRABLE INITIALLY DEFERRED")
    with pytest.raises(DBAPIError, match="once"), database.work("toyshop")() as session:
        session.execute(EFFECT)
        session.execute(EFFECT)

    assert database.value("SELECT count(*) FROM toyshop.effect") == 0


def test_error_of_a_statement_keeps_its_values_to_itself(database: Database) -> None:
    """It goes into logs and failed jobs, where a token or a mail address has no business."""
    with pytest.raises(DBAPIError) as failed, database.work("toyshop")() as session:
        session.execute(text("SELECT nothing FROM nowhere WHERE address = :address"), {"address": "ada@example.org"})

    assert "nothing FROM nowhere" in str(failed.value)
    assert "ada@example.org" not in str(failed.value)
