"""`bellhop credentials rotate`."""

from uuid import UUID

import pytest

from services.appointments.domain.connections import Provider
from services.appointments.handlers import accounts
from services.appointments.handlers.connections import credentials, open_credentials
from services.appointments.settings import AppointmentsSettings
from services.ticketing.adapters.ed25519 import EventSignatures
from services.ticketing.domain.events import Event
from services.ticketing.repository.events import Events
from services.webhooks.handlers import endpoints
from shared.clock import now
from shared.crypto import DecryptionFailed, Vault
from shared.ids import new_id
from tests.integration.console.conftest import Bellhop
from tests.support.databases import SECRET_KEY, Database

NEW = "another-secret-that-is-long-enough"
KEYS = {"FORMER_SECRET_KEY": SECRET_KEY, "SECRET_KEY": NEW, "BELLHOP_SERVICES": ""}


def connect(database: Database, provider: Provider = Provider.CALCOM, secret_key: str = SECRET_KEY) -> UUID:
    secret = "a-secret-of-calcom" if provider is Provider.CALCOM else None
    with database.work("appointments")() as session:
        made = accounts.create(
            session,
            Vault(secret_key),
            new_id(),
            provider=provider,
            name="x",
            api_key="key_0123456789",
            webhook_secret=secret,
        )
    return made.connection.id


def opened(database: Database, connection_id: UUID, secret_key: str) -> tuple[str, str]:
    with database.work("appointments")() as session:
        sealed = credentials(session, connection_id)
    found = open_credentials(Vault(secret_key), AppointmentsSettings(), sealed)
    return found.api_key, found.webhook_secret


def test_everything_opens_with_the_new_key_alone(bellhop: Bellhop, database: Database) -> None:
    """Connections, with and without a secret, and endpoints."""
    calcom, retell = connect(database), connect(database, Provider.RETELL)
    with database.work("webhooks")() as session:
        endpoints.create(session, Vault(SECRET_KEY), new_id(), url="https://x.example", event_types=None)
    ran = bellhop("credentials", "rotate", "--json", **KEYS)
    assert [(one["service"], one["changed"]) for one in ran.json] == [
        ("appointments", 2),
        ("ticketing", 0),
        ("webhooks", 1),
    ]
    assert opened(database, calcom, NEW) == ("key_0123456789", "a-secret-of-calcom")
    assert opened(database, retell, NEW) == ("key_0123456789", "")
    with pytest.raises(DecryptionFailed):
        opened(database, calcom, SECRET_KEY)
    [(endpoint_id, sealed)] = database.query("SELECT id, secret FROM webhooks.endpoints")
    assert Vault(NEW).decrypt(bytes(sealed), endpoints.secret_context(endpoint_id)).startswith("whsec_")


def test_tickets_that_were_issued_stay_good(bellhop: Bellhop, database: Database) -> None:
    """The private key of their event is the same, under another key."""
    event = Event(
        id=new_id(), organisation_id=new_id(), name="x", venue=None, currency="eur", starts_at=now(), ends_at=None
    )
    key = EventSignatures(Vault(SECRET_KEY)).new_key(event.id)
    with database.work("ticketing")() as session:
        Events(session).add(event, key)
    bellhop("credentials", "rotate", **KEYS)
    with database.work("ticketing")() as session:
        [kept] = Events(session).keys(event.organisation_id, event.id)
    signatures = EventSignatures(Vault(NEW))
    assert signatures.verify(key.public_key, b"a ticket", signatures.signer(kept)(b"a ticket"))


def test_repeating_it_changes_nothing(bellhop: Bellhop, database: Database) -> None:
    """What is under the new key already is left as it is, also beside what is not."""
    connect(database)
    connect(database, secret_key=NEW)
    first = bellhop("credentials", "rotate", "--json", **KEYS).json
    kept = database.query("SELECT api_key FROM appointments.connections ORDER BY id")
    again = bellhop("credentials", "rotate", "--json", **KEYS).json
    assert (first[0]["changed"], again[0]["changed"]) == (1, 0)
    assert database.query("SELECT api_key FROM appointments.connections ORDER BY id") == kept


def test_one_that_neither_key_opens_leaves_all_of_its_service_as_they_are(bellhop: Bellhop, database: Database) -> None:
    """It says which, and exits with 1."""
    connect(database)
    broken = connect(database, secret_key="a-third-key-that-nobody-remembers")
    before = database.query("SELECT id, api_key FROM appointments.connections ORDER BY id")
    ran = bellhop("credentials", "rotate", **KEYS)
    assert (ran.code, str(broken) in ran.err) == (1, True)
    assert database.query("SELECT id, api_key FROM appointments.connections ORDER BY id") == before


def test_deleted_connections_have_nothing_to_rotate(bellhop: Bellhop, database: Database) -> None:
    """Their rows stay, without secrets."""
    connection_id = connect(database)
    database.query("UPDATE appointments.connections SET api_key = NULL, webhook_secret = NULL, deleted_at = now()")
    ran = bellhop("credentials", "rotate", "--json", **KEYS)
    assert (ran.code, ran.json[0]["changed"], connection_id.version) == (0, 0, 7)


@pytest.mark.parametrize("missing", ["FORMER_SECRET_KEY", "SECRET_KEY"])
def test_both_keys_are_needed(bellhop: Bellhop, missing: str) -> None:
    """As variables: a command line can be read by others on the machine."""
    ran = bellhop("credentials", "rotate", **{**KEYS, missing: ""})
    assert (ran.code, missing in ran.err) == (1, True)
