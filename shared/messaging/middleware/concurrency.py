"""How many at once: holders with a lease, in PostgreSQL. A holder that is killed frees its place when the lease ends.

Who finds no place joins a queue. The one that leaves gives its place to the first in it, whose message comes back at
once: so nobody polls, and each waits once. If the one that held dies, the lease's end wakes the next.
"""

from dataclasses import dataclass, field
from datetime import timedelta

from shared.contracts.message import Contract
from shared.messaging.middleware.job import (
    Admission,
    Ended,
    JobMiddleware,
    PutBack,
    Skipped,
    check_number,
    check_template,
)

CALLED_SECONDS = 30.0
"""A place is kept for the one that was called to it for so long."""

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 7342))"
_EXPIRE = "DELETE FROM messaging.place WHERE key = %s AND expires_at <= clock_timestamp()"
_TAKE = """
INSERT INTO messaging.place (key, message_id, service, expires_at, is_waiting)
SELECT %(key)s, %(message_id)s, %(service)s, clock_timestamp() + %(lease)s, false
WHERE (SELECT count(*) FROM messaging.place WHERE key = %(key)s AND NOT is_waiting
       AND (message_id, service) <> (%(message_id)s, %(service)s)) < %(places)s
ON CONFLICT (key, message_id, service) DO UPDATE SET is_waiting = false, expires_at = excluded.expires_at
RETURNING 1
"""
_WAIT = """
INSERT INTO messaging.place (key, message_id, service, expires_at, is_waiting)
VALUES (%(key)s, %(message_id)s, %(service)s, clock_timestamp() + interval '1 day', true)
ON CONFLICT (key, message_id, service) DO UPDATE SET is_waiting = true, expires_at = excluded.expires_at
"""
_NEXT_END = """
SELECT extract(epoch FROM min(expires_at) - clock_timestamp())::float8 FROM messaging.place WHERE key = %s AND NOT is_waiting
"""
_LEAVE = "DELETE FROM messaging.place WHERE key = %s AND message_id = %s AND service = %s"
# The place is theirs from here on: a newcomer that is quicker finds it taken.
_CALL_NEXT = """
WITH next AS (
    SELECT later.id, place.message_id, place.service FROM messaging.place
    JOIN messaging.scheduled AS later ON later.message_id = place.message_id AND later.reason = 'snoozed'
        AND split_part(later.queue, '.', 1) = place.service
    WHERE place.key = %(key)s AND place.is_waiting ORDER BY place.joined_at LIMIT greatest(0, %(places)s - (
        SELECT count(*) FROM messaging.place WHERE key = %(key)s AND NOT is_waiting AND expires_at > clock_timestamp()))
), called AS (
    UPDATE messaging.scheduled SET due_at = least(due_at, clock_timestamp()) FROM next WHERE scheduled.id = next.id
    RETURNING next.message_id, next.service
)
UPDATE messaging.place SET is_waiting = false, expires_at = clock_timestamp() + %(patience)s FROM called
WHERE place.key = %(key)s AND (place.message_id, place.service) = (called.message_id, called.service)
RETURNING 1
"""


@dataclass(frozen=True, slots=True)
class Concurrency(JobMiddleware):
    """At most `places` messages of a key at once. A place is held for the actor's time limit and a minute at most."""

    key: str
    places: int

    @property
    def identity(self) -> tuple[object, ...]:
        return (Concurrency, self.key)

    def check(self, contract: type[Contract]) -> None:
        check_template(self.key, contract)
        check_number(contract, "places", self.places, whole=True)
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
        connection.execute(_LOCK, (key,), prepare=True)
        connection.execute(_EXPIRE, (key,), prepare=True)
        if connection.execute(_TAKE, parameters, prepare=True).fetchone():
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
        connection, delivery = admission.connection, admission.delivery
        connection.execute(_LOCK, (key,), prepare=True)
        connection.execute(_LEAVE, (key, delivery.message_id, delivery.service), prepare=True)
        patience = timedelta(seconds=CALLED_SECONDS)
        connection.execute(_CALL_NEXT, {"key": key, "places": self.places, "patience": patience}, prepare=True)


@dataclass(frozen=True, slots=True)
class WithoutOverlapping(Concurrency):
    """One message of a key at a time. Another waits for its turn; with `drop` it ends at once, unrun."""

    places: int = field(default=1, init=False)
    drop: bool = False

    def check(self, contract: type[Contract]) -> None:
        Concurrency.check(self, contract)
        if not isinstance(self.drop, bool):
            raise TypeError(f"{contract.kind}: drop is True or False, not {self.drop!r}")

    def _refuse(self, admission: Admission, key: str, parameters: dict[str, object]) -> PutBack | Skipped:
        if self.drop:
            return Skipped(f"{key} is being worked on")
        return Concurrency._refuse(self, admission, key, parameters)  # noqa: SLF001 - slots leave super() no cell
