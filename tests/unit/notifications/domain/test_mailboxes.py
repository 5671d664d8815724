"""Mail addresses: what is one."""

import pytest

from services.notifications.domain.mailboxes import Mailbox, mailbox, mailboxes
from services.notifications.errors import RecipientRefusedError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ada@example.org", Mailbox("ada", "example.org")),
        ("  ada+tickets@Example.ORG ", Mailbox("ada+tickets", "example.org")),
        ("Blue Hall <tickets@blue-hall.example>", Mailbox("tickets", "blue-hall.example", "Blue Hall")),
        ('"Hall, Blue" <tickets@blue-hall.example>', Mailbox("tickets", "blue-hall.example", "Hall, Blue")),
        ("ada@example.org\r\n", Mailbox("ada", "example.org")),
        ("bellhop@localhost", Mailbox("bellhop", "localhost")),
        ("a@[127.0.0.1]", Mailbox("a", "[127.0.0.1]")),
        ("zoë@bücher.example", Mailbox("zoë", "xn--bcher-kva.example")),
    ],
)
def test_an_address_is_read_with_or_without_a_name(text: str, expected: Mailbox) -> None:
    """The domain comes out in ASCII and lower case, the user part as it is."""
    assert mailbox(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", "@", "ada", "ada@", "@example.org", "a b@example.org", "a@b@c", "a@exa mple.org", "a@-b.example", "<>"),
        *("a@b..example", "a@b.example\r\nRCPT TO:<b@c>", "a@b.example,c@d.example", "x" * 65 + "@b.example"),
        *("a@" + "b" * 64, "a\x00@b.example", "a@b\x00.example", "A\nB <a@b@c.example>"),
    ],
)
def test_anything_else_is_no_address(text: str) -> None:
    """Not two of them, not a broken one, and nothing with a line break after it that a server would take as a command."""
    with pytest.raises(RecipientRefusedError, match="is not a mail address"):
        mailbox(text)


def test_a_list_names_several() -> None:
    """As OPERATIONS_EMAIL does; an empty one names nobody."""
    assert [box.address for box in mailboxes("a@x.example, B <b@x.example>,")] == ["a@x.example", "b@x.example"]
    assert mailboxes("") == ()
