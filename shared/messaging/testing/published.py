"""What was published: read from the outbox and the schedule, as one transaction sees them."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy.orm import Session

from shared.contracts.message import Command, Contract
from shared.database.session import driver
from shared.messaging.batch import BatchState, show_batch
from shared.messaging.chain import ChainState, show_chain


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
    raise AssertionError(f"{contract.kind} with {expected} was not published. What was:\n{_listed(everything)}")


def assert_nothing_published(session: Session) -> None:
    """Assert that the outbox and the schedule are empty."""
    everything = published(session)
    assert not everything, f"published: {[message.kind for message in everything]}"


def assert_nothing_else_published(session: Session, *contracts: type[Contract]) -> None:
    """Assert that these were published, each as often as it is named, and nothing else. The order does not matter."""
    everything = published(session)
    expected, seen = Counter(one.kind for one in contracts), Counter(one.kind for one in everything)
    assert seen == expected, (
        f"published beside them: {dict(seen - expected)}, missing: {dict(expected - seen)}. "
        f"All that was:\n{_listed(everything)}"
    )


def assert_chained(session: Session, *contracts: type[Command], name: str | None = None) -> ChainState:
    """Assert that a chain of exactly these steps was published, under this name if one is given. Returns the newest.

    Steps under a condition that did not hold at the publishing are not part of it.
    """
    expected = [contract.kind for contract in contracts]
    rows = driver(session).execute("SELECT id FROM messaging.chain ORDER BY created_at DESC, id DESC")
    chains = [show_chain(session, row[0]) for row in rows.fetchall()]  # type: ignore[arg-type] # psycopg's rows are untyped
    for chain in chains:
        if chain.steps == expected and name in {None, chain.name}:
            return chain
    seen = "\n".join(f"  {chain.name}: {', '.join(chain.steps)}" for chain in chains) or "  none"
    raise AssertionError(f"no chain {name or ''} of {', '.join(expected)} was published. The chains there are:\n{seen}")


def assert_batched(session: Session, name: str, count: int) -> BatchState:
    """Assert that a batch of this name with so many members was published. Returns the newest.

    A chain or a batch inside it is one member.
    """
    rows = driver(session).execute("SELECT id FROM messaging.batch ORDER BY created_at DESC, id DESC")
    batches = [show_batch(session, row[0]) for row in rows.fetchall()]  # type: ignore[arg-type] # psycopg's rows are untyped
    for batch in batches:
        if (batch.name, batch.total) == (name, count):
            return batch
    seen = "\n".join(f"  {batch.name}: {batch.total}" for batch in batches) or "  none"
    raise AssertionError(f"no batch {name} of {count} members was published. The batches there are:\n{seen}")


def _listed(messages: list[Published]) -> str:
    return "\n".join(f"  {message.kind} {message.fields}" for message in messages) or "  nothing"
