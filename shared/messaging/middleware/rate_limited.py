"""Rate limits in PostgreSQL: correct with many processes, and never exceeded because the time is the database's.

A limiter that refuses reserves the next free slot for the message: it comes back when that slot begins, with a ticket for
it, and runs. So a message is put back once, however many wait, and nobody asks the database in between.
"""

from dataclasses import dataclass
from datetime import timedelta

from shared.contracts.message import Contract
from shared.messaging.inbox import Connection
from shared.messaging.middleware.job import Admission, JobMiddleware, PutBack, check_number, check_template

ON_TIME_SHARE = 0.25
ON_TIME_SECONDS = 0.3
"""A message with a ticket for a window comes in its first quarter, in the first 0.3 s of a short one (but never beyond
its half). After that, what is left of the window is for whoever is there.
"""

# Two rows for each key. `starts` counts what has begun in the present window, and keeps the limit; `frontier` is the window
# that reservations have come to, and only says when to come back. They are always locked in this order.
_WINDOW = "to_timestamp(floor(extract(epoch FROM clock_timestamp()) / %(per)s) * %(per)s)"
_START = f"""
INSERT INTO messaging.rate_limit AS known (key, window_start, used) VALUES (%(starts)s, {_WINDOW}, 1)
ON CONFLICT (key) DO UPDATE SET
    window_start = excluded.window_start,
    used = CASE WHEN known.window_start < excluded.window_start THEN 1 ELSE known.used + 1 END
    WHERE known.window_start < excluded.window_start
       OR (known.window_start = excluded.window_start AND known.used < %(allows)s)
RETURNING extract(epoch FROM window_start)::float8, extract(epoch FROM clock_timestamp())::float8
"""  # noqa: S608 - our own expression
_UNSTART = """
UPDATE messaging.rate_limit SET used = used - 1
WHERE key = %s AND abs(extract(epoch FROM window_start)::float8 - %s) < 0.00001
"""
_RESERVE = f"""
INSERT INTO messaging.rate_limit AS known (key, window_start, used) VALUES (%(frontier)s, {_WINDOW} + %(ahead)s, 1)
ON CONFLICT (key) DO UPDATE SET
    window_start = CASE
        WHEN known.window_start < excluded.window_start THEN excluded.window_start
        WHEN known.used < %(allows)s THEN known.window_start
        ELSE known.window_start + %(length)s END,
    used = CASE
        WHEN known.window_start < excluded.window_start OR known.used >= %(allows)s THEN 1 ELSE known.used + 1 END
RETURNING extract(epoch FROM window_start)::float8, extract(epoch FROM clock_timestamp())::float8
"""  # noqa: S608 - our own expression
# The generic cell rate algorithm (ITU-T I.371): `tat` is the theoretical arrival time of the next message.
_BUCKET = """
INSERT INTO messaging.rate_limit AS known (key, window_start, used, tat) VALUES
    (%(key)s, clock_timestamp(), 1, clock_timestamp() + %(interval)s)
ON CONFLICT (key) DO UPDATE SET tat = greatest(known.tat, clock_timestamp()) + %(interval)s
RETURNING extract(epoch FROM known.tat - %(interval)s - %(burst)s)::float8, extract(epoch FROM clock_timestamp())::float8
"""
_NOW = "SELECT extract(epoch FROM clock_timestamp())::float8"


@dataclass(frozen=True, slots=True)
class RateLimited(JobMiddleware):
    """At most `allows` messages in each window of `per` seconds, for each key (`{field}` is the message's field).

    Windows begin at multiples of `per` on the database's clock. What counts is the moment of the admission, just before
    the handler. Every attempt counts; a ticket is used once. A slot whose message is late goes to whoever is there, and
    the late one takes what is free when it comes, or gets another: no slot is lost while many wait in a queue.
    """

    key: str
    allows: int = 60
    per: float = 60.0

    @property
    def identity(self) -> tuple[object, ...]:
        return (RateLimited, self.key)

    def check(self, contract: type[Contract]) -> None:
        check_template(self.key, contract)
        check_number(contract, "allows", self.allows, whole=True)
        check_number(contract, "per", self.per)
        if self.allows < 1 or self.per < 0.01:
            raise ValueError(f"{contract.kind}: a rate limit allows at least 1 in a period of at least 0.01 s")

    def admit(self, admission: Admission) -> PutBack | None:
        key = admission.key("window", self.key)
        ticket = admission.tickets.pop(key, None)
        parameters = {"starts": f"starts:{key}", "frontier": key, "allows": self.allows, "per": float(self.per)}
        started = admission.connection.execute(_START, parameters, prepare=True).fetchone()
        if started is not None and started[1] - started[0] >= self.per:
            # The window ended while another's admission was waited for: this start is the new one's.
            started = admission.connection.execute(_START, parameters, prepare=True).fetchone()
        if started is None:
            return self._reserve(admission, key, parameters, windows_ahead=1)
        window, now = started
        admission.spent[key] = window
        was_refused = isinstance(ticket, int | float) and ticket < window + self.per / 2
        if was_refused or now - window >= min(self.per / 2, max(self.per * ON_TIME_SHARE, ON_TIME_SECONDS)):
            return None
        return self._reserve(admission, key, parameters, windows_ahead=0)

    def _reserve(
        self, admission: Admission, key: str, parameters: dict[str, object], *, windows_ahead: int
    ) -> PutBack | None:
        """The next free slot. None if that is one of the present window, in which the message has started."""
        length = timedelta(seconds=self.per)
        row = admission.connection.execute(
            _RESERVE, {**parameters, "length": length, "ahead": windows_ahead * length}, prepare=True
        ).fetchone()
        assert row is not None
        slot, now = row
        if key in admission.spent and slot <= now:
            return None
        self.withdraw(admission)
        admission.tickets[key] = slot
        return PutBack(max(0.0, slot - now), f"{key} is at its limit")

    def withdraw(self, admission: Admission) -> None:
        """It did not start after all. If it is back while its window lasts, it has a ticket for it."""
        key = admission.key("window", self.key)
        window = admission.spent.pop(key, None)
        if window is not None:
            admission.connection.execute(_UNSTART, (f"starts:{key}", window))
            admission.tickets[key] = window


@dataclass(frozen=True, slots=True)
class TokenBucket(JobMiddleware):
    """`rate` messages a second on average, with bursts of up to `burst`, for each key.

    A message whose turn has come may be a second late (the relay looks ten times a second, a queue may be long), or a
    whole interval where that is longer: in any t seconds there start at most rate x (t + 1) + burst.
    """

    key: str
    rate: float
    burst: int = 1

    @property
    def identity(self) -> tuple[object, ...]:
        return (TokenBucket, self.key)

    def check(self, contract: type[Contract]) -> None:
        check_template(self.key, contract)
        check_number(contract, "rate", self.rate)
        check_number(contract, "burst", self.burst, whole=True)
        if self.rate <= 0 or self.burst < 1:
            raise ValueError(f"{contract.kind}: a token bucket has a rate over 0 and a burst of at least 1")

    def admit(self, admission: Admission) -> PutBack | None:
        key = admission.key("bucket", self.key)
        ticket = admission.tickets.pop(key, None)
        if isinstance(ticket, int | float):
            late = _database_time(admission.connection) - ticket
            if late < 0:
                return self._put_back(admission, key, ticket, -late)
            if late < max(1.0, 1 / self.rate):
                admission.spent[key] = ticket
                return None
        interval = timedelta(seconds=1 / self.rate)
        parameters = {"key": key, "interval": interval, "burst": interval * (self.burst - 1)}
        row = admission.connection.execute(_BUCKET, parameters, prepare=True).fetchone()
        assert row is not None
        slot, now = row
        if slot > now:
            return self._put_back(admission, key, slot, slot - now)
        admission.spent[key] = now
        return None

    def _put_back(self, admission: Admission, key: str, slot: float, seconds: float) -> PutBack:
        admission.tickets[key] = slot
        return PutBack(seconds, f"{key} is at its limit")

    def withdraw(self, admission: Admission) -> None:
        """It did not start after all: its ticket goes with it."""
        key = admission.key("bucket", self.key)
        ticket = admission.spent.pop(key, None)
        if ticket is not None:
            admission.tickets[key] = ticket


def _database_time(connection: Connection) -> float:
    row = connection.execute(_NOW, prepare=True).fetchone()
    assert row is not None
    return float(row[0])
