"""Organisations and keys."""

import pytest

from services.gateway.errors import UnknownKeyError
from services.gateway.handlers import create_key, list_keys, revoke_key
from shared.contracts.gateway import KeyRevoked
from shared.crypto import hash_api_key
from shared.ids import new_id
from shared.messaging.testing import published
from tests.support.databases import Database


def test_organisation_is_created_once(database: Database) -> None:
    """Two keys of one name belong to one organisation."""
    with database.work("gateway")() as session:
        first, second = create_key(session, "Acme"), create_key(session, "Acme")
    assert first.organisation_id == second.organisation_id
    assert first.key != second.key


def test_only_the_hash_of_a_key_is_kept(database: Database) -> None:
    """Who reads the database cannot call the API."""
    with database.work("gateway")() as session:
        key = create_key(session, "Acme").key
    [(kept, hint)] = database.query("SELECT key_hash, hint FROM gateway.api_key")
    assert (bytes(kept), hint) == (hash_api_key(key), key[:8])


def test_keys_are_listed_with_their_organisation(database: Database) -> None:
    """All, or those of one."""
    with database.work("gateway")() as session:
        create_key(session, "Acme")
        create_key(session, "Zenith")
        listed = [[key.organisation for key in list_keys(session, name)] for name in (None, "Zenith", "Nobody")]
    assert listed == [["Acme", "Zenith"], ["Zenith"], []]


def test_key_is_revoked_once(database: Database) -> None:
    """The time of the first revocation stays."""
    with database.work("gateway")() as session:
        key_id = create_key(session, "Acme").key_id
        revoke_key(session, key_id)
    first = database.value("SELECT revoked_at FROM gateway.api_key")
    with database.work("gateway")() as session:
        revoke_key(session, key_id)
    assert first is not None
    assert database.value("SELECT revoked_at FROM gateway.api_key") == first


def test_end_of_a_key_is_told_once(database: Database) -> None:
    """In the transaction that ends it: whatever works in its name hears of it, or the key is still good."""
    with database.work("gateway")() as session:
        created = create_key(session, "Acme")
        revoke_key(session, created.key_id)
        revoke_key(session, created.key_id)
        [key], [told] = list_keys(session), published(session)
    expected = {"key_id": key.id, "organisation_id": key.organisation_id, "revoked_at": key.revoked_at}
    assert told.kind == KeyRevoked.kind
    assert KeyRevoked.model_validate(told.fields).model_dump() == expected
    assert told.options["organisation_id"] == str(created.organisation_id)


def test_unknown_key_cannot_be_revoked(database: Database) -> None:
    """It is said, so that nobody believes a misspelt key to be dead."""
    with pytest.raises(UnknownKeyError, match="keys list"), database.work("gateway")() as session:
        revoke_key(session, new_id())
