"""A process that runs jobs without a broker: `python -m tests.integration.messaging.policies.desk`.

Two threads take rows from the outbox, and hold each locked while the real runner works on it: when the process is killed
the row is free again, and the next desk gets it as a redelivery. What is due is moved by the relay's own statement.
"""

import os
import sys
import threading
import time
from typing import Any

import psycopg
from dramatiq import Message

from services.relay.due import move_due
from shared.database.engine import open_engine
from shared.messaging.delivery import Delivery
from shared.messaging.gate import Gate
from shared.messaging.runner import Ending, Runner
from shared.messaging.time_limits import TimeLimits
from shared.metrics import Metrics
from tests.integration.messaging.policies.actors import DECLARATIONS, Desk

THREADS = 2
_TAKE = "SELECT id, body FROM messaging.outbox ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED"
_GIVE = "INSERT INTO toyshop.given (id) VALUES (%s) ON CONFLICT DO NOTHING"


def main() -> int:
    url = os.environ["DATABASE_URL"]
    engine = open_engine(url, "toyshop", pool_size=THREADS + 1)
    limits = TimeLimits()
    limits.manager.start()

    def connect() -> psycopg.Connection[Any]:
        return psycopg.connect(url, autocommit=True)

    runner = Runner("toyshop", engine, Desk(connect), Gate(lambda: None), limits, Metrics("toyshop"))
    threads = [threading.Thread(target=work, args=(runner, connect), daemon=True) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return 1


def work(runner: Runner, connect: Any) -> None:
    """Take and run until the process is killed."""
    with connect() as taking, connect() as other:
        other.execute("INSERT INTO toyshop.desk (pid) VALUES (%s)", (os.getpid(),))
        while True:
            move_due(other)
            if not take(runner, taking, other):
                time.sleep(0.05)


def take(runner: Runner, taking: psycopg.Connection[Any], other: psycopg.Connection[Any]) -> bool:
    """Run the first row that nobody holds. False if there is none."""
    declarations = {declaration.kind: declaration for declaration in DECLARATIONS}
    with taking.transaction():
        row = taking.execute(_TAKE).fetchone()
        if row is None:
            return False
        is_first = other.execute(_GIVE, (row[0],)).rowcount == 1
        message: Message[Any] = Message.decode(bytes(row[1])).copy(queue_name="toyshop.default")
        delivery = Delivery.of(message, "toyshop", redelivered=not is_first)
        if runner.run(declarations[delivery.kind], delivery) is Ending.SETTLED:
            taking.execute("DELETE FROM messaging.outbox WHERE id = %s", (row[0],))
    return True


if __name__ == "__main__":
    sys.exit(main())
