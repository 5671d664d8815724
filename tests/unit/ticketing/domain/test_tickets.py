"""Ids and tokens of tickets."""

import base64
import contextlib
from datetime import UTC, datetime
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from services.ticketing.domain.orders import Customer, Item, Order, OrderStatus
from services.ticketing.domain.tickets import make_token, qr_key, read_token, ticket_id, ticket_ids
from services.ticketing.errors import BadTokenError

# The private key of test 1 in RFC 8032, section 7.1.
PRIVATE = Ed25519PrivateKey.from_private_bytes(
    bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
)
KEY_ID = bytes.fromhex("01020304")
EVENT = UUID("01890000-0000-7000-8000-000000000001")
TICKET = UUID("01890000-0000-7000-8000-000000000002")
VECTOR = (
    "BH1.AQIDBAGJAAAAAHAAgAAAAAAAAAEBiQAAAABwAIAAAAAAAAAC."
    "Ey2a1JHbs4sdFUX01xJp2s7H78MNosPok36mpr8rlHwYOT8Wa6VDMZw6UaT_AJCdES8-hubM7Jw33kpb_-3jDQ"
)

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def order(*quantities: int) -> Order:
    return Order(
        id=TICKET,
        organisation_id=UUID(int=4),
        event_id=EVENT,
        number="K7M2QX",
        status=OrderStatus.PAID,
        amount=0,
        currency="eur",
        customer=Customer(name="Ada", email="ada@example.com"),
        items=tuple(
            Item(id=UUID(int=n), ticket_type_id=UUID(int=50 + n), ticket_type="Standing", quantity=q, unit_price=0)
            for n, q in enumerate(quantities)
        ),
        created_at=datetime(2026, 5, 1, tzinfo=UTC),
    )


def test_a_token_never_changes_between_releases() -> None:
    """The written format: tokens that were printed must be read for years."""
    assert make_token(KEY_ID, EVENT, TICKET, PRIVATE.sign) == VECTOR


def test_a_token_is_139_characters_with_a_signed_payload_of_36_bytes() -> None:
    """Key id, event id, ticket id, in this order; the signature is over the text before the second point."""
    prefix, payload, signature = VECTOR.split(".")
    PRIVATE.public_key().verify(base64.urlsafe_b64decode(signature + "=="), f"{prefix}.{payload}".encode())
    assert base64.urlsafe_b64decode(payload) == KEY_ID + EVENT.bytes + TICKET.bytes
    assert (prefix, len(VECTOR)) == ("BH1", 139)


@given(st.binary(min_size=4, max_size=4), st.uuids(), st.uuids())
def test_a_token_is_read_as_it_was_made(key_id: bytes, event_id: UUID, ticket: UUID) -> None:
    """All three ids, and exactly the bytes that were signed."""
    token = read_token(make_token(key_id, event_id, ticket, PRIVATE.sign))
    PRIVATE.public_key().verify(token.signature, token.signed)
    assert (token.key_id, token.event_id, token.ticket_id) == (key_id, event_id, ticket)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "..",
        "hello",
        "BH1",
        "BH1..",
        VECTOR[:-1],
        VECTOR + "A",
        VECTOR + ".",
        VECTOR + "=",
        VECTOR + "\n",
        " " + VECTOR,
        "BH2" + VECTOR[3:],
        "bh1" + VECTOR[3:],
        VECTOR.replace(".", " "),
        VECTOR.replace(".", ".."),
        VECTOR[:20] + "+" + VECTOR[21:],
        VECTOR[:20] + "é" + VECTOR[21:],
        VECTOR[:20] + "\x00" + VECTOR[21:],
        "BH1." + "A" * 47 + "." + "A" * 86,
        "BH1." + "A" * 48 + "." + "A" * 85,
        "BH1." + "A" * 48 + "." + "A" * 87,
    ],
)
def test_what_is_no_token_is_refused(text: str) -> None:
    """Wrong prefix, length, alphabet or number of parts."""
    with pytest.raises(BadTokenError) as refused:
        read_token(text)
    assert refused.value.code == "bad_token"


@given(st.sampled_from(ALPHABET))
def test_a_token_has_one_spelling(last: str) -> None:
    """The last character carries four spare bits; another one with the same bytes is not the token."""
    text = VECTOR[:-1] + last
    if last in "AQgw":
        assert read_token(text).ticket_id == TICKET
    else:
        with pytest.raises(BadTokenError):
            read_token(text)


@given(st.text(max_size=200))
def test_reading_any_text_ends_with_a_token_or_the_foreseen_error(text: str) -> None:
    """Scanners read all kinds of QR codes."""
    with contextlib.suppress(BadTokenError):
        assert read_token(text).signed.startswith(b"BH1.")


def test_tickets_of_an_order_have_distinct_ids_in_its_order() -> None:
    """Sorted by id, tickets stand as the items of the order do."""
    ids = [ticket for _, ticket in ticket_ids(order(3, 1, 2_000))]
    assert len(set(ids)) == 2_004
    assert ids == sorted(ids)


def test_ids_of_tickets_are_derived_and_version_7() -> None:
    """The same order gives the same ids; they carry its time."""
    first, again = ([ticket for _, ticket in ticket_ids(order(2, 2))] for _ in range(2))
    assert first == again
    assert {(ticket.version, ticket.variant, ticket.int >> 80) for ticket in first} == {
        (7, "specified in RFC 4122", TICKET.int >> 80)
    }


@given(st.uuids(), st.uuids(), st.integers(0, 4_095), st.integers(0, 4_095))
def test_every_derived_id_is_a_valid_uuid(order_id: UUID, item_id: UUID, index: int, position: int) -> None:
    """Whatever the order's id: version and variant are set."""
    identity = ticket_id(order_id, item_id, index, position)
    assert UUID(str(identity)) == identity
    assert identity.version == 7


def test_the_picture_lies_under_the_ids() -> None:
    """A repeated job writes the same object."""
    assert qr_key(UUID(int=1), EVENT, TICKET) == f"tickets/{UUID(int=1)}/{EVENT}/{TICKET}.png"
