"""Names and mail addresses."""

import pytest

from services.ticketing.domain.contacts import email_address, plain_line


@pytest.mark.parametrize(
    "text",
    [
        "ada@example.com",
        "ada.lovelace+tickets@mail.example.co.uk",
        "o'brien@example.ie",
        "x_y-z@xn--bcher-kva.example",
        "1@2.example",
        "a" * 64 + "@example.com",
    ],
)
def test_an_address_of_a_real_customer_is_taken(text: str) -> None:
    """As it was written."""
    assert email_address(f" {text} ") == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ada",
        "ada@",
        "@example.com",
        "ada@localhost",
        "ada@example..com",
        "ada..l@example.com",
        ".ada@example.com",
        "ada@-example.com",
        "ada@example.com\n",
        "ada@example.com\r\nBcc: all@example.com",
        "ada@example.com, eve@example.com",
        "Ada <ada@example.com>",
        '"ada"@example.com',
        "ada@[127.0.0.1]",
        "ada@127.0.0.1",
        "ada@exam ple.com",
        "ada@exämple.com",
        "ada@@example.com",
        "a" * 65 + "@example.com",
        "ada@" + "a" * 250 + ".com",
        "ada@example.com\x00",
        "ada\t@example.com",
    ],
)
def test_what_could_break_a_mail_is_refused(text: str) -> None:
    """Above all line breaks and commas, which would add headers and recipients."""
    with pytest.raises(ValueError, match="e-mail address"):
        email_address(text)


@pytest.mark.parametrize("text", ["Ada Lovelace", "Łucja Ñ. O'Neill-Şahin", "李小龍", "A", "x" * 200])
def test_a_name_is_taken_in_any_script(text: str) -> None:
    """People are called as they are called."""
    assert plain_line(f" {text} ") == text


@pytest.mark.parametrize(
    "text", ["", "   ", "x" * 201, "Ada\nBcc: x", "Ada\r", "a\x00b", "a\u2028b", "a\x85b", "a\tb", "\ud800"]
)
def test_a_name_of_several_lines_is_refused(text: str) -> None:
    """It goes into the head of a mail."""
    with pytest.raises(ValueError, match="must"):
        plain_line(text)
