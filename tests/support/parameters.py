"""What a parameter without an id of its own is called."""

LONGEST = 80
"""Characters of a value that still read as a name."""


def id_of(value: object, name: str) -> str | None:
    """The parameter's name for bytes that are no text and for what is long: neither reads as a name, and what a program
    made may hold the second in which it was made. None leaves it to pytest, which numbers what is called alike.
    """
    if isinstance(value, bytes) and not (value.isascii() and value.decode("ascii").isprintable()):
        return name
    return name if isinstance(value, str | bytes) and len(value) > LONGEST else None
