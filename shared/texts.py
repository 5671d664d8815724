"""Texts from outside, made so that PostgreSQL and JSON can hold them.

Providers, files and exceptions bring what neither takes: NUL, and halves of surrogate pairs, which the standard library's
`json` lets through. Refusing them would lose the row that they stand in.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

REPLACEMENT = "\ufffd"
"""U+FFFD, Unicode's own stand-in for what cannot be shown."""
DEEPEST = 64
"""Levels of JSON that are kept; what lies deeper is shown as text."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPED_NUL = b"\\u0000"


def storable_text(text: str, length: int | None = None) -> str:
    """The text without NUL, with U+FFFD for halves of surrogate pairs, and at most `length` characters of it."""
    if "\x00" in text:
        text = text.replace("\x00", "")
    if not text.isascii():
        text = _SURROGATE.sub(REPLACEMENT, text)
    return text if length is None else text[:length]


def storable_json(value: Any, depth: int = 0) -> Any:
    """The same for all texts of a JSON value, keys included. What JSON has no form for becomes text."""
    if isinstance(value, str):
        return storable_text(value)
    if value is None or isinstance(value, bool | float) or (isinstance(value, int) and -(2**63) <= value < 2**64):
        return value
    if depth < DEEPEST and isinstance(value, Mapping):
        return {storable_text(str(key)): storable_json(item, depth + 1) for key, item in value.items()}
    if depth < DEEPEST and isinstance(value, list | tuple | set | frozenset):
        return [storable_json(item, depth + 1) for item in value]
    return value.isoformat() if isinstance(value, datetime) else storable_text(_shown(value), 1_000)


def to_json(value: Any) -> bytes:
    """The value as JSON that PostgreSQL's jsonb takes too."""
    try:
        encoded = orjson.dumps(value)
    except orjson.JSONEncodeError:
        return orjson.dumps(storable_json(value))
    return orjson.dumps(storable_json(value)) if _ESCAPED_NUL in encoded else encoded


def shown(error: BaseException) -> str:
    """The text of an error, storable, whatever its own `__str__` does."""
    return storable_text(_shown(error))


def _shown(value: object) -> str:
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - whatever a foreign __str__ raises, there must be a text
        return f"<{type(value).__name__} that cannot be shown>"
