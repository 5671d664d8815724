"""Signed links for customers."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.appointments.domain.links import KEPT_FOR, Grant, Links, Purpose, link_key
from services.appointments.errors import LinkExpiredError, LinkInvalidError

NOW = datetime(2026, 8, 1, 9, 0, tzinfo=UTC)
STARTS_AT = datetime(2026, 8, 4, 8, 0, tzinfo=UTC)
ENDS_AT = STARTS_AT + timedelta(minutes=30)
APPOINTMENT = UUID("01931d5e-0000-7000-8000-000000000001")
LINKS = Links("https://clinic.example/", link_key("a-secret-key-of-some-length"))


def token_of(url: str) -> str:
    return url.removeprefix("https://clinic.example/a/")


def test_a_link_to_manage_names_the_appointment_until_a_day_after_its_end() -> None:
    """Late comers still see where it is."""
    url = LINKS.manage_url(APPOINTMENT, ENDS_AT)
    assert LINKS.read(token_of(url), NOW) == Grant(Purpose.MANAGE, APPOINTMENT, ENDS_AT + KEPT_FOR)


def test_a_link_to_take_names_one_time_and_ends_with_it() -> None:
    """Nobody can take what has begun."""
    token = token_of(LINKS.offer_url(APPOINTMENT, STARTS_AT))
    assert LINKS.read(token, NOW) == Grant(Purpose.TAKE, APPOINTMENT, STARTS_AT, STARTS_AT)
    with pytest.raises(LinkExpiredError):
        LINKS.read(token, STARTS_AT)


def test_a_link_is_short_enough_for_a_text_message() -> None:
    """56 characters behind the address, all of them the same in every alphabet of text messages."""
    token = token_of(LINKS.offer_url(APPOINTMENT, STARTS_AT))
    assert (len(token), token.replace("-", "").replace("_", "").isalnum()) == (56, True)


@given(position=st.integers(0, 55), letter=st.sampled_from("AQz09-_ü =/+"))
def test_a_link_with_any_other_character_is_refused(position: int, letter: str) -> None:
    """Also in its last place, and with letters that some decoders overlook."""
    token = token_of(LINKS.manage_url(APPOINTMENT, ENDS_AT))
    bent = token[:position] + letter + token[position + 1 :]
    if bent == token:
        return
    with pytest.raises(LinkInvalidError):
        LINKS.read(bent, NOW)


@given(st.text(max_size=80))
def test_whatever_else_is_no_link(token: str) -> None:
    """People type, scanners guess."""
    with pytest.raises(LinkInvalidError):
        LINKS.read(token, NOW)


@pytest.mark.parametrize("cut", [slice(0, -1), slice(0, 10), slice(0, 0), slice(1, None)])
def test_a_link_that_was_cut_off_is_refused(cut: slice) -> None:
    """As mail programs do with long lines."""
    with pytest.raises(LinkInvalidError, match="open it exactly as it was sent"):
        LINKS.read(token_of(LINKS.manage_url(APPOINTMENT, ENDS_AT))[cut], NOW)


def test_another_installation_makes_no_links_for_this_one() -> None:
    """The key comes from SECRET_KEY."""
    other = Links("https://clinic.example", link_key("another-secret-key-of-length"))
    with pytest.raises(LinkInvalidError):
        LINKS.read(token_of(other.manage_url(APPOINTMENT, ENDS_AT)), NOW)


def test_without_a_secret_key_nothing_is_signed() -> None:
    """A key of nothing would be everybody's."""
    with pytest.raises(ValueError, match="SECRET_KEY is empty"):
        link_key("")


def test_a_link_of_a_later_release_says_that_it_is_not_known() -> None:
    """It is genuine, but what it allows nobody here can say."""
    grant = Grant(Purpose.MANAGE, APPOINTMENT, ENDS_AT)
    object.__setattr__(grant, "purpose", 9)
    with pytest.raises(LinkInvalidError, match="not known here"):
        LINKS.read(LINKS.token(grant), NOW)
