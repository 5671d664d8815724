"""What the benchmarks' own service hears."""

from typing import ClassVar

from shared.contracts.message import Command


class WriteRow(Command):
    """Write one row for `number`."""

    kind: ClassVar[str] = "bench.row.write"
    number: int


class StampRow(Command):
    """Write how long this message was on its way. `sent` is the sender's monotonic clock, which a machine has once."""

    kind: ClassVar[str] = "bench.row.stamp"
    number: int
    sent: float
