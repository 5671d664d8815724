"""Reading what Cal.com writes: a value of the wrong kind is an error that names it, never a crash later on."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from services.appointments.errors import UnexpectedProviderShapeError

LONGEST = 2_000


def mapping(value: object, name: str) -> Mapping[str, Any]:
    """An object. Raises UnexpectedProviderShapeError, as all of these."""
    if not isinstance(value, dict):
        raise _wrong(name, "an object", value)
    return value


def maybe_mapping(value: object) -> Mapping[str, Any]:
    """An object, or an empty one where something else stands."""
    return value if isinstance(value, dict) else {}


def entries(value: object) -> Sequence[Mapping[str, Any]]:
    """The objects of a list; nothing where there is none."""
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def text(value: object, name: str) -> str:
    """A text with something in it."""
    found = maybe_text(value)
    if found is None:
        raise _wrong(name, "a text", value)
    return found


def maybe_text(value: object) -> str | None:
    """A text, without what PostgreSQL cannot store, or None."""
    if not isinstance(value, str):
        return None
    cleaned = value.replace("\x00", "").encode("utf-8", "replace").decode().strip()
    return cleaned[:LONGEST] or None


def whole(value: object, name: str) -> int:
    """A whole number."""
    found = maybe_whole(value)
    if found is None:
        raise _wrong(name, "a whole number", value)
    return found


def maybe_whole(value: object) -> int | None:
    """A whole number that a database holds, or None."""
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 2**63:
        return None
    return value


def moment(value: object, name: str) -> datetime:
    """A time in UTC. Cal.com writes `…Z` and `…+00:00`, with and without fractions."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
        if found is not None:
            return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        pass
    raise _wrong(name, "a time", value)


def maybe_id(value: object) -> UUID | None:
    """A UUID that somebody wrote into metadata, or None."""
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _wrong(name: str, expected: str, value: object) -> UnexpectedProviderShapeError:
    shown = "it is missing" if value is None else f"it is {str(value)[:80]!r}"
    return UnexpectedProviderShapeError(f"Cal.com's {name} must be {expected}: {shown}")
