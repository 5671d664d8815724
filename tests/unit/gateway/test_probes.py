"""What anybody may ask costs the same however often it is asked."""

from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, event

from services.gateway.probes import REMEMBERED_SECONDS, Readiness


@pytest.fixture
def engine() -> Engine:
    """A database in memory: which one it is does not matter here."""
    return create_engine("sqlite://")


def test_database_is_asked_once_a_second_whoever_wants_to_know(engine: Engine) -> None:
    """A thousand probes are one look."""
    asked: list[str] = []
    moment = [0.0]

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    readiness = Readiness(engine, clock=lambda: moment[0])
    answers = [readiness.reasons() for _ in range(1_000)]
    moment[0] = REMEMBERED_SECONDS
    readiness.reasons()
    assert (answers[0], answers[-1], asked) == ([], [], ["SELECT 1", "SELECT 1"])
