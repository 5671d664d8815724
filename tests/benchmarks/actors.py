"""What the benchmarks' own service does. SQL stands here for brevity: it is a fixture, not an example."""

import time
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from shared.messaging.actor import actor
from tests.benchmarks.contracts import StampRow, WriteRow

QUEUE = "bench.jobs"
WRITE = text("INSERT INTO bench.work (number, what) VALUES (:number, :what)")
STAMP = text("INSERT INTO bench.stamp (number, seconds) VALUES (:number, :seconds)")


@actor(WriteRow, queue=QUEUE)
def write_row(message: WriteRow, session: Session, _dependencies: Any) -> None:
    session.execute(WRITE, {"number": message.number, "what": "done"})


@actor(StampRow, queue=QUEUE)
def stamp_row(message: StampRow, session: Session, _dependencies: Any) -> None:
    seconds = time.monotonic() - message.sent
    session.execute(STAMP, {"number": message.number, "seconds": seconds})
