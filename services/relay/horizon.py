"""How far the outbox was looked at: ids are drawn before their transactions commit, and appear out of order."""

from collections import deque

SETTLED_SECONDS = 1.0
"""An id may be drawn a moment before its transaction has a number; a second is longer than that moment."""


class Horizon:
    """Up to `high` every row was looked at once; up to `low` no transaction is under way that may still bring one. `low` is
    None until that is known of anything.

    Only transactions that write count: a dump, however long it reads, holds nothing back.
    """

    def __init__(self, high: int = 0) -> None:
        self.high = high
        self.low: int | None = None
        self._marks: deque[tuple[int, int, float]] = deque()

    def note(self, snapshot: tuple[int, int], now: float) -> None:
        """Remember where `high` stands now; move `low` to the last mark before which every transaction has ended.

        `snapshot` is PostgreSQL's (oldest transaction that writes, first that has not begun).
        """
        oldest, next_one = snapshot
        while self._marks and self._marks[0][1] <= oldest and now - self._marks[0][2] >= SETTLED_SECONDS:
            self.low = self._marks.popleft()[0]
        if not self._marks or self._marks[-1][0] != self.high:
            self._marks.append((self.high, next_one, now))
