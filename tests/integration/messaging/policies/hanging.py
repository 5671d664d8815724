"""A worker whose jobs hang: `python -m tests.integration.messaging.policies.hanging`. It acts as the toy shop."""

import os
import sys
import time
from pathlib import Path
from typing import ClassVar

from sqlalchemy.orm import Session

from shared.contracts.message import Command
from shared.messaging.actor import actor
from shared.messaging.worker import run_worker
from tests.toyshop.actors import EFFECT, count_up, toil

TIME_LIMIT = 2.0


class Hang(Command):
    """Write a row for `number`. The first run hangs: inside one call of C, or at a gate where an interrupt reaches it."""

    kind: ClassVar[str] = "toyshop.thread.hang"
    number: int
    in_c: bool = False


@actor(Hang, queue="toyshop.default", tries=5, time_limit=TIME_LIMIT)
def hang(message: Hang, session: Session, folder: Path) -> None:
    session.execute(EFFECT, {"number": message.number, "what": "made"})
    if message.number and count_up(folder / f"run.{message.number}") == 1:
        (folder / f"pid.{os.getpid()}").touch()
        if message.in_c:
            time.sleep(300)
        toil(300, until=folder / "open")


if __name__ == "__main__":
    sys.exit(run_worker("toyshop", sys.modules[__name__], lambda _: Path(os.environ["TOYSHOP_DIRECTORY"])))
