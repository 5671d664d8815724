"""How many at once: holders with a lease, in PostgreSQL. A holder that is killed frees its place when the lease ends.

Who finds no place joins a queue. The one that leaves gives its place to the first in it, whose message comes back at
once: so nobody polls, and each waits once. If the one that held dies, the lease's end wakes the next.
"""

from dataclasses import dataclass
from datetime import timedelta

from shared.contracts.message import Contract
from shared.messaging.middleware.job import Admission, Ended, JobMiddleware, PutBack, Skipped, check_template

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 7342))"
_EXPIRE = "DELETE FROM messaging.place WHERE key = %s AND expires_at <= clock_timestamp()"
_TAKE = """
INSERT INTO messaging.place (key, message_id, service, expires_at, is_waiting)
SELECT %(key)s, %(message_id)s, %(service)s, clock_timestamp() + %(lease)s, false
WHERE (SELECT count(*) FROM messaging.place WHERE key = %(key)s AND NOT is_waiting AND message_id <> %(message_id)s) < %(places)s
ON CONFLICT (key, message_id) DO UPDATE SET is_waiting = false, expires_at = excluded.expires_at
RETURNING 1
"""
_WAIT = """
INSERT INTO messaging.place (key, message_id, service, expires_at, is_waiting)
VALUES (%(key)s, %(message_id)s, %(service)s, clock_timestamp() + interval '1 day', true)
ON CONFLICT (key, message_id) DO NOTHING
"""
_NEXT_END = """
SELECT extract(epoch FROM min(expires_at) - clock_timestamp())::float8 FROM messaging.place WHERE key = %s AND NOT is_waiting
"""
_LEAVE = "DELETE FROM messaging.place WHERE key = %s AND message_id = %s"
_CALL_NEXT = """
WITH next AS (
    SELECT message_id, service FROM messaging.place WHERE key = %(key)s AND is_waiting ORDER BY joined_at LIMIT %(free)s
)
UPDATE messaging.scheduled SET due_at = clock_timestamp() FROM next
WHERE scheduled.message_id = next.message_id AND scheduled.reason = 'snoozed' AND scheduled.due_at > clock_timestamp()
"""


@dataclass(frozen=True, slots=True)
class Concurrency(JobMiddleware):
    """At most `places` messages of a key at once. A place is held for the actor's time limit and a minute at most."""

    key: str
    places: int

    def check(self, contract: type[Contract]) -> None:
        check_template(self.key, contract)
        if self.places < 1:
            raise ValueError(f"{contract.kind}: at least one at once")

    def admit(self, admission: Admission) -> PutBack | Skipped | None:
        key = admission.key("places", self.key)
        connection = admission.connection
        parameters = {
            "key": key,
            "message_id": admission.delivery.message_id,
            "service": admission.delivery.service,
            "lease": timedelta(seconds=admission.lease),
            "places": self.places,
        }
        connection.execute(_LOCK, (key,))
        connection.execute(_EXPIRE, (key,))
        if connection.execute(_TAKE, parameters).fetchone():
            return None
        return self._refuse(admission, key, parameters)

    def _refuse(self, admission: Admission, key: str, parameters: dict[str, object]) -> PutBack | Skipped:
        admission.connection.execute(_WAIT, parameters)
        row = admission.connection.execute(_NEXT_END, (key,)).fetchone()
        seconds = float(row[0]) if row and row[0] is not None else 0.0
        return PutBack(max(seconds, 0.1), f"{key} is taken")

    def withdraw(self, admission: Admission) -> None:
        self._free(admission)

    def leave(self, admission: Admission, outcome: Ended, error: object) -> None:  # noqa: ARG002 - any end frees the place
        self._free(admission)

    def _free(self, admission: Admission) -> None:
        key = admission.key("places", self.key)
        admission.connection.execute(_LOCK, (key,))
        admission.connection.execute(_LEAVE, (key, admission.delivery.message_id))
        admission.connection.execute(_CALL_NEXT, {"key": key, "free": self.places})


@dataclass(frozen=True, slots=True)
class WithoutOverlapping(Concurrency):
    """One message of a key at a time. Another waits for its turn; with `drop` it ends at once, unrun."""

    places: int = 1
    drop: bool = False

    def _refuse(self, admission: Admission, key: str, parameters: dict[str, object]) -> PutBack | Skipped:
        if self.drop:
            return Skipped(f"{key} is being worked on")
        return Concurrency._refuse(self, admission, key, parameters)  # noqa: SLF001 - slots leave super() no cell
