"""Key pairs of events."""

from uuid import UUID

import pytest

from services.ticketing.adapters.ed25519 import EventSignatures
from services.ticketing.domain.tickets import make_token, read_token
from shared.crypto import DecryptionFailed, Vault

EVENT, OTHER_EVENT, TICKET = UUID(int=1), UUID(int=2), UUID(int=3)
SIGNATURES = EventSignatures(Vault("a secret of the tests"))


def test_what_an_event_signs_is_verified_with_its_public_key() -> None:
    """The whole way: key, token, reading, verifying."""
    key = SIGNATURES.new_key(EVENT)
    token = read_token(make_token(key.id, EVENT, TICKET, SIGNATURES.signer(key)))
    assert SIGNATURES.verify(key.public_key, token.signed, token.signature)


def test_another_events_key_does_not_verify() -> None:
    """One key pair per event: a ticket of one opens no other."""
    key, other = SIGNATURES.new_key(EVENT), SIGNATURES.new_key(OTHER_EVENT)
    token = read_token(make_token(key.id, EVENT, TICKET, SIGNATURES.signer(other)))
    assert not SIGNATURES.verify(key.public_key, token.signed, token.signature)


@pytest.mark.parametrize("at", [4, 12, 40, 51, 53, 100, 137])
def test_a_token_with_one_character_changed_does_not_verify(at: int) -> None:
    """In the key id, the event, the ticket or the signature."""
    key = SIGNATURES.new_key(EVENT)
    text = make_token(key.id, EVENT, TICKET, SIGNATURES.signer(key))
    tampered = read_token(text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :])
    assert not SIGNATURES.verify(key.public_key, tampered.signed, tampered.signature)


def test_signing_again_gives_the_same_token() -> None:
    """Ed25519 is deterministic: issuing twice gives the same bytes."""
    key = SIGNATURES.new_key(EVENT)
    first, again = (make_token(key.id, EVENT, TICKET, SIGNATURES.signer(key)) for _ in range(2))
    assert first == again


def test_the_private_key_is_sealed_for_its_event() -> None:
    """Moved to another event's row, or read with another SECRET_KEY, it opens nothing."""
    key = SIGNATURES.new_key(EVENT)
    moved = type(key)(
        id=key.id, event_id=OTHER_EVENT, public_key=key.public_key, sealed_private_key=key.sealed_private_key
    )
    with pytest.raises(DecryptionFailed):
        SIGNATURES.signer(moved)
    with pytest.raises(DecryptionFailed):
        EventSignatures(Vault("another secret altogether")).signer(key)
    assert len(key.id) == 4
