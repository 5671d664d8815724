"""`python -m tests.integration.messaging.compositions.worker`: the toy shop's worker with members, steps and callbacks."""

import sys
import time
from typing import Any, ClassVar

from sqlalchemy.orm import Session

from shared.contracts.message import ChainFailed, Command
from shared.errors import PermanentError
from shared.messaging.actor import actor
from shared.messaging.batch import add_to_batch, current_batch
from shared.messaging.retries import Delays
from shared.messaging.worker import run_worker
from tests.toyshop.actors import EFFECT

QUEUE = "toyshop.default"
OFTEN: dict[str, Any] = {"tries": 50, "backoff": Delays([0.2])}


class Part(Command):
    """Write one row for `number` after `seconds`; then fail for good (`breaks`), or add `adds` as a member."""

    kind: ClassVar[str] = "toyshop.part.make"
    number: int
    seconds: float = 0.0
    breaks: bool = False
    adds: int | None = None


class Called(Command):
    """A callback. `what` is written as its effect."""

    kind: ClassVar[str] = "toyshop.part.call"
    what: str


class PartBroke(ChainFailed):
    """`catch` of a chain, whose name is a number."""

    kind: ClassVar[str] = "toyshop.part.broke"


@actor(Part, queue=QUEUE, **OFTEN)
def make_part(message: Part, session: Session, _: Any) -> dict[str, int]:
    session.execute(EFFECT, {"number": message.number, "what": "made"})
    if message.adds is not None:
        batch = current_batch()
        assert batch is not None
        add_to_batch(session, batch, [Part(number=message.adds, seconds=message.seconds)])
    if message.seconds:
        time.sleep(message.seconds)
    if message.breaks:
        raise PermanentError("the part broke")
    return {"last": message.number}


@actor(Called, queue=QUEUE, **OFTEN)
def on_called(message: Called, session: Session, _: Any) -> None:
    session.execute(EFFECT, {"number": 0, "what": message.what})


@actor(PartBroke, queue=QUEUE, **OFTEN)
def on_broke(message: PartBroke, session: Session, _: Any) -> None:
    session.execute(EFFECT, {"number": int(message.chain_name), "what": f"broke at {message.step}: {message.error}"})


if __name__ == "__main__":
    sys.exit(run_worker("toyshop", sys.modules["__main__"], lambda _: None))
