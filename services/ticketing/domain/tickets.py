"""Tickets: their ids, and the token that their QR code holds."""

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from services.ticketing.domain.orders import Item, Order
from services.ticketing.domain.retention import PICTURES
from services.ticketing.errors import BadTokenError

PREFIX = "BH1"
KEY_ID_BYTES = 4
PAYLOAD_BYTES = KEY_ID_BYTES + 16 + 16
SIGNATURE_BYTES = 64
COUNTER_BITS, HASH_BITS = 12, 62
"""Of a ticket's id: RFC 9562 calls them rand_a and rand_b."""


class TicketState(StrEnum):
    """What a ticket is good for."""

    ISSUED = "issued"
    REDEEMED = "redeemed"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """One ticket. `qr_key` is where its picture lies in storage; `redeemed_at` is the time of its first scan."""

    id: UUID
    organisation_id: UUID
    event_id: UUID
    order_id: UUID
    order_item_id: UUID
    ticket_type: str
    code: str
    token: str
    qr_key: str
    state: TicketState = TicketState.ISSUED
    redeemed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventKey:
    """The Ed25519 key pair of an event. The private key is sealed: only the ticket press can open it."""

    id: bytes
    event_id: UUID
    public_key: bytes
    sealed_private_key: bytes


def key_context(event_id: UUID, key_id: bytes) -> str:
    """What an encrypted private key is tied to."""
    return f"ticketing event key:{event_id}:{key_id.hex()}"


class Sign(Protocol):
    """Signs with one private key."""

    def __call__(self, signed: bytes, /) -> bytes: ...


class Signatures(Protocol):
    """Makes and uses key pairs; the cryptography is elsewhere."""

    def new_key(self, event_id: UUID) -> EventKey: ...

    def signer(self, key: EventKey) -> Sign: ...

    def verify(self, public_key: bytes, signed: bytes, signature: bytes) -> bool: ...


@dataclass(frozen=True, slots=True)
class Token:
    """A token taken apart. `signed` are the bytes that the signature is over; nothing is verified yet."""

    key_id: bytes
    event_id: UUID
    ticket_id: UUID
    signed: bytes
    signature: bytes


def make_token(key_id: bytes, event_id: UUID, ticket_id: UUID, sign: Sign) -> str:
    """`BH1.<payload>.<signature>`; Ed25519 is deterministic, so the same ticket always has the same token."""
    payload = key_id + event_id.bytes + ticket_id.bytes
    assert len(payload) == PAYLOAD_BYTES
    signed = f"{PREFIX}.{_encode(payload)}"
    return f"{signed}.{_encode(sign(signed.encode('ascii')))}"


def read_token(text: str) -> Token:
    """Take a token apart. Raises BadTokenError for whatever `make_token` cannot have written."""
    parts = text.split(".")
    if len(parts) != 3 or parts[0] != PREFIX:
        raise BadTokenError(f"a ticket token has the form {PREFIX}.<payload>.<signature>")
    payload = _decode(parts[1], PAYLOAD_BYTES, "payload")
    signature = _decode(parts[2], SIGNATURE_BYTES, "signature")
    return Token(
        key_id=payload[:KEY_ID_BYTES],
        event_id=UUID(bytes=payload[KEY_ID_BYTES : KEY_ID_BYTES + 16]),
        ticket_id=UUID(bytes=payload[KEY_ID_BYTES + 16 :]),
        signed=f"{parts[0]}.{parts[1]}".encode("ascii"),
        signature=signature,
    )


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _decode(text: str, length: int, name: str) -> bytes:
    """base64url, strictly: Python's decoder ignores spare bits, which would give one ticket many spellings."""
    try:
        data = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        data = b""
    if len(data) != length or _encode(data) != text:
        raise BadTokenError(f"the {name} of a ticket token is {length} bytes in base64url without padding")
    return data


def ticket_id(order_id: UUID, item_id: UUID, index: int, position: int, *, spare: int = 0) -> UUID:
    """The id of the `index`-th ticket of an item: always the same one, so that issuing twice issues once.

    A UUIDv7 (RFC 9562) with the order's time, the ticket's `position` in the order in its 12 bits of counter (so that
    ids sort as the order lists them), and a hash where others have random bits. Of an order whose positions need more
    than 12 bits, the `spare` last ones stand before the hash.
    """
    seed = b"bellhop ticket" + order_id.bytes + item_id.bytes + index.to_bytes(4, "big")
    hashed = int.from_bytes(hashlib.sha256(seed).digest()[:8], "big") >> 2 + spare
    low = (position & (1 << spare) - 1) << HASH_BITS - spare
    return UUID(int=(order_id.int >> 80) << 80 | 7 << 76 | position >> spare << 64 | 2 << 62 | low | hashed)


def ticket_ids(order: Order, first: int = 0, count: int | None = None) -> Iterator[tuple[Item, UUID]]:
    """The ids of an order's tickets, each with the item it is for: all, or `count` from the `first` on."""
    end = order.ticket_count if count is None else min(order.ticket_count, first + count)
    spare = max(0, (order.ticket_count - 1).bit_length() - COUNTER_BITS)
    start = 0
    for item in order.items:
        for position in range(max(first, start), min(end, start + item.quantity)):
            yield item, ticket_id(order.id, item.id, position - start, position, spare=spare)
        start += item.quantity


def qr_key(organisation_id: UUID, event_id: UUID, ticket: UUID) -> str:
    """Where a ticket's picture lies in storage."""
    return PICTURES.key(organisation_id, event_id, f"{ticket}.png")


def pictured(key: str) -> UUID:
    """Whose picture lies there. Raises ValueError for a key that is none of `qr_key`."""
    return UUID(key.rpartition("/")[2].removesuffix(".png"))
