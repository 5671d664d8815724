"""A chain that failed runs on from the step that failed."""

from uuid import UUID

from sqlalchemy.orm import Session

from shared.database.session import PUBLISHED, driver
from shared.messaging.chain import InvalidChainError, show_chain
from shared.messaging.chain_steps import publish_again
from shared.messaging.failed_jobs import retry_failed


def resume_chain(session: Session, chain_id: UUID) -> UUID:
    """Try the failed step again, and go on from there. Returns the id of the step's message.

    That is `retry_failed` of the step's failed job; where that was discarded, or the step could not be sent, the step is
    published anew. Raises InvalidChainError if the chain has not failed, MessageTooLargeError.
    """
    chain = show_chain(session, chain_id)
    if chain.state != "failed":
        raise InvalidChainError(f"the chain {chain_id} is {chain.state}: only one that failed can be resumed")
    connection = driver(session)
    job = connection.execute(
        "SELECT id FROM messaging.failed_job WHERE message_id = %s AND resolved_at IS NULL ORDER BY failed_at DESC LIMIT 1",
        (chain.message_id,),
    ).fetchone()
    if job is not None:
        return retry_failed(session, UUID(str(job[0])))
    message_id = publish_again(connection, chain_id)
    if message_id is None:
        raise InvalidChainError(f"the chain {chain_id} was resumed or cancelled meanwhile")
    session.info[PUBLISHED] = True
    return message_id
