"""What a worker has held for over a second, told in messaging.running: a job that runs can be seen, a quick one costs
nothing.
"""

from uuid import UUID

from sqlalchemy import Engine, text

from shared.messaging.in_flight import InFlight

HELD_SECONDS = 1.0

_TELL = text("""
INSERT INTO messaging.running (message_id, service, kind, queue, organisation_id, worker_id, since)
SELECT one.message_id, :service, one.kind, one.queue, one.organisation_id, :worker_id,
       clock_timestamp() - make_interval(secs => one.held)
FROM unnest(CAST(:messages AS uuid[]), CAST(:kinds AS text[]), CAST(:queues AS text[]), CAST(:organisations AS uuid[]),
            CAST(:held AS float8[])) AS one (message_id, kind, queue, organisation_id, held)
ON CONFLICT (message_id, service) DO UPDATE
    SET worker_id = excluded.worker_id, since = excluded.since, seen_at = clock_timestamp()
""")
_CLEAR = text(
    "DELETE FROM messaging.running WHERE worker_id = :worker_id AND NOT message_id = ANY(CAST(:messages AS uuid[]))"
)


class Running:
    """Keeps the rows of one worker true. `refresh` once a second, from one thread."""

    def __init__(self, engine: Engine, service: str, worker_id: UUID, in_flight: InFlight) -> None:
        self._engine, self._service, self._worker_id, self._in_flight = engine, service, worker_id, in_flight
        self._told = False

    def refresh(self) -> None:
        """Tell what is held, and take back what is not any more. Raises SQLAlchemyError."""
        held = self._in_flight.held(HELD_SECONDS)
        if not (held or self._told):
            return
        deliveries = [delivery for delivery, _ in held]
        messages = [delivery.message_id for delivery in deliveries]
        with self._engine.begin() as connection:
            connection.execute(_CLEAR, {"worker_id": self._worker_id, "messages": messages})
            if held:
                values = {
                    "service": self._service,
                    "worker_id": self._worker_id,
                    "messages": messages,
                    "kinds": [delivery.kind for delivery in deliveries],
                    "queues": [delivery.queue for delivery in deliveries],
                    "organisations": [delivery.cause.organisation_id for delivery in deliveries],
                    "held": [seconds for _, seconds in held],
                }
                connection.execute(_TELL, values)
        self._told = bool(held)
