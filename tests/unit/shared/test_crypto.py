"""Secrets at rest."""

import re

import pytest

from shared.crypto import DecryptionFailed, Vault, hash_api_key, new_api_key

SECRET_KEY = "an example of a secret key, long enough"


def test_what_was_encrypted_comes_back() -> None:
    """Any text survives the way through the vault, the empty one and other scripts included."""
    vault = Vault(SECRET_KEY)
    texts = ["sk_test_1", "", "geheim ünd 秘密", "x" * 10_000]
    assert [vault.decrypt(vault.encrypt(text, "a"), "a") for text in texts] == texts


def test_the_same_text_is_never_encrypted_alike() -> None:
    """Each ciphertext has a nonce of its own, and the plaintext is not in it."""
    vault = Vault(SECRET_KEY)
    first, second = vault.encrypt("sk_test_1", "a"), vault.encrypt("sk_test_1", "a")
    assert first != second
    assert b"sk_test_1" not in first


def test_another_process_with_the_same_key_can_decrypt() -> None:
    """The key is derived from SECRET_KEY alone."""
    assert Vault(SECRET_KEY).decrypt(Vault(SECRET_KEY).encrypt("x", "a"), "a") == "x"


def test_a_ciphertext_is_useless_in_another_context() -> None:
    """Credentials copied into the row of another organisation cannot be read there."""
    vault = Vault(SECRET_KEY)
    with pytest.raises(DecryptionFailed, match="SECRET_KEY"):
        vault.decrypt(vault.encrypt("x", "organisation 1"), "organisation 2")


def test_another_secret_key_cannot_decrypt() -> None:
    """After SECRET_KEY was exchanged the error says so."""
    with pytest.raises(DecryptionFailed, match="SECRET_KEY has changed"):
        Vault(SECRET_KEY + "!").decrypt(Vault(SECRET_KEY).encrypt("x", "a"), "a")


def test_a_single_changed_bit_is_noticed_anywhere() -> None:
    """Version, nonce, ciphertext and tag are all authenticated."""
    vault = Vault(SECRET_KEY)
    sealed = vault.encrypt("x", "a")
    for place in range(len(sealed)):
        broken = bytearray(sealed)
        broken[place] ^= 1
        with pytest.raises(DecryptionFailed):
            vault.decrypt(bytes(broken), "a")


@pytest.mark.parametrize("stored", [b"", b"\x01", b"\x01" + b"0" * 12, b"\x02" + b"0" * 40])
def test_bytes_that_are_no_ciphertext_are_refused(stored: bytes) -> None:
    """Cut or foreign bytes are an error of ours, not of the cipher library."""
    with pytest.raises(DecryptionFailed):
        Vault(SECRET_KEY).decrypt(stored, "a")


def test_the_first_byte_names_the_format() -> None:
    """Stored secrets of this release begin with 1, so that a later format can be told apart."""
    assert Vault(SECRET_KEY).encrypt("x", "a")[0] == 1


def test_a_short_secret_key_is_refused() -> None:
    """A SECRET_KEY that could be guessed ends the process at its start."""
    with pytest.raises(ValueError, match="at least 16 characters"):
        Vault("short")


def test_api_keys_are_long_random_and_recognisable() -> None:
    """`bh_` and 43 characters of base64url, never the same."""
    keys = {new_api_key() for _ in range(100)}
    assert len(keys) == 100
    assert all(re.fullmatch(r"bh_[A-Za-z0-9_-]{43}", key) for key in keys)


def test_the_hash_of_an_api_key_is_sha256() -> None:
    """What is stored can be computed by any tool; the value is the published one for "abc" (FIPS 180-2, B.1)."""
    published = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert hash_api_key("abc").hex() == published
