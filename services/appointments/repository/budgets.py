"""How often a connection's provider may be asked: one budget for all processes, kept by PostgreSQL's clock."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

# The generic cell rate algorithm (ITU-T I.371), as in the limits of messages: `tat` is when the next request is due in
# theory. A request is made at its slot; whoever comes early by no more than the burst may go at once.
_TAKE = text("""
INSERT INTO messaging.rate_limit AS known (key, window_start, used, tat) VALUES
    (:key, clock_timestamp(), 1, clock_timestamp() + :cost)
ON CONFLICT (key) DO UPDATE SET tat = greatest(known.tat, clock_timestamp()) + :cost
RETURNING greatest(clock_timestamp(), known.tat - :cost - :burst)
""")
_HOLD = text("""
INSERT INTO messaging.rate_limit AS known (key, window_start, used, tat) VALUES
    (:key, clock_timestamp(), 1, clock_timestamp() + :pause)
ON CONFLICT (key) DO UPDATE SET tat = greatest(known.tat, clock_timestamp() + :pause)
""")
_PAUSE = text("""
INSERT INTO messaging.rate_limit AS known (key, window_start, used, tat) VALUES
    (:key, clock_timestamp(), 1, clock_timestamp() + :pause)
ON CONFLICT (key) DO UPDATE SET tat = greatest(known.tat, excluded.tat)
""")
_IS_PAUSED = text("SELECT tat > clock_timestamp() FROM messaging.rate_limit WHERE key = :key")
_NOW = text("SELECT clock_timestamp()")

BURST_SHARE = 5
"""A fifth of a minute's requests may come at once, the others at a steady pace: in any minute no more than all."""


class Budget:
    """Requests to the provider of one connection, at most `per_minute` in any minute."""

    def __init__(self, session: Session, connection_id: UUID, per_minute: int) -> None:
        self._session = session
        self._key = f"calendar:{connection_id}"
        self._burst = max(1, per_minute // BURST_SHARE)
        self._interval = timedelta(seconds=60 / max(1, per_minute - self._burst))

    def reserve(self, requests: int) -> datetime:
        """The moment from which so many requests may be made; now, or later. They are counted, whenever they are made."""
        cost = self._interval * requests
        burst = max(timedelta(0), self._interval * self._burst - cost)
        found = self._session.execute(_TAKE, {"key": self._key, "cost": cost, "burst": burst})
        moment = found.scalar_one()
        assert isinstance(moment, datetime)
        return moment

    def charge(self, requests: int) -> None:
        """Count requests that were made beyond those reserved."""
        if requests > 0:
            self.reserve(requests)

    def hold(self, seconds: float) -> None:
        """The provider asks for a pause: until then nobody is to ask it, also not at a moment reserved before."""
        pause = timedelta(seconds=seconds)
        self._session.execute(_HOLD, {"key": self._key, "pause": pause + self._interval * self._burst})
        self._session.execute(_PAUSE, {"key": f"{self._key}:pause", "pause": pause})

    def is_held(self) -> bool:
        """Whether such a pause lasts."""
        return bool(self._session.execute(_IS_PAUSED, {"key": f"{self._key}:pause"}).scalar())

    def now(self) -> datetime:
        """The database's clock, by which all of this is decided."""
        moment = self._session.execute(_NOW).scalar_one()
        assert isinstance(moment, datetime)
        return moment
