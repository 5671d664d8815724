"""What the toy shop does. SQL stands here for brevity: it is a fixture, not an example."""

import os
import random
import signal
import threading
import time
from pathlib import Path
from typing import Any

from dramatiq.middleware.threading import raise_thread_exception
from sqlalchemy import text
from sqlalchemy.orm import Session

from shared.errors import OutcomeUnknown, PermanentError, TransientError
from shared.messaging.actor import ProviderSteps, Snooze, actor, provider_actor
from shared.messaging.outbox import publish
from shared.messaging.retries import Delays
from tests.toyshop.contracts import BreakThread, MakeToy, PackToy, RushToy, ShipToy, ToyFailed, ToyMade, ToyWrapped

EFFECT = text("INSERT INTO toyshop.effect (number, what) VALUES (:number, :what)")
SOON = Delays([0.2])
HOARD: list[bytes] = []
"""What greedy jobs never give back."""


@actor(MakeToy, queue="toyshop.default", tries=3, backoff=SOON, time_limit=120, on_failure=ToyFailed)
def make_toy(message: MakeToy, session: Session, dependencies: Any) -> None:
    session.execute(EFFECT, {"number": message.number, "what": "made"})
    publish(session, PackToy(number=message.number))
    publish(session, ToyMade(number=message.number))
    toil(message.seconds)
    go_wrong(message, dependencies)


def toil(seconds: float, until: Path | None = None) -> None:
    """Work for a while, or until a file is there, in small steps: an interrupt reaches a thread between two of them."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0 and not (until is not None and until.exists()):
        time.sleep(min(left, 0.02))


def go_wrong(message: MakeToy, folder: Path) -> None:
    """Fail in the way that the message asks for, `times` times, and count the runs.

    With `counted` nothing fails; `greedy` is that, and leaves the process 50 MB larger; `gated` goes on when the file
    `open.<number>` is there, in 60 s at the latest.
    """
    if message.how == "well":
        return
    tried = count_up(folder / f"{message.how}.{message.number}")
    if message.how == "gated":
        toil(60, until=folder / f"open.{message.number}")
    if message.how == "greedy":
        HOARD.append(b"x" * 50_000_000)
    if message.how in {"counted", "gated", "greedy"} or (message.times and tried > message.times):
        return
    if message.how == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    faults = {
        "transient": TransientError("the glue is not dry", retry_after=0.2),
        "permanent": PermanentError("there is no such toy"),
        "bug": ZeroDivisionError("a bug"),
        "snooze": Snooze(0.2),
    }
    raise faults[message.how]


def count_up(file: Path) -> int:
    """Count in a file, which no rollback takes back."""
    with file.open("ab") as handle:
        handle.write(b".")
    return file.stat().st_size


@actor(PackToy, queue="toyshop.default", tries=5, backoff=SOON)
def pack_toy(message: PackToy, session: Session, dependencies: Any) -> None:
    session.execute(EFFECT, {"number": message.number, "what": "packed"})


@actor(ToyMade, queue="toyshop.events", tries=5, backoff=SOON)
def on_toy_made(message: ToyMade, session: Session, dependencies: Any) -> None:
    session.execute(EFFECT, {"number": message.number, "what": "heard"})


@actor(ToyFailed, queue="toyshop.notices", tries=5, backoff=SOON)
def on_toy_failed(message: ToyFailed, session: Session, dependencies: Any) -> None:
    session.execute(EFFECT, {"number": message.fields["number"], "what": "told"})


@actor(ToyWrapped, queue="toyshop.wrapping", tries=5, backoff=SOON)
def on_toy_wrapped(message: ToyWrapped, session: Session, dependencies: Any) -> None:
    session.execute(EFFECT, {"number": message.number, "what": "wrapped"})


@actor(RushToy, queue="toyshop.rush", tries=1000, backoff=Delays([0.01]), time_limit=0.5)
def rush_toy(message: RushToy, session: Session, dependencies: Any) -> None:
    session.execute(EFFECT, {"number": message.number, "what": "rushed"})
    toil(random.uniform(0.4, 0.8))


@actor(BreakThread, queue="toyshop.breaking", tries=5, backoff=SOON)
def break_thread(message: BreakThread, session: Session, dependencies: Any) -> None:
    session.execute(EFFECT, {"number": message.number, "what": "broken"})
    others = [thread for thread in threading.enumerate() if thread is not threading.current_thread()]
    victim = next(thread for thread in others if type(thread).__name__ == message.thread)
    assert victim.ident is not None
    raise_thread_exception(victim.ident, SystemExit)  # type: ignore[no-untyped-call] # Dramatiq's is not annotated


class Shipping(ProviderSteps[ShipToy, int, str]):
    """The carrier is a folder: a call makes a file. It is dear: a test counts the calls."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def prepare(self, session: Session, message: ShipToy) -> int:
        return message.number

    def call(self, intent: int) -> str:
        count_up(self.folder / f"called.{intent}")
        if (self.folder / f"deadly.{intent}").exists():
            os.kill(os.getpid(), signal.SIGKILL)
        if (self.folder / f"hang.{intent}").exists() and count_up(self.folder / f"hung.{intent}") == 1:
            time.sleep(60)
        if (self.folder / f"unknown.{intent}").exists() and count_up(self.folder / f"lost.{intent}") == 1:
            raise OutcomeUnknown("the answer was lost")
        return "shipped"

    def resolve(self, intent: int) -> str | None:
        count_up(self.folder / f"resolved.{intent}")
        arrived = (self.folder / f"called.{intent}").exists() and not (self.folder / f"deadly.{intent}").exists()
        return "shipped" if arrived else None

    def record(self, session: Session, intent: int, result: str) -> None:
        session.execute(EFFECT, {"number": intent, "what": result})


@provider_actor(ShipToy, queue="toyshop.default", tries=5, backoff=SOON, time_limit=30, call_deadline=5)
def ship_toy(dependencies: Path) -> Shipping:
    return Shipping(dependencies)
