"""Celery with `acks_late`, doing nothing, or writing and committing one row with SQLAlchemy.

`python -m tests.benchmarks.rivals.celery_app send TASK COUNT` fills the queue;
`python -m tests.benchmarks.rivals.celery_app worker POOL CONCURRENCY NAME` works it off.
"""

import sys
from functools import lru_cache
from typing import Any

from celery import Celery
from sqlalchemy import Engine, create_engine, text

from tests.benchmarks.rivals.settings import CELERY_QUEUE, PADDING, database_url, rabbitmq_url

WRITE = text("INSERT INTO bench.work (number, what) VALUES (:number, :what)")


@lru_cache(maxsize=1)
def engine() -> Engine:
    """Opened at the first job of each process, so that no connection is shared by a fork."""
    return create_engine(database_url(), pool_size=8)


def nothing(number: int, padding: str) -> None:
    """The job that does nothing."""


def write(number: int, padding: str) -> None:
    """The job that writes one row and commits it."""
    with engine().begin() as connection:
        connection.execute(WRITE, {"number": number, "what": "done"})


def application() -> Any:
    """Durable queue, persistent messages, no results, no events: the least that Celery can be made to do."""
    app = Celery("bench", broker=rabbitmq_url())
    app.conf.update(
        task_acks_late=True,
        task_ignore_result=True,
        task_default_queue=CELERY_QUEUE,
        worker_send_task_events=False,
        broker_connection_retry_on_startup=True,
    )
    for function in (nothing, write):
        app.task(function, name=function.__name__)
    return app


def send(task: str, count: int) -> None:
    app = application()
    with app.producer_or_acquire() as producer:
        for number in range(count):
            app.tasks[task].apply_async((number, PADDING), producer=producer)


def work(pool: str, concurrency: str, name: str) -> None:
    quiet = ("--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel=WARNING")
    size = (f"--pool={pool}", f"--concurrency={concurrency}", f"--hostname={name}@localhost")
    application().worker_main(["worker", *size, *quiet])


if __name__ == "__main__":
    if sys.argv[1] == "send":
        send(sys.argv[2], int(sys.argv[3]))
    else:
        work(*sys.argv[2:5])
