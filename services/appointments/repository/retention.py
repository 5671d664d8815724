"""What is purged of the schema `appointments`."""

from sqlalchemy.orm import Session

from services.appointments.domain.retention import Keep
from shared.messaging.purging import Purge, purge_in

_ID = {"id": "uuid"}
_OLD = "row.id < %(horizon_id)s"
_ENDED = "coalesce(row.ended_at, row.created_at) < %(horizon)s"
_WORDS = (
    "transcript = NULL, recording_url = NULL, summary = NULL, variables = '{}'::jsonb, analysis = NULL, request = NULL, "
    "trimmed_at = clock_timestamp()"
)


def purges(keep: Keep) -> list[Purge]:
    """Words before calls. An appointment outlives the call that it was made in; with it goes all that hangs on it."""
    hanging = ("former_bookings", "offers", "reminders")
    return [
        Purge(
            "appointments.words",
            "appointments.calls",
            _ID,
            _ENDED,
            keep.words,
            reach=f"{_OLD} AND row.trimmed_at IS NULL",
            change=_WORDS,
        ),
        Purge(
            "appointments.calls",
            "appointments.calls",
            _ID,
            _ENDED,
            keep.calls,
            reach=_OLD,
            also=(
                "DELETE FROM appointments.counted_calls AS one USING gone WHERE one.call_id = gone.id",
                "UPDATE appointments.appointments AS one SET call_id = NULL FROM gone WHERE one.call_id = gone.id",
            ),
        ),
        Purge(
            "appointments.appointments",
            "appointments.appointments",
            _ID,
            "row.ends_at < %(horizon)s AND row.wish IS NULL",
            keep.appointments,
            reach=_OLD,
            also=tuple(
                f"DELETE FROM appointments.{table} AS one USING gone WHERE one.appointment_id = gone.id"
                for table in hanging
            ),
        ),
    ]


def purge(session: Session, keep: Keep, seconds: float) -> bool:
    """Purge for so many seconds; whether nothing is left for now."""
    return purge_in(session, purges(keep), seconds)
