"""The lookout: finds what waits in the outbox, and remembers it. It owns its targets by session locks, so that of several
relays one chooses for each queue; the others stand by.
"""

from collections import defaultdict, deque
from collections.abc import Iterable
from time import monotonic
from uuid import UUID

from services.relay import looking
from services.relay.horizon import Horizon
from services.relay.repository import Connection
from services.relay.routes import Routes
from services.relay.waiting import LONGEST_LINE, Found, Waiting

LATE_SECONDS, SCAN_SECONDS, OWN_SECONDS = 1.0, 30.0, 1.0
SPACING = 20
"""Looks that get slow come less often: they take a twentieth of the time at most."""
MOST_HEARD = 1_000
"""Notifications that are kept while RabbitMQ is away. Of more, what they told is looked for."""
UNKNOWN = "unknown"
"""Whoever owns this ends what has no target."""


class Lookout:
    """`hear` from any thread; all else in the dispatcher's."""

    def __init__(self, routes: Routes, poll_seconds: float) -> None:
        self.waiting = Waiting(routes.target_of)
        self._routes, self._poll_seconds = routes, poll_seconds
        self._heard: deque[list[int]] = deque()
        self._must_look = False
        self._horizon = Horizon()
        self._owned: set[str] = set()
        self._targets: frozenset[str] = frozenset()
        self._next: dict[str, float] = {}

    def hear(self, ids: Iterable[int] = ()) -> None:
        """These rows were committed; without ids, something was."""
        given = list(ids)
        if given and len(self._heard) < MOST_HEARD:
            self._heard.append(given)
        else:
            self._must_look = True

    def begin(self, connection: Connection) -> None:
        """On a new connection everything is found anew: what was owned is not any more, and ids may have gone back."""
        looking.plan_by_index(connection)
        self.waiting.forget()
        self._owned.clear()
        self._next.clear()
        self._horizon = Horizon(looking.newest(connection))

    def is_known(self, target: str) -> bool:
        """Whether somebody takes what goes there."""
        return target in self._targets

    def scan_again(self) -> None:
        """Rows that were taken are back in the outbox, or never left it."""
        self._next.pop("scan", None)

    def look(self, connection: Connection, on_their_way: Iterable[int]) -> None:
        """Look wherever it is time to. `on_their_way` are ids that were taken and are not let go yet."""
        now = monotonic()
        if self._targets != self._routes.targets:
            self._targets = self._routes.targets
            self.waiting.forget(keep=on_their_way)
            self._next.clear()
        self._take_ownership(connection, now)
        if heard := [self._heard.popleft() for _ in range(len(self._heard))]:
            self._remember(looking.look_up(connection, [one for ids in heard for one in ids]))
        if self._must_look or self._is_due("newest", now):
            self._must_look = False
            self._look_at_newest(connection)
            self._put_off("newest", now, self._poll_seconds)
        if self._is_due("late", now):
            self._look_at_late(connection)
            self._put_off("late", now, LATE_SECONDS)
        if self._is_due("scan", now):
            self._scan(connection)
            self._put_off("scan", now, SCAN_SECONDS)
        for line in self.waiting.used_up():
            ids = looking.next_in_line(connection, line.destination, line.key, line.last)
            self.waiting.refill(line, ids, more=len(ids) == LONGEST_LINE)

    def _take_ownership(self, connection: Connection, now: float) -> None:
        wanted = [target for target in (*self._targets, UNKNOWN) if target not in self._owned]
        if not wanted or not self._is_due("own", now):
            return
        if gained := looking.own(connection, wanted):
            self._owned |= gained
            self.scan_again()
        self._put_off("own", now, OWN_SECONDS)

    def _owns(self, target: str) -> bool:
        return (target if target in self._targets else UNKNOWN) in self._owned

    def _remember(self, rows: Iterable[Found]) -> None:
        self.waiting.add(row for row in rows if self._owns(self._routes.target_of(row.destination)))

    def _look_at_newest(self, connection: Connection) -> None:
        while True:
            rows = looking.look_after(connection, self._horizon.high, 2**62)
            self._remember(rows)
            if rows:
                self._horizon.high = rows[-1].id
            if len(rows) < looking.LOOK_ROWS:
                return

    def _look_at_late(self, connection: Connection) -> None:
        """For rows whose transactions took longer than those of later ones."""
        horizon, was_settled = self._horizon, self._horizon.low is not None
        horizon.note(looking.snapshot(connection), monotonic())
        after, up_to = horizon.low, horizon.high
        if after is not None and not was_settled:
            self.scan_again()  # for what was under way at the first scan
        while after is not None and after < up_to:
            rows = looking.look_after(connection, after, up_to)
            self._remember(rows)
            if len(rows) < looking.LOOK_ROWS:
                return
            after = rows[-1].id

    def _scan(self, connection: Connection) -> None:
        """Everything, line by line: at the start, and as the net below the other looks."""
        rows = looking.scan(connection)
        self._remember(rows)
        lines: dict[tuple[str, UUID], list[Found]] = defaultdict(list)
        for row in rows:
            lines[row.destination, row.key].append(row)
        for line in lines.values():
            if len(line) == looking.SCAN_ROWS and self._owns(self._routes.target_of(line[-1].destination)):
                self.waiting.mark_more(line[-1])

    def _is_due(self, what: str, now: float) -> bool:
        return now >= self._next.get(what, 0.0)

    def _put_off(self, what: str, begun: float, seconds: float) -> None:
        self._next[what] = monotonic() + max(seconds, SPACING * (monotonic() - begun))
