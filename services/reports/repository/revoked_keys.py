"""Keys that were revoked, as the gateway told."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.reports.models import RevokedKeyRow


class RevokedKeys:
    """They stay for ever: a key is never given back its rights."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, key_id: UUID, revoked_at: datetime) -> None:
        """One more. Told twice it is one."""
        statement = insert(RevokedKeyRow).values(key_id=key_id, revoked_at=revoked_at)
        self._session.execute(statement.on_conflict_do_nothing())

    def has(self, key_id: UUID) -> bool:
        """Whether this key was revoked."""
        query = select(RevokedKeyRow.key_id).where(RevokedKeyRow.key_id == key_id)
        return self._session.scalar(query) is not None
