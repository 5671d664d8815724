"""Rate limits in PostgreSQL: correct with many processes, and never exceeded because the time is the database's.

A limiter that refuses reserves the next free slot for the message: it comes back when that slot begins, with a ticket for
it, and runs. So a message is put back once, however many wait, and nobody asks the database in between.
"""

from dataclasses import dataclass
from datetime import timedelta

from shared.contracts.message import Contract
from shared.messaging.inbox import Connection
from shared.messaging.middleware.job import Admission, JobMiddleware, PutBack, check_template

# The window that `slot` falls into, if it has room, else the next. All arithmetic is on the database's clock.
_WINDOW = """
INSERT INTO messaging.rate_limit AS known (key, window_start, used, tat) VALUES
    (%(key)s, to_timestamp(floor(extract(epoch FROM clock_timestamp()) / %(per)s) * %(per)s), 1, NULL)
ON CONFLICT (key) DO UPDATE SET
    window_start = CASE
        WHEN known.window_start < excluded.window_start THEN excluded.window_start
        WHEN known.used < %(allows)s THEN known.window_start
        ELSE known.window_start + %(per)s * interval '1 second' END,
    used = CASE
        WHEN known.window_start < excluded.window_start OR known.used >= %(allows)s THEN 1 ELSE known.used + 1 END
RETURNING extract(epoch FROM known.window_start - clock_timestamp())::float8, extract(epoch FROM known.window_start)::float8
"""
# The generic cell rate algorithm (ITU-T I.371): `tat` is the theoretical arrival time of the next message.
_BUCKET = """
INSERT INTO messaging.rate_limit AS known (key, window_start, used, tat) VALUES
    (%(key)s, clock_timestamp(), 1, clock_timestamp() + %(interval)s)
ON CONFLICT (key) DO UPDATE SET tat = greatest(known.tat, clock_timestamp()) + %(interval)s
RETURNING extract(epoch FROM known.tat - %(interval)s - %(burst)s - clock_timestamp())::float8,
          extract(epoch FROM known.tat - %(interval)s - %(burst)s)::float8
"""
_NOW = "SELECT extract(epoch FROM clock_timestamp())::float8"


@dataclass(frozen=True, slots=True)
class RateLimited(JobMiddleware):
    """At most `allows` messages in each window of `per` seconds, for each key (`{field}` is the message's field).

    Windows begin at multiples of `per` on the database's clock. Every attempt counts; a ticket is used once.
    """

    key: str
    allows: int = 60
    per: float = 60.0

    def check(self, contract: type[Contract]) -> None:
        check_template(self.key, contract)
        if self.allows < 1 or self.per <= 0:
            raise ValueError(f"{contract.kind}: a rate limit allows at least 1 in a period over 0 s")

    def admit(self, admission: Admission) -> PutBack | None:
        key = admission.key("window", self.key)
        return _admit(admission, key, _WINDOW, {"key": key, "allows": self.allows, "per": self.per}, valid=self.per)


@dataclass(frozen=True, slots=True)
class TokenBucket(JobMiddleware):
    """`rate` messages a second on average, with bursts of up to `burst`, for each key."""

    key: str
    rate: float
    burst: int = 1

    def check(self, contract: type[Contract]) -> None:
        check_template(self.key, contract)
        if self.rate <= 0 or self.burst < 1:
            raise ValueError(f"{contract.kind}: a token bucket has a rate over 0 and a burst of at least 1")

    def admit(self, admission: Admission) -> PutBack | None:
        key = admission.key("bucket", self.key)
        interval = timedelta(seconds=1 / self.rate)
        parameters = {"key": key, "interval": interval, "burst": interval * (self.burst - 1)}
        return _admit(admission, key, _BUCKET, parameters, valid=max(1.0, 1 / self.rate))


def _admit(
    admission: Admission, key: str, statement: str, parameters: dict[str, object], valid: float
) -> PutBack | None:
    """With a ticket for a slot that is now, run. One whose slot has passed is worth nothing: running on it would put
    more into the present than the limit allows.
    """
    ticket = admission.tickets.pop(key, None)
    if isinstance(ticket, int | float):
        late = _database_time(admission.connection) - ticket
        if late < 0:
            admission.tickets[key] = ticket
            return PutBack(-late, f"{key} is at its limit")
        if late < valid:
            return None
    row = admission.connection.execute(statement, parameters, prepare=True).fetchone()
    assert row is not None
    wait, slot = row
    if wait <= 0:
        return None
    admission.tickets[key] = slot
    return PutBack(wait, f"{key} is at its limit")


def _database_time(connection: Connection) -> float:
    row = connection.execute(_NOW, prepare=True).fetchone()
    assert row is not None
    return float(row[0])
