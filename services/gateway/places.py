"""Places: so many may be inside at the same time, each caller has a share of them, and who waits is let in by turns."""

from collections import Counter, OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Final

import anyio

HALF: Final = 0.5
MOST: Final = 0.75


@dataclass(frozen=True, slots=True)
class Group:
    """Somebody who may hold `share` of the places (0 to 1) at the same time: a key, an organisation, strangers."""

    name: Hashable
    share: float

    def most_of(self, total: int) -> int:
        """How many of `total` that are. One is always allowed."""
        return max(1, int(total * self.share))


Groups = Sequence[Group]
"""Those whom a request counts for, the narrowest first: turns are taken by that one."""

STRANGERS: Final = Group("strangers", MOST)
"""All who have shown no key together: those who have one find a quarter of the places free of them."""


@dataclass(eq=False, slots=True)
class _Waiting:
    groups: Groups
    let_in: anyio.Event


class Places:
    """`total` places. Who finds none, or has its share, waits; whoever has waited longest among the callers is next, one
    request of each in turn, so that a caller with a thousand requests stands in nobody's way but its own.
    """

    def __init__(self, total: int) -> None:
        self._total, self._free = total, total
        self._held: Counter[Hashable] = Counter()
        self._waiting: OrderedDict[Hashable, dict[_Waiting, None]] = OrderedDict()

    def take_at_once(self, groups: Groups) -> bool:
        """Take a place if one is to be had now. Nobody is overtaken: whoever waits could not use it."""
        if self._free == 0 or any(self._held[group.name] >= group.most_of(self._total) for group in groups):
            return False
        self._free -= 1
        self._held.update(group.name for group in groups)
        return True

    async def take(self, groups: Groups) -> None:
        """Take a place, as soon as there is one. Cancelled, it has taken none."""
        if self.take_at_once(groups):
            return
        name, waiting = groups[0].name, _Waiting(groups, anyio.Event())
        self._waiting.setdefault(name, {})[waiting] = None
        try:
            await waiting.let_in.wait()
        except BaseException:
            if waiting.let_in.is_set():
                self.give_back(groups)
            else:
                self._strike(name, waiting)
            raise

    def give_back(self, groups: Groups) -> None:
        """Leave a place to the next."""
        self._free += 1
        self._held.subtract(group.name for group in groups)
        for group in groups:
            if self._held[group.name] <= 0:
                del self._held[group.name]
        self._let_in()

    def _let_in(self) -> None:
        for name in list(self._waiting):
            if self._free == 0:
                return
            waiting = next(iter(self._waiting[name]))
            if self.take_at_once(waiting.groups):
                self._strike(name, waiting)
                waiting.let_in.set()
                if name in self._waiting:
                    self._waiting.move_to_end(name)

    def _strike(self, name: Hashable, waiting: _Waiting) -> None:
        line = self._waiting[name]
        del line[waiting]
        if not line:
            del self._waiting[name]
