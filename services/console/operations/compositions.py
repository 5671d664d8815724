"""Chains and batches: looked at, cancelled, resumed."""

from collections.abc import Sequence
from uuid import UUID

from services.console.operations.database import transaction
from services.console.settings import ConsoleSettings
from shared.messaging import batch, chain
from shared.messaging.batch import BatchState
from shared.messaging.chain import ChainState
from shared.messaging.resuming import resume_chain as resume


def list_batches(settings: ConsoleSettings, *, running: bool, limit: int) -> Sequence[BatchState]:
    """Batches, the newest first; with `running` those that have not ended."""
    with transaction(settings) as session:
        return batch.list_batches(session, running=running, limit=limit)


def show_batch(settings: ConsoleSettings, batch_id: UUID) -> BatchState:
    """A batch as it stands. Raises InvalidBatchError."""
    with transaction(settings) as session:
        return batch.show_batch(session, batch_id)


def cancel_batch(settings: ConsoleSettings, batch_id: UUID) -> None:
    """Members that have not started end unrun. Raises InvalidBatchError."""
    with transaction(settings) as session:
        batch.cancel_batch(session, batch_id)


def show_chain(settings: ConsoleSettings, chain_id: UUID) -> ChainState:
    """A chain as it stands. Raises InvalidChainError."""
    with transaction(settings) as session:
        return chain.show_chain(session, chain_id)


def cancel_chain(settings: ConsoleSettings, chain_id: UUID) -> None:
    """Take no further step. Raises InvalidChainError."""
    with transaction(settings) as session:
        chain.cancel_chain(session, chain_id)


def resume_chain(settings: ConsoleSettings, chain_id: UUID) -> UUID:
    """Try the failed step again. Returns its message's id. Raises InvalidChainError, MessageTooLargeError."""
    with transaction(settings) as session:
        return resume(session, chain_id)
