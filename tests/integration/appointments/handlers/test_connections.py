"""Whom a connection serves, and its credentials."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from pydantic import SecretStr

from services.appointments.domain.connections import OF_SETTINGS, Provider
from services.appointments.errors import CompanyNotClearError, ConnectionNotSetUpError, UnknownConnectionError
from services.appointments.handlers import accounts, connections
from services.appointments.settings import AppointmentsSettings
from shared.crypto import DecryptionFailed, Vault
from shared.ids import new_id
from tests.support.databases import SECRET_KEY, Database

NOTHING = AppointmentsSettings()
BOTH = AppointmentsSettings(
    calcom_api_key=SecretStr("cal_live_settings"),
    calcom_webhook_secret=SecretStr("a-secret-of-the-settings"),
    retell_api_key=SecretStr("key_settings"),
)
CALCOM, RETELL = OF_SETTINGS[Provider.CALCOM], OF_SETTINGS[Provider.RETELL]


def connect(database: Database, organisation_id: UUID, provider: Provider = Provider.CALCOM) -> UUID:
    with database.work("appointments")() as session:
        made = accounts.create(
            session,
            Vault(SECRET_KEY),
            organisation_id,
            provider=provider,
            name="x",
            api_key="key_0123456789",
            webhook_secret=None,
        )
    return made.connection.id


def delete(database: Database, organisation_id: UUID, connection_id: UUID) -> None:
    with database.work("appointments")() as session:
        accounts.delete(session, NOTHING, organisation_id, connection_id)


def company(database: Database) -> UUID:
    """An organisation that has set one up."""
    organisation_id = new_id()
    database.query(
        "INSERT INTO appointments.companies (organisation_id, name, time_zone, profile) VALUES (%s, 'x', 'UTC', '{}')",
        organisation_id,
    )
    return organisation_id


def organisation_of(database: Database, connection_id: UUID | None, provider: Provider) -> tuple[UUID, UUID]:
    with database.work("appointments")() as session:
        return connections.organisation_of(session, connection_id, provider)


def calendar_of(database: Database, facts: AppointmentsSettings, organisation_id: UUID) -> UUID | None:
    with database.work("appointments")() as session:
        return connections.calendar_of(session, facts, organisation_id)


def active(database: Database, facts: AppointmentsSettings, provider: Provider) -> list[UUID]:
    with database.work("appointments")() as session:
        return list(connections.active(session, facts, provider))


def test_a_connection_serves_its_organisation(database: Database) -> None:
    """Whether it has a company or not."""
    organisation_id = new_id()
    connection_id = connect(database, organisation_id)
    assert organisation_of(database, connection_id, Provider.CALCOM) == (organisation_id, connection_id)


def test_that_of_the_settings_serves_the_one_company(database: Database) -> None:
    """Without an id or with its own; its row is made when it is needed, once."""
    organisation_id = company(database)
    for connection_id in (None, RETELL, None):
        assert organisation_of(database, connection_id, Provider.RETELL) == (organisation_id, RETELL)
    assert database.query("SELECT id, organisation_id, provider, api_key FROM appointments.connections") == [
        (RETELL, None, "retell", None)
    ]


@pytest.mark.parametrize(("companies", "advice"), [(0, "PUT /v1/company"), (2, "POST /v1/connections")])
def test_that_of_the_settings_does_not_guess(database: Database, companies: int, advice: str) -> None:
    """It says what is to be done."""
    for _ in range(companies):
        company(database)
    with pytest.raises(CompanyNotClearError, match=advice):
        organisation_of(database, None, Provider.RETELL)


def test_a_deleted_or_foreign_connection_serves_nobody(database: Database) -> None:
    """Nor one of the other provider."""
    organisation_id = new_id()
    deleted, calcom = connect(database, organisation_id), connect(database, organisation_id)
    delete(database, organisation_id, deleted)
    for connection_id, provider in ((deleted, Provider.CALCOM), (calcom, Provider.RETELL), (new_id(), Provider.CALCOM)):
        with pytest.raises(UnknownConnectionError):
            organisation_of(database, connection_id, provider)


def test_an_organisation_s_own_calendar_comes_first(database: Database) -> None:
    """The oldest one; then that of the settings; then none."""
    organisation_id = company(database)
    first, second = connect(database, organisation_id), connect(database, organisation_id)
    connect(database, organisation_id, Provider.RETELL)
    assert calendar_of(database, BOTH, organisation_id) == first
    delete(database, organisation_id, first)
    assert calendar_of(database, BOTH, organisation_id) == second
    delete(database, organisation_id, second)
    assert (calendar_of(database, BOTH, organisation_id), calendar_of(database, NOTHING, organisation_id)) == (
        CALCOM,
        None,
    )


def test_another_organisation_has_no_calendar(database: Database) -> None:
    """Neither somebody's own, nor that of the settings, which has its company."""
    connect(database, company(database))
    assert calendar_of(database, BOTH, new_id()) is None


def test_active_connections_are_those_that_can_be_asked(database: Database) -> None:
    """Not deleted, of the provider; that of the settings only where it is set and serves somebody."""
    organisation_id = company(database)
    kept, deleted = connect(database, organisation_id), connect(database, organisation_id)
    delete(database, organisation_id, deleted)
    assert active(database, NOTHING, Provider.CALCOM) == [kept]
    assert active(database, BOTH, Provider.CALCOM) == [CALCOM, kept]
    assert active(database, BOTH, Provider.RETELL) == [RETELL]
    company(database)
    assert (active(database, BOTH, Provider.CALCOM), active(database, BOTH, Provider.RETELL)) == ([kept], [])


def test_credentials_are_read_sealed_and_opened_without_a_session(database: Database) -> None:
    """Between the two no transaction is open; neither form shows them."""
    connection_id = connect(database, new_id())
    with database.work("appointments")() as session:
        sealed = connections.credentials(session, connection_id)
    opened = connections.open_credentials(Vault(SECRET_KEY), NOTHING, sealed)
    assert (opened.connection_id, opened.api_key, len(opened.webhook_secret)) == (connection_id, "key_0123456789", 64)
    assert not any(secret in repr(opened) + repr(sealed) for secret in ("key_0123456789", opened.webhook_secret, "\\x"))


def test_a_sealed_secret_opens_in_its_own_row_and_column_only(database: Database) -> None:
    """What was moved elsewhere by hand cannot be read there."""
    ours, theirs = connect(database, new_id()), connect(database, new_id())
    database.query(
        "UPDATE appointments.connections SET api_key = (SELECT api_key FROM appointments.connections WHERE id = %s)"
        " WHERE id = %s",
        theirs,
        ours,
    )
    with database.work("appointments")() as session:
        sealed = connections.credentials(session, ours)
    with pytest.raises(DecryptionFailed):
        connections.open_credentials(Vault(SECRET_KEY), NOTHING, sealed)


def test_credentials_of_the_settings_are_not_in_the_database(database: Database) -> None:
    """They are what is set now; where nothing is, it says which variable."""
    company(database)
    organisation_of(database, None, Provider.CALCOM)
    with database.work("appointments")() as session:
        sealed = connections.credentials(session, CALCOM)
    opened = connections.open_credentials(Vault(SECRET_KEY), BOTH, sealed)
    assert (opened.api_key, opened.webhook_secret) == ("cal_live_settings", "a-secret-of-the-settings")
    with pytest.raises(ConnectionNotSetUpError, match="APPOINTMENTS_CALCOM_API_KEY"):
        connections.open_credentials(Vault(SECRET_KEY), NOTHING, sealed)


def test_a_deleted_connection_has_no_credentials(database: Database) -> None:
    """A job that still runs for it ends, and says so."""
    organisation_id = new_id()
    connection_id = connect(database, organisation_id)
    delete(database, organisation_id, connection_id)
    with database.work("appointments")() as session, pytest.raises(UnknownConnectionError):
        connections.credentials(session, connection_id)


def test_the_first_ten_calls_at_once_make_one_row(database: Database) -> None:
    """All of them are served."""
    organisation_id = company(database)
    with ThreadPoolExecutor(10) as pool:
        found = list(pool.map(lambda _: organisation_of(database, None, Provider.RETELL), range(10)))
    assert found == [(organisation_id, RETELL)] * 10
    assert database.value("SELECT count(*) FROM appointments.connections") == 1
