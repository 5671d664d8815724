"""Secrets at rest: provider credentials are kept encrypted, API keys only as a hash."""

import hashlib
import os
import secrets
from typing import ClassVar, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from shared.errors import PermanentError

API_KEY_PREFIX: Final = "bh_"
SHORTEST_SECRET_KEY: Final = 16

_VERSION = b"\x01"
"""First byte of every ciphertext: names the key derivation and the cipher, so that a later one can live beside it."""
_NONCE_BYTES = 12


class DecryptionFailed(PermanentError):  # noqa: N818 - named as the event it is, like cryptography's InvalidTag
    """A stored secret cannot be read: SECRET_KEY is another one, or the bytes or their context are not the original."""

    code: ClassVar[str] = "decryption_failed"


class Vault:
    """Encrypts short texts with AES-256-GCM under a key derived from SECRET_KEY (HKDF-SHA256, RFC 5869).

    The context says what the secret belongs to (`credentials:<organisation>:stripe`). It is authenticated, not stored:
    a ciphertext that was moved to another row or organisation cannot be decrypted there. Safe to share among threads.
    """

    def __init__(self, secret_key: str) -> None:
        """Derive the key; ValueError if SECRET_KEY is shorter than 16 characters."""
        if len(secret_key) < SHORTEST_SECRET_KEY:
            raise ValueError(f"SECRET_KEY must have at least {SHORTEST_SECRET_KEY} characters; 64 random ones are good")
        derivation = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"bellhop vault 1")
        self._cipher = AESGCM(derivation.derive(secret_key.encode()))

    def encrypt(self, plaintext: str, context: str) -> bytes:
        """Return version (1 byte), nonce (12), ciphertext and tag (16); never the same twice."""
        nonce = os.urandom(_NONCE_BYTES)
        return _VERSION + nonce + self._cipher.encrypt(nonce, plaintext.encode(), _bound(context))

    def decrypt(self, ciphertext: bytes, context: str) -> str:
        """Return what was encrypted in the same context; raises DecryptionFailed."""
        version, nonce, sealed = ciphertext[:1], ciphertext[1 : 1 + _NONCE_BYTES], ciphertext[1 + _NONCE_BYTES :]
        if version != _VERSION:
            raise DecryptionFailed(f"a secret of format {version.hex() or 'none'}; this release reads {_VERSION.hex()}")
        try:
            return self._cipher.decrypt(nonce, sealed, _bound(context)).decode()
        except (InvalidTag, ValueError) as error:
            raise DecryptionFailed(
                f"the secret for {context} cannot be decrypted: SECRET_KEY has changed, or the stored bytes have"
            ) from error


class Rotation:
    """Brings what was encrypted under a former SECRET_KEY under the present one."""

    def __init__(self, former: Vault, present: Vault) -> None:
        self._former, self._present = former, present

    def renewed(self, sealed: bytes, context: str) -> bytes | None:
        """The secret encrypted anew; None where it is under the present key already, so that this is safe to repeat.

        Raises DecryptionFailed where neither key opens it.
        """
        try:
            self._present.decrypt(sealed, context)
        except DecryptionFailed:
            return self._present.encrypt(self._former.decrypt(sealed, context), context)
        return None


def _bound(context: str) -> bytes:
    """Return the associated data; the version is part of it, so that it cannot be exchanged."""
    return _VERSION + context.encode()


def new_api_key() -> str:
    """Return a new API key: `bh_` and 32 random bytes in base64url. It is shown once; only its hash is kept."""
    return API_KEY_PREFIX + secrets.token_urlsafe(32)


def hash_api_key(key: str) -> bytes:
    """Return the 32 bytes under which a key is looked up. Plain SHA-256 is enough: the key has 256 random bits."""
    return hashlib.sha256(key.encode()).digest()
