"""Which free times are offered, and how long those that were seen are still believed."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

BACK = timedelta(days=1)
AHEAD = timedelta(days=14)
"""Free times are looked for from a day before the wished time until so long after it."""

BELIEVED = timedelta(seconds=30)
"""How old what was seen of a calendar may be, to be offered to the next one who finds a time taken."""


def window(wished: datetime, now: datetime) -> tuple[datetime, datetime]:
    """From when to when free times are looked for."""
    since = max(now, wished - BACK)
    return since, max(wished, now) + AHEAD


def next_free(free: Iterable[datetime], wished: datetime, count: int) -> Sequence[datetime]:
    """The next `count` times after the wished one; where there are fewer, the last ones before it as well. In order."""
    ordered = sorted(start for start in free if start != wished)
    after = [start for start in ordered if start > wished][:count]
    before = [start for start in ordered if start < wished]
    missing = count - len(after)
    return [*(before[-missing:] if missing > 0 else []), *after]


def written(free: Sequence[datetime], minutes: int, since: datetime, until: datetime, now: datetime) -> dict[str, Any]:
    """What was seen, as JSON."""
    return {
        "read_at": now.isoformat(),
        "since": since.isoformat(),
        "until": until.isoformat(),
        "minutes": minutes,
        "starts": [start.isoformat() for start in free],
    }


def believed(kept: Mapping[str, Any] | None, minutes: int, wished: datetime, now: datetime) -> Sequence[datetime]:
    """The times that were seen free, if that is so young that it can be believed, and looks at the wished time."""
    if not kept or kept.get("minutes") != minutes:
        return []
    read_at, since, until = (datetime.fromisoformat(kept[name]) for name in ("read_at", "since", "until"))
    if not timedelta(0) <= now - read_at <= BELIEVED or not since <= max(wished, now) < until:
        return []
    return [start for start in map(datetime.fromisoformat, kept["starts"]) if start > now]


def without_held(
    free: Iterable[datetime], minutes: int, held: Sequence[tuple[datetime, datetime]]
) -> Sequence[datetime]:
    """Those at which nothing that is held here would be overlapped."""
    length = timedelta(minutes=minutes)
    return [start for start in free if not any(start < end and begin < start + length for begin, end in held)]
