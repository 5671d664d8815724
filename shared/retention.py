"""How long the rows of a table, or the objects of a prefix in the storage, are kept: said beside what makes them.

A model says it as `__retention__`, a prefix as an argument of `Prefix`. docs/retention.md is the list of all of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Annotated, Final, Protocol
from uuid import UUID

from pydantic import BeforeValidator

FOREVER: Final = "forever"
MOST_DAYS: Final = 36_500


@dataclass(frozen=True, slots=True)
class Retention:
    """`settings` are the names of those that decide; `says` is one sentence for people, without its full stop."""

    says: str
    settings: tuple[str, ...] = ()
    trimmed: tuple[str, ...] = field(default=())
    """Columns that are emptied before the row goes: what protects against replays stays longer than the body."""

    def trims(self, *columns: str, setting: str, since: str) -> "Retention":
        """These columns are emptied earlier than the row is deleted."""
        says = f"{self.says}; {', '.join(columns)} for `{setting}` since {since}"
        return Retention(says, (*self.settings, setting), (*self.trimmed, *columns))


def kept_for(setting: str, since: str, but: str = "") -> Retention:
    """For as long as a setting says, from a moment; `but` says what stays all the same."""
    return Retention(f"for `{setting}` since {since}{f'; {but}' if but else ''}", (setting,))


def kept_with(owner: str, but: str = "") -> Retention:
    """As long as the row or object of another table or prefix that it belongs to."""
    return Retention(f"as long as its `{owner}`{f'; {but}' if but else ''}")


def kept_until(end: str) -> Retention:
    """Until its work is done: whoever does it deletes it."""
    return Retention(f"until {end}")


def kept_for_ever(reason: str) -> Retention:
    """Nothing deletes it by age, for this reason."""
    return Retention(f"for ever: {reason}")


class Found(Protocol):
    """What is asked of what a storage lists (shared.storage.StoredObject)."""

    @property
    def key(self) -> str: ...

    @property
    def modified_at(self) -> datetime: ...


class Objects(Protocol):
    """What is asked of the storage (shared.storage.Storage). Both raise BellhopError."""

    def objects(self, prefix: str) -> Iterator[Found]: ...

    def delete(self, key: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Prefix:
    """The keys of one kind of object in the storage all begin with `name`, a path of whole segments."""

    name: str
    retention: Retention

    def key(self, *segments: object) -> str:
        """The key of one object of this prefix."""
        return "/".join((self.name, *(str(segment) for segment in segments)))

    def remove_older(self, storage: Objects, before: datetime, limit: int, *below: object) -> int:
        """Delete up to `limit` objects that were last written before a moment; returns how many.

        Of all of the prefix, or only of those below these segments.
        """
        under = storage.objects(self.key(*below))
        old = list(islice((found.key for found in under if found.modified_at < before), limit))
        for key in old:
            storage.delete(key)
        return len(old)


def _age(value: object) -> timedelta | None:
    if value is None or isinstance(value, timedelta):
        return value
    if str(value).strip().lower() == FOREVER:
        return None
    advice = f"a retention is a number of days from 1 to {MOST_DAYS:,}, or `{FOREVER}`, not {value!r}"
    try:
        days = float(str(value))
    except ValueError:
        raise ValueError(advice) from None
    if not 1 <= days <= MOST_DAYS:
        raise ValueError(advice)
    return timedelta(days=days)


Days = Annotated[timedelta | None, BeforeValidator(_age)]
"""The type of a setting that is a retention: days, or `forever`, which is None."""


def check_outlasts(setting: str, age: timedelta | None, other: str, least: timedelta | None) -> None:
    """Refuse a retention that ends before what depends on it. Raises ValueError that names both."""
    if age is None or (least is not None and age > least):
        return
    longer = f"{least / timedelta(days=1):g} days" if least is not None else "for ever"
    raise ValueError(
        f"{setting} is {age / timedelta(days=1):g} days and has to be longer than {other} ({longer}), which depends on it"
    )


def oldest_id(moment_seconds: float) -> UUID:
    """The smallest UUID of version 7 of a moment (seconds since 1970): ids made before it are smaller."""
    milliseconds = max(0, min(int(moment_seconds * 1000), 2**48 - 1))
    return UUID(int=(milliseconds << 80) | (7 << 76) | (2 << 62))
