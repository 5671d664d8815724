"""What the desks hear: one kind of job for each policy. `key` parts the tests from each other."""

from typing import ClassVar

from shared.contracts.message import Command


class Job(Command):
    """`how` is `well`, `gated` (until the test opens the gate named `key`) or `down` (fails until that gate is open)."""

    kind: ClassVar[str] = "toyshop.job.do"
    number: int
    key: str
    how: str = "well"


class LimitedJob(Job):
    """Twenty in a second."""

    kind: ClassVar[str] = "toyshop.job.limited"


class BucketJob(Job):
    """Twenty a second on average, five at once."""

    kind: ClassVar[str] = "toyshop.job.bucket"


class LonelyJob(Job):
    """One at a time."""

    kind: ClassVar[str] = "toyshop.job.lonely"


class DroppedJob(Job):
    """One at a time; another one is dropped."""

    kind: ClassVar[str] = "toyshop.job.dropped"


class CrowdedJob(Job):
    """Three at a time."""

    kind: ClassVar[str] = "toyshop.job.crowded"


class GuardedJob(Job):
    """Behind a circuit breaker."""

    kind: ClassVar[str] = "toyshop.job.guarded"


class SkippedJob(Job):
    """Skipped if its number is odd."""

    kind: ClassVar[str] = "toyshop.job.skipped"
