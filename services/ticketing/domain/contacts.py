"""What is taken as a person's name and mail address. Strict, because both go into the head of a mail."""

import re
import unicodedata

MAX_NAME = 200
MAX_EMAIL = 254
MAX_LOCAL_PART = 64

# RFC 5321 section 4.1.2 without quoted local parts, address literals and non-ASCII: what real customers have.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_EMAIL = re.compile(rf"(?P<local>{_ATOM}(?:\.{_ATOM})*)@(?:{_LABEL}\.)+(?!\d+\Z){_LABEL}")


def email_address(text: str) -> str:
    """The address without blanks around it. Raises ValueError with a text for people."""
    address = text.strip(" ")
    match = _EMAIL.fullmatch(address)
    if match is None or len(address) > MAX_EMAIL or len(match["local"]) > MAX_LOCAL_PART:
        raise ValueError("is not an e-mail address such as ada@example.com")
    return address


def plain_line(text: str) -> str:
    """A name or title without blanks around it. Raises ValueError if it is empty or has more than one line."""
    line = text.strip(" ")
    if not line or len(line) > MAX_NAME:
        raise ValueError(f"must have 1 to {MAX_NAME} characters")
    # Cc: line breaks and other controls, Zl and Zp: line breaks of Unicode, Cs: halves of characters
    if any(unicodedata.category(character) in {"Cc", "Zl", "Zp", "Cs"} for character in line):
        raise ValueError("must be one line without control characters")
    return line
