"""Four desks on one database, and what a test asks of them."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from shared.messaging.outbox import publish
from tests.integration.messaging.policies.actors import EVERY_KEY
from tests.integration.messaging.policies.contracts import Job
from tests.support.databases import Database
from tests.support.processes import Process, Processes
from tests.support.waiting import wait_for

DESKS = 4
MODULE = "tests.integration.messaging.policies.desk"


@dataclass
class Crew:
    """The desks run from the first test to the last; one that a test kills is replaced."""

    database: Database
    processes: Processes
    desks: list[Process] = field(default_factory=list)

    def start(self) -> None:
        """Have four desks running."""
        self.desks = [desk for desk in self.desks if desk.is_alive]
        while len(self.desks) < DESKS:
            self.desks.append(self.processes.start(MODULE, DATABASE_URL=self.database.service_url("toyshop")))
        wait_for(self._all_are_working, 25, "the desks to work")

    def _all_are_working(self) -> bool:
        found = self.query("SELECT pid FROM toyshop.desk")
        return {desk.pid for desk in self.desks} <= {row[0] for row in found}

    def rest(self) -> None:
        """Let every job end that still stands at a gate, and forget the rest: the next test begins anew."""
        self.open_gate(EVERY_KEY)
        self.query("DELETE FROM messaging.scheduled")
        wait_for(lambda: not self.query("SELECT 1 FROM messaging.outbox"), 25, "the outbox to be empty")
        self.query("DELETE FROM messaging.scheduled")
        self.query("DELETE FROM toyshop.gate")

    def kill(self, pid: int) -> None:
        """Kill -9 the desk with this pid."""
        next(desk for desk in self.desks if desk.pid == pid).kill()

    def lose(self, pid: int, kind: str) -> None:
        """Kill the desk, and let the one message of this kind that it holds be lost with it: nobody gets it again.

        Whoever waits for a row alone may be overtaken by a desk; behind who waits for the table they all queue.
        """
        delete = f"""DO $$ BEGIN
            LOCK TABLE messaging.outbox IN EXCLUSIVE MODE; DELETE FROM messaging.outbox WHERE kind = '{kind}';
        END $$"""
        waiting = """SELECT 1 FROM pg_stat_activity
            WHERE datname = current_database() AND backend_type = 'client backend' AND wait_event_type = 'Lock'
            AND query LIKE %s"""
        with ThreadPoolExecutor(1) as pool:
            deleted = pool.submit(self.query, delete)
            wait_for(lambda: self.query(waiting, "DO $$ BEGIN%"), 20, "the deletion to be next")
            self.kill(pid)
            deleted.result(20)

    def publish(self, *messages: Job, **options: Any) -> list[UUID]:
        """Publish in one transaction."""
        with self.database.work("toyshop")() as session:
            return [publish(session, message, **options) for message in messages]

    def open_gate(self, key: str) -> None:
        self.database.query("INSERT INTO toyshop.gate (key) VALUES (%s)", key)

    def runs(self, key: str) -> list[tuple[int, int]]:
        """(number, pid) of every start of a handler, in order."""
        return [
            (row[0], row[1])
            for row in self.query("SELECT number, pid FROM toyshop.run WHERE key = %s ORDER BY id", key)
        ]

    def wait_for_runs(self, key: str, count: int, seconds: float = 25) -> list[tuple[int, int]]:
        return (
            wait_for(lambda: len(found := self.runs(key)) >= count and found, seconds, f"{count} runs of {key}") or []
        )

    def done(self, key: str) -> list[int]:
        """The numbers of the jobs that are done, sorted, each as often as it was done."""
        return [row[0] for row in self.query("SELECT number FROM toyshop.done WHERE key = %s ORDER BY number", key)]

    def wait_until_done(self, key: str, numbers: Iterable[int], seconds: float = 25) -> list[int]:
        """Wait until at least so many are done and nothing of theirs waits."""
        count = len(list(numbers))
        wait_for(lambda: len(self.done(key)) >= count, seconds, f"{count} of {key} done")
        wait_for(lambda: not self.is_under_way(key), 20, f"the outbox to have nothing of {key}")
        return self.done(key)

    def is_under_way(self, key: str) -> bool:
        """True if a job of this key is being worked on, or about to be."""
        found = "SELECT 1 FROM messaging.outbox WHERE position(convert_to(%s, 'UTF8') IN body) > 0"
        return bool(self.query(found, f'"key":"{key}"'))

    def most_at_once(self, key: str) -> int:
        """How many handlers of a key ran at the same time at most. A run without an end was killed."""
        statement = """
            SELECT max((SELECT count(*) FROM toyshop.run AS other WHERE other.key = one.key
                        AND other.began <= one.began AND other.ended > one.began))
            FROM toyshop.run AS one WHERE key = %s"""
        return int(self.query(statement, key)[0][0])

    def most_admitted_in_a_second(self, key: str) -> int:
        """In any window. That a start is written down a little after its admission, which may be in the next window, is
        no excess; that it is written down before its window, or long after, would be one.
        """
        statement = """
            SELECT max(count), min(earliest), max(latest) FROM (
                SELECT count(*), min(extract(epoch FROM at) - "window") AS earliest,
                       max(extract(epoch FROM at) - "window") AS latest
                FROM toyshop.admitted WHERE key = %s GROUP BY "window") AS windows"""
        ((most, earliest, latest),) = self.query(statement, key)
        assert (earliest >= 0, latest < 3) == (True, True)
        return int(most)

    def snoozes(self, message_ids: list[UUID]) -> list[int]:
        """How often each of these messages that was put back at all was put back, sorted."""
        statement = """
            SELECT count(*) FROM messaging.attempt WHERE message_id = ANY(%s) AND outcome = 'snoozed'
            GROUP BY message_id ORDER BY 1"""
        return [row[0] for row in self.query(statement, message_ids)]

    def let_leases_end(self, key: str, seconds: float) -> None:
        """Move the clock on for the holders of a key, and for those that wait for their leases."""
        moved = "- make_interval(secs => %s)"
        self.query(
            f"UPDATE messaging.place SET expires_at = expires_at {moved} WHERE key = %s AND NOT is_waiting",
            seconds,
            key,
        )
        self.query(f"UPDATE messaging.scheduled SET due_at = due_at {moved} WHERE reason = 'snoozed'", seconds)

    def query(self, statement: str, *parameters: Any) -> list[Any]:
        return self.database.query(statement, *parameters)
