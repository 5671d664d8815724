"""From and To: one mailbox, whatever stands in its name, for every reader of the header."""

from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import SMTP, default
from email.utils import getaddresses
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.notifications.composing.mailboxes import MailboxHeader
from services.notifications.composing.subjects import LINE
from services.notifications.domain.mailboxes import Mailbox
from services.notifications.domain.texts import one_line

STRANGER = "mallory@evil.example"
LONG = "Theatre of the Eastern Quarter, Society of Friends and Neighbours, Registered Association"
NAMES = [
    f"{LONG}, {STRANGER}",
    f'{LONG} <{STRANGER}>, "',
    f"{'very ' * 12}long, {STRANGER}",
    f"{'A' * 65}, {STRANGER}, B",
    "Müller, GmbH & Co. KG; (Ost)",
    f"=?utf-8?q?{STRANGER}?=",
    "רָחֵל כֹּהֵן, 🎟️ “Box”",
    'O"Brien \\ Sons',
    "",
]
addresses = st.builds(
    Mailbox,
    st.from_regex(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]{1,64}", fullmatch=True),
    st.from_regex(r"([a-z0-9]{1,30}\.){1,4}[a-z]{2,10}", fullmatch=True),
)


def raw(name: str, box: Mailbox, header: str = "To") -> bytes:
    message = EmailMessage(SMTP.clone(cte_type="7bit"))
    message[header] = MailboxHeader(header, Mailbox(box.user, box.domain, name))
    return message.as_bytes()


def check(name: str, box: Mailbox, header: str = "To") -> None:
    content = raw(name, box, header)
    modern: Any = message_from_bytes(content, policy=default)[header]
    old = getaddresses([str(message_from_bytes(content)[header])])
    assert [one.addr_spec for one in modern.addresses] == [box.address]
    # It puts a blank between encoded words, which are one text: RFC 2047, section 6.2.
    assert "".join(modern.addresses[0].display_name.split()) == "".join(one_line(name, 100).split())
    assert [address for _, address in old] == [box.address]
    assert str(make_header(decode_header(old[0][0]))) == one_line(name, 100)
    assert not modern.defects


@given(st.text(max_size=255), addresses)
@example(NAMES[0], Mailbox("ada", "example.org"))
@example("a  b", Mailbox("ada", "example.org"))
def test_any_name_is_one_mailbox_to_two_parsers(name: str, box: Mailbox) -> None:
    """With the name that was given, on one line."""
    check(name, box)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("header", ["To", "From"])
def test_names_that_became_a_second_mailbox(name: str, header: str) -> None:
    """No line is longer than RFC 2047 allows, and the stranger is nobody's address."""
    box = Mailbox("ada", "example.org")
    check(name, box, header)
    content = raw(name, box, header).decode("ascii")
    assert max(map(len, content.splitlines())) <= LINE
    assert STRANGER not in content


def test_plain_names_stand_as_they_are() -> None:
    """What needs no quotes is read by people who look at the source as well."""
    assert raw("Blue Hall", Mailbox("tickets", "blue-hall.example")).startswith(
        b"To: Blue Hall <tickets@blue-hall.example>\r\n"
    )
