"""A service's transaction whose commit waits until the answer is written down."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from shared.database.session import PUBLISHED, OnPublished, UnitOfWork, take_outbox_ids

_TRANSACTION_ID = text("SELECT pg_current_xact_id_if_assigned()::text")


class DeferredTransaction:
    """Takes the place of a service's unit of work for one request.

    The blocks `with work() as session:` of the request are one transaction: a block that fails is undone alone, and
    what the others wrote is committed by `commit`, or not at all. One request works with one service.
    """

    def __init__(self) -> None:
        self._engine: Engine | None = None
        self._on_published: OnPublished | None = None
        self._session: Session | None = None
        self._holds_work = False
        self.opened = False

    def unit_of_work(self, engine: Engine, on_published: OnPublished | None) -> UnitOfWork:
        """What the endpoint uses as if it committed at the end of the block."""
        if self._engine not in {None, engine}:
            raise RuntimeError("an endpoint works with its own service's database only: ask others by message")
        self._engine, self._on_published = engine, on_published
        return self._block

    @contextmanager
    def _block(self) -> Iterator[Session]:
        self.opened = True
        if self._holds_work:
            assert self._session is not None
            with self._session.begin_nested():
                yield self._session
            return
        self._session = Session(self._engine, expire_on_commit=False)
        try:
            yield self._session
            self._session.flush()
        except BaseException:
            self.rollback()
            raise
        self._holds_work = True

    def transaction_id(self) -> int | None:
        """PostgreSQL's id of the transaction; None where it has written nothing, so that nothing can be in doubt."""
        if self._session is None:
            return None
        found = self._session.execute(_TRANSACTION_ID).scalar_one()
        return None if found is None else int(found)

    def commit(self) -> None:
        """Commit what the blocks wrote, and wake the relay if they published."""
        if self._session is None:
            return
        published, written = self._session.info.get(PUBLISHED), take_outbox_ids(self._session)
        try:
            self._session.commit()
        finally:
            self._session.close()
        if published and self._on_published is not None:
            self._on_published(written)

    def rollback(self) -> None:
        """Undo what the blocks wrote. Harmless after a commit."""
        if self._session is not None:
            self._session.close()
            self._session, self._holds_work = None, False
