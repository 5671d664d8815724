"""Who waits: the ids of outbox rows, by where they go and whose turn it is. Rules only, no SQL.

PostgreSQL has the rows; this is what the relay remembers of them, so that choosing the next ones costs no scan. A line is
what waits for one destination under one fairness key; it holds the first ids only, and is filled again from the index
when they are used up. Lines that go to the same queue are chosen from in turn: tenant by tenant, and those of one tenant
key by key.
"""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

LONGEST_LINE = 1_000
"""Ids that are remembered of one line; those behind them stay in the index."""


class Found(NamedTuple):
    """A row that waits, as a look at the outbox finds it. `destination` is its queue, or its kind where it has none;
    `tenant` is its organisation, or its key where it has none.
    """

    id: int
    destination: str
    key: UUID
    tenant: UUID


@dataclass(slots=True, eq=False)
class Line:
    """What waits for a destination under a key, which is one tenant's. With `more`, rows after `last` are known to wait in
    the index only.
    """

    destination: str
    key: UUID
    tenant: UUID
    target: str
    ids: deque[int] = field(default_factory=deque)
    last: int = 0
    more: bool = False


class Waiting:
    """All lines. `target_of` says which queue takes a destination; what no queue takes is its own target."""

    def __init__(self, target_of: Callable[[str], str]) -> None:
        self._target_of = target_of
        self._lines: dict[tuple[str, UUID], Line] = {}
        self._turns: dict[str, deque[UUID]] = {}
        self._lines_of: dict[tuple[str, UUID], dict[UUID, list[Line]]] = {}
        self._known: set[int] = set()
        self._emptied: list[Line] = []

    def __len__(self) -> int:
        """How many ids are remembered, those that were taken and not yet let go among them."""
        return len(self._known)

    def add(self, rows: Iterable[Found]) -> int:
        """Remember rows, in the order of their ids. Those that are known, or wait behind a full line, change nothing.
        Returns how many are new.
        """
        before = len(self._known)
        for row in rows:
            if row.id in self._known:
                continue
            line = self._line(row.destination, row.key, row.tenant)
            if line.more and row.id > line.last:
                continue
            if len(line.ids) >= LONGEST_LINE:
                line.more = True
                continue
            line.ids.append(row.id)
            line.last = max(line.last, row.id)
            self._known.add(row.id)
        return len(self._known) - before

    def mark_more(self, last: Found) -> None:
        """More rows wait in the index behind this one."""
        line = self._line(last.destination, last.key, last.tenant)
        line.more, line.last = True, max(line.last, last.id)
        if not line.ids:
            self._emptied.append(line)

    def targets(self) -> list[str]:
        """Where something waits for."""
        return list(self._turns)

    def tenants(self, target: str) -> list[UUID]:
        """Whose rows wait for a target, in the order of their turns."""
        return list(self._turns.get(target, ()))

    def count_tenants(self, target: str) -> int:
        """How many tenants wait for a target. From any thread."""
        return len(self._turns.get(target, ()))

    def take(self, target: str, room: int, room_of: Callable[[UUID], int]) -> list[int]:
        """The next ids for a target: at most `room`, in turn by tenant, of each tenant at most its own room."""
        turns, taken = self._turns.get(target), list[int]()
        if not turns:
            return taken
        served, able = 0, list(turns)
        rooms: dict[UUID, int] = {}
        while able and len(taken) < room:
            each, still_able = max(1, (room - len(taken)) // len(able)), list[UUID]()
            for index, tenant in enumerate(able):
                if len(taken) >= room:
                    break
                left = rooms[tenant] if tenant in rooms else room_of(tenant)
                some = self._take(target, tenant, min(each, left, room - len(taken))) if left > 0 else []
                rooms[tenant], taken = left - len(some), taken + some
                served = index + 1 if not still_able else served
                if some and rooms[tenant] > 0:
                    still_able.append(tenant)
            able = still_able
        turns.rotate(-served)
        self._end_turns()
        return taken

    def used_up(self) -> list[Line]:
        """Lines whose ids are used up while more rows wait in the index. Each is named once: it is for `refill`."""
        emptied, self._emptied = self._emptied, []
        return [line for line in emptied if line.more and not line.ids]

    def refill(self, line: Line, ids: list[int], *, more: bool) -> None:
        """Put the next ids of the index into an empty line."""
        line.more = more
        fresh = [one for one in ids if one not in self._known]
        line.ids.extend(fresh)
        line.last = max(line.last, *ids) if ids else line.last
        self._known.update(fresh)
        if not (line.ids or line.more):
            self._drop(line)

    def let_go(self, ids: Iterable[int]) -> None:
        """These were taken, and are done with: published, put off, or not there."""
        self._known.difference_update(ids)

    def forget(self, keep: Iterable[int] = ()) -> None:
        """After a reconnect, since ids may have gone back; or where targets have changed. `keep` are on their way."""
        for memory in (self._lines, self._turns, self._lines_of, self._emptied):
            memory.clear()
        self._known = set(keep)

    def _line(self, destination: str, key: UUID, tenant: UUID) -> Line:
        line = self._lines.get((destination, key))
        if line is None:
            line = self._lines[destination, key] = Line(destination, key, tenant, self._target_of(destination))
            place = (line.target, tenant)
            if place not in self._lines_of:
                self._lines_of[place] = {}
                self._turns.setdefault(line.target, deque()).append(tenant)
            self._lines_of[place].setdefault(key, []).append(line)
        return line

    def _take(self, target: str, tenant: UUID, count: int) -> list[int]:
        """Ids of a tenant, in turn by key: a key that was served stands behind the others."""
        lines, taken = self._lines_of[target, tenant], list[int]()
        able = list(lines)
        while able and len(taken) < count:
            each, still_able = max(1, (count - len(taken)) // len(able)), list[UUID]()
            for key in able[: count - len(taken)]:
                some = self._take_oldest(lines[key], min(each, count - len(taken)))
                taken += some
                if some:
                    lines[key] = lines.pop(key)
                    still_able.append(key)
            able = still_able
        return taken

    def _take_oldest(self, lines: Iterable[Line], count: int) -> list[int]:
        """The oldest ids of a key, over its lines."""
        left, taken = [line for line in lines if line.ids], list[int]()
        while left and len(taken) < count:
            line = min(left, key=lambda one: one.ids[0]) if len(left) > 1 else left[0]
            taken.append(line.ids.popleft())
            if not line.ids:
                left.remove(line)
                self._emptied.append(line)
        return taken

    def _end_turns(self) -> None:
        """Who has nothing left, leaves."""
        for line in [one for one in self._emptied if not (one.ids or one.more)]:
            self._emptied.remove(line)
            self._drop(line)

    def _drop(self, line: Line) -> None:
        place = (line.target, line.tenant)
        del self._lines[line.destination, line.key]
        lines = self._lines_of[place]
        lines[line.key].remove(line)
        if not lines[line.key]:
            del lines[line.key]
        if not lines:
            del self._lines_of[place]
            self._turns[line.target].remove(line.tenant)
            if not self._turns[line.target]:
                del self._turns[line.target]
