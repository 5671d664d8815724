"""Identifiers: UUID version 7 (RFC 9562, section 5.7), which sort by the time they were made."""

import uuid

from uuid_utils.compat import uuid7


def new_id() -> uuid.UUID:
    """Return a new identifier; later ones of the same process sort behind earlier ones."""
    return uuid7()
