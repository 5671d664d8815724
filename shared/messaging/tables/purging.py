"""How far the purges have come."""

from datetime import datetime

from sqlalchemy import ARRAY, Text, func, text
from sqlalchemy.orm import Mapped, mapped_column

from shared.messaging.tables.base import Base
from shared.retention import kept_for_ever


class PurgeProgressRow(Base):
    """How far a purge has come: `cursor` is the key of the last row it looked at, empty between two passes.

    `slice` is how many rows the next statement takes, `longest_ms` about the longest that one took lately.
    """

    __retention__ = kept_for_ever("one for each purge")
    __tablename__ = "purge_progress"
    name: Mapped[str] = mapped_column(primary_key=True)
    cursor: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    slice: Mapped[int]
    ended_at: Mapped[datetime | None]
    removed: Mapped[int] = mapped_column(server_default=text("0"))
    longest_ms: Mapped[float] = mapped_column(server_default=text("0"))
    changed_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
