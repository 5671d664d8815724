"""The alphabet of what people read out: ticket codes and order numbers."""

import hashlib
from uuid import UUID

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Digits and capitals without 0 O, 1 I L, and U (which is heard as V): 30 symbols."""

CODE_LENGTH = 10
MAX_CODE_INPUT = 40


def ticket_code(ticket_id: UUID, draw: int = 0) -> str:
    """The code of a ticket: 30^10 possibilities, the same one each time for the same id and draw.

    `draw` counts up where the code before is taken by another ticket.
    """
    digest = hashlib.sha256(b"bellhop ticket code" + ticket_id.bytes + draw.to_bytes(2, "big")).digest()
    number = int.from_bytes(digest[:16], "big")  # 128 bits over 49: the remainder favours no symbol noticeably
    symbols = []
    for _ in range(CODE_LENGTH):
        number, index = divmod(number, len(ALPHABET))
        symbols.append(ALPHABET[index])
    return "".join(symbols)


def typed_code(text: str) -> str | None:
    """A code as somebody typed it, brought into the stored form (capitals, no blanks or hyphens). None if it is none."""
    code = "".join(text.split()).replace("-", "").upper()
    return code if len(code) == CODE_LENGTH and set(code) <= set(ALPHABET) else None
