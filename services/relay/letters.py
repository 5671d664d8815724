"""Recording one dead letter: whatever is wrong with it, it ends as a failed job, or the caller is told that it cannot."""

import psycopg
import structlog

from services.relay.fates import Letter
from services.relay.repository import Connection
from services.relay.returned import Fate, end
from services.relay.routes import Routes
from shared.messaging.gate import DatabaseAwayError, is_database_away, should_run_again

RUNS_AGAIN = 3

log = structlog.get_logger("bellhop.relay")


def record_letter(connection: Connection, routes: Routes, letter: Letter) -> bool:
    """Record a letter as what it says it is, else as bytes only. False where neither can be written.

    Raises DatabaseAwayError: that is no fault of the letter.
    """
    for fate_of_letter in (letter.fate, letter.bare_fate):
        try:
            _record(connection, routes, fate_of_letter())
        except Exception as error:
            if is_database_away(error, connection):
                raise DatabaseAwayError from error
            log.warning("dead letter cannot be recorded as it is", queue=letter.queue, error=repr(error))
        else:
            return True
    return False


def _record(connection: Connection, routes: Routes, fate: Fate) -> None:
    for runs_left in range(RUNS_AGAIN, -1, -1):
        try:
            with connection.transaction():
                end(connection, routes, fate)
        except psycopg.Error as error:
            if not (should_run_again(error) and runs_left):
                raise
        else:
            return
