"""The families of errors: what a worker does with a failed attempt follows from the class alone.

A permanent error ends the job, a transient one is tried again later, and every other exception is a bug: it is tried
again too, and logged as an error. A service derives its own errors from these and gives each a `code`.
"""

from typing import ClassVar


class BellhopError(Exception):
    """Any error that Bellhop foresees.

    `code` is its stable name (snake_case) in logs, metrics, failed jobs and API answers; it is never renamed.
    """

    code: ClassVar[str] = "bellhop_error"


class PermanentError(BellhopError):
    """Trying again cannot help: the job fails at once, whatever tries it has left."""

    code: ClassVar[str] = "permanent_error"


class TransientError(BellhopError):
    """Trying again later may help.

    `retry_after` is the wait in seconds that the other side asked for; None leaves it to the job's own backoff.
    """

    code: ClassVar[str] = "transient_error"

    def __init__(self, *args: object, retry_after: float | None = None) -> None:
        super().__init__(*args)
        self.retry_after = retry_after


class OutcomeUnknown(TransientError):  # noqa: N818 - it names an outcome: nobody can say that it was an error
    """A provider may have done what it was asked, or not: the next attempt must find out before it asks again."""

    code: ClassVar[str] = "outcome_unknown"
