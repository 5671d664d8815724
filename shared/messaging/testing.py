"""For those who write tests: what was published, and jobs run inline."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy.orm import Session

from shared.contracts.message import Contract
from shared.database.session import driver
from shared.messaging.actor import ActorDeclaration, ProviderSteps


@dataclass(frozen=True, slots=True)
class Published:
    """A message that a committed or open transaction has written to the outbox or the schedule."""

    kind: str
    fields: dict[str, Any]
    options: dict[str, Any]
    is_scheduled: bool


def published(session: Session) -> list[Published]:
    """Everything published and not yet carried away, as the session's transaction sees it, in order."""
    rows = driver(session).execute(
        "SELECT kind, body, false FROM (SELECT * FROM messaging.outbox ORDER BY id) AS sent "
        "UNION ALL SELECT kind, body, true FROM (SELECT * FROM messaging.scheduled ORDER BY id) AS later"
    )
    found = []
    for kind, body, is_scheduled in rows.fetchall():
        assert isinstance(body, bytes)
        message = orjson.loads(body)
        found.append(Published(str(kind), message["kwargs"], message["options"], bool(is_scheduled)))
    return found


def assert_published(session: Session, contract: type[Contract], **fields: Any) -> Published:
    """Assert that such a message was published, with at least these fields. Returns the first."""
    expected = {name: orjson.loads(orjson.dumps(value)) for name, value in fields.items()}
    everything = published(session)
    for message in everything:
        if message.kind == contract.kind and all(message.fields.get(name) == value for name, value in expected.items()):
            return message
    seen = "\n".join(f"  {message.kind} {message.fields}" for message in everything) or "  nothing"
    raise AssertionError(f"{contract.kind} with {expected} was not published. What was:\n{seen}")


def assert_nothing_published(session: Session) -> None:
    """Assert that the outbox and the schedule are empty."""
    everything = published(session)
    assert not everything, f"published: {[message.kind for message in everything]}"


def run_inline(
    declaration: ActorDeclaration,
    message: Contract,
    work: Callable[[], AbstractContextManager[Session]],
    dependencies: object,
) -> None:
    """Run an actor here and now, without a broker, each step in a transaction of its own. What it raises is raised."""
    if not declaration.calls_provider:
        with work() as session:
            declaration.function(message, session, dependencies)
        return
    steps: ProviderSteps[Any, Any, Any] = declaration.function(dependencies)
    with work() as session:
        intent = steps.prepare(session, message)
    if intent is None:
        return
    result = steps.call(intent)
    with work() as session:
        steps.record(session, intent, result)
