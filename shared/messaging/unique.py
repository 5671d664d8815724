"""Unique keys: publishing a second time returns the message that is already there. And debouncing: the last one wins."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

from shared.errors import PermanentError
from shared.messaging.inbox import Connection

KEY_LENGTH = 255
LONGEST_UNIQUE = timedelta(days=365)

_TAKE = """
INSERT INTO messaging.unique_key AS known (key, message_id, until, expires_at)
VALUES (%(key)s, %(message_id)s, %(until)s, clock_timestamp() + %(lifetime)s)
ON CONFLICT (key) DO UPDATE SET message_id = excluded.message_id, until = excluded.until, expires_at = excluded.expires_at
    WHERE known.expires_at <= clock_timestamp()
RETURNING message_id
"""
_HELD = "SELECT message_id FROM messaging.unique_key WHERE key = %s"
_FREE = "DELETE FROM messaging.unique_key WHERE key = %s AND message_id = %s"


class InvalidKeyError(PermanentError):
    """A unique or debounce key is empty or too long."""

    code = "invalid_key"


@dataclass(frozen=True, slots=True)
class Unique:
    """While a message of its kind with this key is there, publishing another returns the first one's id and sends nothing.

    `until` says how long it is there: until its handler starts, until it has finished (done or failed), or for a time
    from its publication whatever becomes of it. An event, which many may hear or nobody, has only the last. A key has
    at most 255 characters.
    """

    key: str
    until: Literal["started", "finished"] | timedelta = "finished"

    def __post_init__(self) -> None:
        check_key(self.key)
        if isinstance(self.until, timedelta):
            if not timedelta(0) < self.until <= LONGEST_UNIQUE:
                raise InvalidKeyError(
                    f"the key {self.key!r} is unique for over 0 s and at most {LONGEST_UNIQUE.days} days"
                )
        elif self.until not in {"started", "finished"}:
            raise InvalidKeyError(
                f"a key is unique until started, until finished or for a timedelta, not {self.until!r}"
            )

    def option(self, kind: str) -> dict[str, str]:
        """What a message of this kind carries: whoever ends it frees the key."""
        return {"key": scoped(kind, self.key), "until": "time" if isinstance(self.until, timedelta) else self.until}


@dataclass(frozen=True, slots=True)
class Debounce:
    """Wait until nothing of its kind was published with this key for `wait` seconds, then send the last one; after
    `max_wait` at the latest, counted from the first.
    """

    key: str
    wait: float
    max_wait: float | None = None

    def __post_init__(self) -> None:
        check_key(self.key)
        times = (self.wait, self.wait if self.max_wait is None else self.max_wait)
        if not all(isinstance(one, int | float) and 0 < one <= LONGEST_UNIQUE.total_seconds() for one in times):
            raise InvalidKeyError(
                f"debouncing {self.key!r} takes seconds: over 0, and at most {LONGEST_UNIQUE.days} days"
            )
        if times[1] < self.wait:
            raise InvalidKeyError(f"debouncing {self.key!r} needs a wait over 0 s and a max_wait that is not shorter")


def scoped(kind: str, key: str) -> str:
    """Two kinds may use the same key."""
    return f"{kind}:{key}"


def check_key(key: object) -> None:
    """Raise InvalidKeyError unless the key is a text of 1 to 255 characters."""
    if not isinstance(key, str) or "\x00" in key:
        raise InvalidKeyError(f"a key is a text without NUL, not {key!r}")
    if not 0 < len(key) <= KEY_LENGTH:
        raise InvalidKeyError(f"a key has 1 to {KEY_LENGTH} characters, this one has {len(key)}: hash a longer one")


def take_key(connection: Connection, unique: Unique, kind: str, message_id: UUID) -> UUID:
    """Take the key for this message of a kind. Returns the id of the message that has it: this one's, or the one's that is there.

    It waits for a transaction that has taken the key and not ended yet.
    """
    lifetime = unique.until if isinstance(unique.until, timedelta) else LONGEST_UNIQUE
    parameters = {**unique.option(kind), "message_id": message_id, "lifetime": lifetime}
    while True:
        row = connection.execute(_TAKE, parameters).fetchone()
        if row is None:
            row = connection.execute(_HELD, (parameters["key"],)).fetchone()
        if row is not None:
            return UUID(str(row[0]))


def free_key(
    connection: Connection, options: Mapping[str, Any], message_id: UUID, moment: Literal["started", "finished"]
) -> None:
    """Free the key of a message that has started, or finished, if that is how long it is unique."""
    unique = options.get("unique")
    if not isinstance(unique, dict) or unique.get("until") == "time" or not isinstance(unique.get("key"), str):
        return
    if moment == "finished" or unique.get("until") == "started":
        connection.execute(_FREE, (unique.get("key"), message_id))
