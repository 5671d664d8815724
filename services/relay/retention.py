"""The relay's housekeeping of `messaging`: a loop of its own, so that nothing waits behind a purge, nor a purge behind it."""

from threading import Event

import psycopg
import structlog

from services.relay.repository import Connection
from shared.messaging.purging import purge_some
from shared.messaging.retention import MessagingRetention, purges

ROUND_SECONDS = 1.0
"""What one round may take; then others have the database for as long."""
LOOK_SECONDS = 60.0

log = structlog.get_logger("bellhop.relay")


def keep_purging(connection: Connection, keep: MessagingRetention, stopping: Event) -> None:
    """Purge until told to stop: round after round while something is left, else one a minute.

    Raises psycopg.OperationalError when the database goes away. Any other error of a statement is told and looked at
    again in the next minute: it must not stop what relays.
    """
    own = purges(keep)
    while not stopping.is_set():
        try:
            removed, is_done = purge_some(connection, own, ROUND_SECONDS)
        except psycopg.OperationalError:
            raise
        except psycopg.Error as error:
            log.exception("a purge failed", error=repr(error))
            removed, is_done = 0, True
        if removed:
            log.debug("purged", rows=removed)
        stopping.wait(LOOK_SECONDS if is_done else ROUND_SECONDS)
