"""What was said goes first, then the call, and last the appointment with all that hangs on it."""

from uuid import UUID

import pytest

from services.appointments.domain.retention import Keep
from services.appointments.repository.retention import purges
from shared.ids import new_id
from tests.support.ageing import purge_on
from tests.support.databases import Database


@pytest.fixture
def call_id(database: Database) -> UUID:
    """A call of today in which an appointment of today was made, with an offer, a reminder and a former booking."""
    organisation, connection, call, appointment = (new_id() for _ in range(4))
    database.query("INSERT INTO appointments.connections (id, provider, name) VALUES (%s, 'retell', 'x')", connection)
    database.query(
        "INSERT INTO appointments.calls (id, organisation_id, connection_id, external_id, transcript, recording_url, "
        "variables, analysis, outcome, ended_at) VALUES (%s, %s, %s, 'call_1', 'User: hello', 'https://x', "
        "'{\"a\": 1}', '{\"b\": 2}', 'booked', now())",
        call,
        organisation,
        connection,
    )
    database.query(
        "INSERT INTO appointments.appointments (id, organisation_id, connection_id, call_id, state, service, starts_at, "
        "ends_at, time_zone, language, name) VALUES (%s, %s, %s, %s, 'booked', 'Checkup', now() - interval '1 hour', now(), "
        "'UTC', 'en', 'Ada')",
        appointment,
        organisation,
        connection,
        call,
    )
    for statement in (
        "INSERT INTO appointments.offers (id, appointment_id, starts_at) VALUES (gen_random_uuid(), %s, now())",
        "INSERT INTO appointments.reminders VALUES (%s, now(), 60, gen_random_uuid(), NULL)",
    ):
        database.query(statement, appointment)
    database.query("INSERT INTO appointments.former_bookings VALUES (%s, 'uid_1', %s)", connection, appointment)
    database.query("INSERT INTO appointments.counted_calls VALUES (%s, %s, current_date, 'booked')", call, organisation)
    return call


TABLES = ("calls", "counted_calls", "appointments", "former_bookings", "offers", "reminders")


def left(database: Database) -> set[str]:
    return {table for table in TABLES if database.value(f"SELECT count(*) FROM appointments.{table}")}


@pytest.mark.parametrize(("days", "is_there"), [(89, True), (91, False)], ids=["young", "after 90 days"])
def test_what_was_said_goes_first(database: Database, call_id: UUID, days: int, is_there: bool) -> None:
    """The call stays, by which a repeated webhook is known."""
    purge_on(database, "appointments", purges(Keep()), days)
    row = database.query(
        "SELECT transcript, recording_url, variables <> '{}', analysis IS NOT NULL, trimmed_at IS NULL "
        "FROM appointments.calls WHERE id = %s",
        call_id,
    )
    assert row == [("User: hello", "https://x", True, True, True) if is_there else (None, None, False, False, False)]


@pytest.mark.parametrize(
    ("days", "stays"),
    [
        pytest.param(364, set(TABLES), id="young"),
        pytest.param(366, set(TABLES) - {"calls", "counted_calls"}, id="after a year: the appointment"),
        pytest.param(1_096, set[str](), id="after three years: nothing"),
    ],
)
@pytest.mark.usefixtures("call_id")
def test_a_call_goes_before_its_appointment(database: Database, days: int, stays: set[str]) -> None:
    """Each with all that hangs on it."""
    purge_on(database, "appointments", purges(Keep()), days)
    assert left(database) == stays
