"""The key pairs of events: Ed25519 (RFC 8032), with the private key encrypted wherever it is kept."""

import base64
import hashlib
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from services.ticketing.domain.tickets import KEY_ID_BYTES, EventKey, Sign, key_context
from shared.crypto import Vault


class EventSignatures:
    """Makes key pairs and uses them. Private keys leave it sealed with the vault only."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def new_key(self, event_id: UUID) -> EventKey:
        """A new key pair. Its id is the beginning of the public key's SHA-256."""
        private = Ed25519PrivateKey.generate()
        public = private.public_key().public_bytes_raw()
        key_id = hashlib.sha256(public).digest()[:KEY_ID_BYTES]
        text = base64.b64encode(private.private_bytes_raw()).decode("ascii")
        sealed = self._vault.encrypt(text, key_context(event_id, key_id))
        return EventKey(id=key_id, event_id=event_id, public_key=public, sealed_private_key=sealed)

    def signer(self, key: EventKey) -> Sign:
        """A function that signs with the key. Raises DecryptionFailed where SECRET_KEY is another one than before."""
        text = self._vault.decrypt(key.sealed_private_key, key_context(key.event_id, key.id))
        return Ed25519PrivateKey.from_private_bytes(base64.b64decode(text)).sign

    def verify(self, public_key: bytes, signed: bytes, signature: bytes) -> bool:
        """Whether `signature` over `signed` was made with the private half of `public_key`."""
        try:
            Ed25519PublicKey.from_public_bytes(public_key).verify(signature, signed)
        except InvalidSignature:
            return False
        return True
