"""All SQL of the scheduler: which ticks were published."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from shared.contracts.message import Command
from shared.database.session import PUBLISHED, driver
from shared.messaging.causes import Cause
from shared.messaging.envelope import MAX_BODY_BYTES, Envelope
from shared.messaging.sending import send

LEADER_LOCK = 0x7469636B
"""Key of the advisory lock of whoever may publish: the word `tick`."""

_INSERT = text(
    "INSERT INTO messaging.tick (schedule, due_at, message_id) VALUES (:schedule, :due_at, :message_id) "
    "ON CONFLICT DO NOTHING RETURNING 1"
)
_LATEST = text("SELECT max(due_at) FROM messaging.tick WHERE schedule = :schedule")


class Ticks:
    """The moments of schedules. The key (schedule, due_at) is why many schedulers publish each once."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, schedule: str, due_at: datetime, message_id: UUID | None) -> bool:
        """Note a tick. False if it was there already. Without a message, it only says from where to go on."""
        values = {"schedule": schedule, "due_at": due_at, "message_id": message_id}
        return self._session.execute(_INSERT, values).first() is not None

    def latest(self, schedule: str) -> datetime | None:
        """The last tick that is known; None for a schedule that nobody has seen before."""
        found: datetime | None = self._session.execute(_LATEST, {"schedule": schedule}).scalar_one()
        return found

    def send(self, message: Command, message_id: UUID, tick: Mapping[str, str]) -> None:
        """Write the message to the outbox, with the option `tick`. It begins a journey of its own."""
        cause = Cause(correlation_id=message_id)
        options = {"version": message.version, "tick": dict(tick)}
        envelope = Envelope(message.kind, message.model_dump(mode="json"), message_id, cause=cause, options=options)
        send(driver(self._session), envelope, limit=MAX_BODY_BYTES)
        self._session.info[PUBLISHED] = True


def try_lead(connection: Connection) -> bool:
    """Take the leader's lock, if nobody has it. It is held until the connection ends."""
    return bool(connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": LEADER_LOCK}).scalar_one())


def watch_closely(connection: Connection) -> None:
    """Let the server notice within 25 s that this host is gone, so that another one may lead."""
    for name, value in (("idle", 10), ("interval", 5), ("count", 3)):
        connection.execute(text(f"SET tcp_keepalives_{name} = {value}"))


def is_alive(connection: Connection) -> bool:
    """Whether the connection still is one: then the lock is held."""
    return bool(connection.execute(text("SELECT true")).scalar_one())
