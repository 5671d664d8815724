"""The desks' actors. A handler's start and end are written outside of its transaction: a kill does not take them back."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg
from sqlalchemy.orm import Session

from shared.errors import TransientError
from shared.messaging.actor import ActorDeclaration, actor
from shared.messaging.middleware import (
    Admission,
    CircuitBreaker,
    Concurrency,
    JobMiddleware,
    RateLimited,
    SkipIf,
    TokenBucket,
    WithoutOverlapping,
)
from shared.messaging.retries import Delays
from tests.integration.messaging.policies import contracts
from tests.integration.messaging.policies.contracts import Job

TABLES = """
CREATE TABLE toyshop.run (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, number bigint, key text, pid bigint,
    began timestamptz DEFAULT clock_timestamp(), ended timestamptz
);
CREATE TABLE toyshop.done (number bigint, key text);
CREATE TABLE toyshop.admitted (number bigint, key text, "window" float8, at timestamptz DEFAULT clock_timestamp());
CREATE TABLE toyshop.gate (key text PRIMARY KEY);
CREATE TABLE toyshop.desk (pid bigint);
CREATE TABLE toyshop.given (id bigint PRIMARY KEY);
GRANT ALL ON ALL TABLES IN SCHEMA toyshop TO bellhop_toyshop;
"""
LIMIT, PLACES, THRESHOLD, PAUSE = 20, 3, 3, 1.0
TIME_LIMIT = 120.0
EVERY_KEY = "every key"


class Stamp(JobMiddleware):
    """One's own middleware: writes down when a job was let through, and on the account of which window, if it was one."""

    def admit(self, admission: Admission) -> None:
        fields, window = admission.delivery.fields, next(iter(admission.spent.values()), None)
        values = (fields["number"], fields["key"], window if isinstance(window, float) else None)
        admission.connection.execute('INSERT INTO toyshop.admitted (number, key, "window") VALUES (%s, %s, %s)', values)


@dataclass(frozen=True)
class Desk:
    """What a handler writes down for the test."""

    connect: Callable[[], psycopg.Connection[Any]]

    def do(self, message: Job, session: Session) -> None:
        with self.connect() as connection:
            begin = "INSERT INTO toyshop.run (number, key, pid) VALUES (%s, %s, %s) RETURNING id"
            row = connection.execute(begin, (message.number, message.key, os.getpid())).fetchone()
            keys = ([message.key, EVERY_KEY],)
            is_open = "SELECT 1 FROM toyshop.gate WHERE key = ANY(%s)"
            while message.how == "gated" and connection.execute(is_open, keys).fetchone() is None:
                time.sleep(0.05)
            if message.how == "down" and connection.execute(is_open, keys).fetchone() is None:
                raise TransientError("the provider is down")
            session.connection().exec_driver_sql(
                "INSERT INTO toyshop.done (number, key) VALUES (%s, %s)", (message.number, message.key)
            )
            connection.execute("UPDATE toyshop.run SET ended = clock_timestamp() WHERE id = %s", row)


def do(message: Job, session: Session, desk: Desk) -> None:
    desk.do(message, session)


def _declare(contract: type[Job], *middleware: JobMiddleware) -> ActorDeclaration:
    return actor(
        contract,
        queue="toyshop.default",
        tries=100,
        backoff=Delays([0.1]),
        time_limit=TIME_LIMIT,
        middleware=middleware,
    )(do)


DECLARATIONS = (
    _declare(contracts.Job),
    _declare(contracts.LimitedJob, RateLimited("desk-{key}", LIMIT, per=1.0), Stamp()),
    _declare(contracts.BucketJob, TokenBucket("desk-{key}", rate=LIMIT, burst=5), Stamp()),
    _declare(contracts.LonelyJob, WithoutOverlapping("lonely-{key}")),
    _declare(contracts.DroppedJob, WithoutOverlapping("dropped-{key}", drop=True)),
    _declare(contracts.CrowdedJob, Concurrency("crowded-{key}", PLACES)),
    _declare(contracts.GuardedJob, CircuitBreaker("carrier", threshold=THRESHOLD, window=60, pause=PAUSE)),
    _declare(contracts.SkippedJob, SkipIf(lambda message: message.number % 2 == 1), Stamp()),
)
