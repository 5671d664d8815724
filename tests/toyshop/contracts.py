"""What the toy shop hears. Each job writes rows that a test counts."""

from typing import ClassVar
from uuid import UUID

from shared.contracts.message import Command, Event, FailureNotice


class MakeToy(Command):
    """Write one row for `number`, after `seconds` of work; `how` says what happens on the way (see `go_wrong`)."""

    kind: ClassVar[str] = "toyshop.toy.make"
    number: int
    seconds: float = 0.0
    how: str = "well"
    times: int = 0


class PackToy(Command):
    """What MakeToy publishes when it is done: a second step, whose rows are counted too."""

    kind: ClassVar[str] = "toyshop.toy.pack"
    number: int


class ToyMade(Event):
    """A toy was made."""

    kind: ClassVar[str] = "toyshop.toy.made"
    number: int


class ToyWrapped(Event):
    """A toy was wrapped: heard on a queue of its own."""

    kind: ClassVar[str] = "toyshop.toy.wrapped"
    number: int


class RushToy(Command):
    """Work that ends close to its time limit, before or after."""

    kind: ClassVar[str] = "toyshop.toy.rush"
    number: int


class BreakThread(Command):
    """Kill another thread of this worker, of the class named `thread`: a fault in Dramatiq or in a library."""

    kind: ClassVar[str] = "toyshop.thread.break"
    number: int
    thread: str


class ShipToy(Command):
    """Call the carrier (an HTTP server of the test) in three steps."""

    kind: ClassVar[str] = "toyshop.toy.ship"
    number: int


class ToyFailed(FailureNotice):
    """What is published when MakeToy finally fails."""

    kind: ClassVar[str] = "toyshop.toy.failed"


class UnheardToy(Command):
    """A command that no service hears."""

    kind: ClassVar[str] = "toyshop.toy.unheard"
    toy_id: UUID
