"""The time of a local provider, which can be set forward."""

from datetime import UTC, datetime, timedelta


class Clock:
    """Now, in UTC, and further on by as much as it was told."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def now(self) -> datetime:
        """The moment."""
        return datetime.now(UTC) + self._ahead

    def advance(self, seconds: float) -> None:
        """Set it forward (or back)."""
        self._ahead += timedelta(seconds=seconds)


def milliseconds(moment: datetime) -> int:
    """Since the epoch."""
    return int(moment.timestamp() * 1000)


def iso(moment: datetime) -> str:
    """As JavaScript's toISOString writes it: UTC, milliseconds, Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
