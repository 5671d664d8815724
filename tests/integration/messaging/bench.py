"""A bench on which single deliveries are run by the real runner on a real database, without a broker."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import dramatiq
from sqlalchemy.orm import Session

from shared.contracts.message import Contract
from shared.ids import new_id
from shared.messaging.actor import ActorDeclaration, actor
from shared.messaging.delivery import Delivery
from shared.messaging.gate import Gate
from shared.messaging.retries import Delays
from shared.messaging.runner import Ending, Runner
from shared.messaging.time_limits import TimeLimits
from shared.metrics import Metrics
from tests.support.databases import Database
from tests.toyshop.actors import EFFECT
from tests.toyshop.contracts import MakeToy, ToyFailed

QUEUE = "toyshop.default"


class Died(BaseException):
    """Stands for the death of the process: nothing after it runs, open transactions are rolled back."""


def toy_actor(do: Callable[[MakeToy, Session], None] = lambda *_: None, **policy: Any) -> ActorDeclaration:
    """An actor of MakeToy that writes its effect and then does `do`."""

    def make(message: MakeToy, session: Session, _: object) -> None:
        session.execute(EFFECT, {"number": message.number, "what": "made"})
        do(message, session)

    options: dict[str, Any] = {"tries": 3, "backoff": Delays([7.0]), "on_failure": ToyFailed, **policy}
    return actor(MakeToy, queue=QUEUE, **options)(make)


@dataclass
class Bench:
    """Each `runner()` is a process of its own as far as the runner knows."""

    database: Database
    gate: Gate = field(default_factory=lambda: Gate(lambda: None))

    def runner(self, limits: TimeLimits | None = None, **parts: Any) -> Runner:
        return Runner(
            "toyshop",
            self.database.engine("toyshop"),
            parts.pop("dependencies", None),
            self.gate,
            limits or TimeLimits(),
            Metrics("toyshop"),
            **parts,
        )

    def run(self, declaration: ActorDeclaration, delivery: Delivery, **parts: Any) -> Ending:
        """Run a delivery in a process of its own."""
        return self.runner(**parts).run(declaration, delivery)

    def make_due(self) -> None:
        """Let time pass, until every scheduled message is due."""
        self.database.query("UPDATE messaging.scheduled SET due_at = clock_timestamp()")

    def next_delivery(self, *, redelivered: bool = False) -> Delivery:
        """Take the one scheduled message, as the relay and the broker would bring it."""
        ((body,),) = self.database.query("DELETE FROM messaging.scheduled RETURNING body")
        return Delivery.of(dramatiq.Message.decode(bytes(body)), "toyshop", redelivered=redelivered)

    def standing(self, message_id: UUID) -> tuple[str, int, int] | None:
        """(status, turn, attempts) of the inbox row."""
        rows = self.database.query(
            "SELECT status, turn, attempts FROM messaging.inbox WHERE message_id = %s", message_id
        )
        return (rows[0][0], rows[0][1], rows[0][2]) if rows else None

    def effects(self) -> list[tuple[Any, ...]]:
        return self.database.query("SELECT number, what FROM toyshop.effect ORDER BY id")

    def attempts(self) -> list[tuple[Any, ...]]:
        """(turn, attempt, outcome, error type) of every attempt that was written down."""
        return self.database.query("SELECT turn, attempt, outcome, error_type FROM messaging.attempt ORDER BY id")

    def scheduled(self) -> list[tuple[Any, ...]]:
        """(turn, reason, seconds of delay, rounded) of what is put off."""
        return self.database.query(
            "SELECT turn, reason, round(extract(epoch FROM due_at - created_at)) FROM messaging.scheduled"
        )

    def starts(self) -> list[tuple[Any, ...]]:
        """Unfinished starts that are written down."""
        return self.database.query("SELECT message_id, starts FROM messaging.unfinished_start")

    def outbox_kinds(self) -> list[str]:
        return [row[0] for row in self.database.query("SELECT kind FROM messaging.outbox ORDER BY id")]


def delivery_of(
    message: Contract,
    *,
    message_id: UUID | None = None,
    turn: int = 1,
    redelivered: bool = False,
    queue: str = QUEUE,
    **options: Any,
) -> Delivery:
    """A delivery as it would come off a queue."""
    return Delivery(
        service=queue.partition(".")[0],
        queue=queue,
        kind=message.kind,
        message_id=message_id or new_id(),
        turn=turn,
        fields=message.model_dump(mode="json"),
        options={**options, "turn": turn},
        redelivered=redelivered,
        published_at=0.0,
    )
