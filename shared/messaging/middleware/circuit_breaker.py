"""A circuit breaker for a provider, shared by all processes (M. Nygard, Release It!, "Circuit Breaker")."""

from dataclasses import dataclass
from datetime import timedelta

from shared.contracts.message import Contract
from shared.messaging.middleware.job import KEY_LENGTH, Admission, Ended, JobMiddleware, PutBack, check_number

PROBE_PATIENCE_SECONDS = 5.0
"""While a probe is under way the others ask again so soon: its lease is far longer than it usually takes."""

_STATE = """
SELECT extract(epoch FROM open_until - clock_timestamp())::float8, probe FROM messaging.breaker
WHERE name = %s AND open_until IS NOT NULL
"""
# Half open: one message goes ahead as the probe, and holds the others off until it is back or its time is up.
_PROBE = """
UPDATE messaging.breaker SET open_until = clock_timestamp() + %(lease)s, probe = %(message_id)s
WHERE name = %(name)s AND (open_until <= clock_timestamp() OR probe = %(message_id)s) RETURNING 1
"""
_RELEASE = """
UPDATE messaging.breaker SET open_until = clock_timestamp(), probe = NULL WHERE name = %s AND probe = %s
"""
# While it is open, only its probe's failure says anything new.
_FAILED = """
INSERT INTO messaging.breaker AS known (name, failures, since, open_until)
VALUES (%(name)s, 1, clock_timestamp(), CASE WHEN %(threshold)s <= 1 THEN clock_timestamp() + %(pause)s END)
ON CONFLICT (name) DO UPDATE SET
    failures = CASE WHEN known.since < clock_timestamp() - %(window)s THEN 1 ELSE known.failures + 1 END,
    since = CASE WHEN known.since < clock_timestamp() - %(window)s THEN clock_timestamp() ELSE known.since END,
    probe = NULL,
    open_until = CASE
        WHEN known.open_until IS NOT NULL OR %(threshold)s <= 1
          OR (known.since >= clock_timestamp() - %(window)s AND known.failures + 1 >= %(threshold)s)
        THEN clock_timestamp() + %(pause)s END
    WHERE known.open_until IS NULL OR known.probe = %(message_id)s
"""
_CLOSE = "DELETE FROM messaging.breaker WHERE name = %s AND probe = %s"


@dataclass(frozen=True, slots=True)
class CircuitBreaker(JobMiddleware):
    """After `threshold` failures within `window` seconds nothing runs for `pause` seconds; then one message probes.

    If the probe is done the breaker closes; if it fails it stays open for another pause; if it ends otherwise, or its
    process dies (after the actor's time limit and a minute), the next message probes. Permanent errors do not count:
    they are the message's fault, not the provider's.
    """

    name: str
    threshold: int = 5
    window: float = 60.0
    pause: float = 30.0

    @property
    def identity(self) -> tuple[object, ...]:
        return (CircuitBreaker, self.name)

    def check(self, contract: type[Contract]) -> None:
        if not isinstance(self.name, str):
            raise TypeError(f"{contract.kind}: the name of a breaker is a text, not {self.name!r}")
        check_number(contract, "threshold", self.threshold, whole=True)
        check_number(contract, "window", self.window)
        check_number(contract, "pause", self.pause)
        if not 0 < len(self.name) <= KEY_LENGTH or self.threshold < 1 or self.window <= 0 or self.pause <= 0:
            raise ValueError(
                f"{contract.kind}: a breaker has a name of 1 to {KEY_LENGTH} characters, a threshold of at least 1, "
                "a window and a pause over 0 s"
            )

    def admit(self, admission: Admission) -> PutBack | None:
        row = admission.connection.execute(_STATE, (self.name,), prepare=True).fetchone()
        if row is None:
            return None
        seconds, probe = row
        message_id = admission.delivery.message_id
        if seconds > 0 and probe is None:
            return self._put_back(admission, seconds, "is open")
        if seconds <= 0 or probe == message_id:
            lease = timedelta(seconds=admission.lease)
            parameters = {"lease": lease, "message_id": message_id, "name": self.name}
            if admission.connection.execute(_PROBE, parameters).fetchone():
                return None
        return self._put_back(admission, min(self.pause, PROBE_PATIENCE_SECONDS), "waits for its probe")

    def _put_back(self, admission: Admission, seconds: float, state: str) -> PutBack:
        """While the provider is down thousands wait, each asking every few seconds: only the first time is written down."""
        key = f"breaker {self.name}"
        again, admission.tickets[key] = key in admission.tickets, True
        return PutBack(seconds, f"the breaker {self.name} {state}", again=again)

    def withdraw(self, admission: Admission) -> None:
        self._release(admission)

    def leave(self, admission: Admission, outcome: Ended, error: object) -> None:
        if outcome == "done":
            admission.connection.execute(_CLOSE, (self.name, admission.delivery.message_id), prepare=True)
        elif outcome == "snoozed" or isinstance(error, admission.permanent):
            self._release(admission)
        else:
            self._count(admission)

    def _count(self, admission: Admission) -> None:
        admission.connection.execute(
            _FAILED,
            {
                "name": self.name,
                "threshold": self.threshold,
                "window": timedelta(seconds=self.window),
                "pause": timedelta(seconds=self.pause),
                "message_id": admission.delivery.message_id,
            },
        )

    def _release(self, admission: Admission) -> None:
        """A probe that says nothing about the provider: the next one may probe."""
        admission.connection.execute(_RELEASE, (self.name, admission.delivery.message_id))
