"""A circuit breaker for a provider, shared by all processes (M. Nygard, Release It!, "Circuit Breaker")."""

from dataclasses import dataclass
from datetime import timedelta

from shared.contracts.message import Contract
from shared.errors import PermanentError
from shared.messaging.middleware.job import Admission, Ended, JobMiddleware, PutBack

_STATE = """
SELECT extract(epoch FROM open_until - clock_timestamp())::float8 FROM messaging.breaker
WHERE name = %s AND open_until IS NOT NULL
"""
# Half open: one message goes ahead as the probe, and holds the others off until it is back or its time is up.
_PROBE = """
UPDATE messaging.breaker SET open_until = clock_timestamp() + %s
WHERE name = %s AND open_until <= clock_timestamp() RETURNING 1
"""
_FAILED = """
INSERT INTO messaging.breaker AS known (name, failures, since, open_until)
VALUES (%(name)s, 1, clock_timestamp(), CASE WHEN %(threshold)s <= 1 THEN clock_timestamp() + %(pause)s END)
ON CONFLICT (name) DO UPDATE SET
    failures = CASE WHEN known.since < clock_timestamp() - %(window)s THEN 1 ELSE known.failures + 1 END,
    since = CASE WHEN known.since < clock_timestamp() - %(window)s THEN clock_timestamp() ELSE known.since END,
    open_until = CASE
        WHEN known.open_until IS NOT NULL
          OR (known.since >= clock_timestamp() - %(window)s AND known.failures + 1 >= %(threshold)s)
        THEN clock_timestamp() + %(pause)s END
"""
_CLOSE = "DELETE FROM messaging.breaker WHERE name = %s AND open_until IS NOT NULL"


@dataclass(frozen=True, slots=True)
class CircuitBreaker(JobMiddleware):
    """After `threshold` failures within `window` seconds nothing runs for `pause` seconds; then one message probes.

    If the probe is done the breaker closes, else it stays open for another pause. Permanent errors do not count: they
    are the message's fault, not the provider's.
    """

    name: str
    threshold: int = 5
    window: float = 60.0
    pause: float = 30.0

    def check(self, contract: type[Contract]) -> None:
        if not self.name or self.threshold < 1 or self.window <= 0 or self.pause <= 0:
            raise ValueError(
                f"{contract.kind}: a breaker has a name, a threshold of at least 1, a window and a pause over 0 s"
            )

    def admit(self, admission: Admission) -> PutBack | None:
        row = admission.connection.execute(_STATE, (self.name,), prepare=True).fetchone()
        if row is None:
            return None
        if row[0] > 0:
            return PutBack(row[0], f"the breaker {self.name} is open")
        probe = (timedelta(seconds=admission.lease), self.name)
        if admission.connection.execute(_PROBE, probe).fetchone():
            return None
        return PutBack(self.pause, f"the breaker {self.name} waits for its probe")

    def leave(self, admission: Admission, outcome: Ended, error: object) -> None:
        if outcome == "done":
            admission.connection.execute(_CLOSE, (self.name,), prepare=True)
        elif outcome != "snoozed" and not isinstance(error, PermanentError):
            admission.connection.execute(
                _FAILED,
                {
                    "name": self.name,
                    "threshold": self.threshold,
                    "window": timedelta(seconds=self.window),
                    "pause": timedelta(seconds=self.pause),
                },
            )
