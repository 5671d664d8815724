"""Poison: what kills its worker each time is dead-lettered after five unfinished starts, and nothing beside it."""

from contextlib import suppress
from threading import Barrier, Event, Thread
from typing import Any
from uuid import UUID

import pytest

from shared.ids import new_id
from shared.messaging.poison import MAX_UNFINISHED_STARTS
from shared.messaging.runner import Ending, Runner
from shared.messaging.time_limits import StoppedError
from tests.integration.messaging.bench import Bench, Died, delivery_of, toy_actor
from tests.toyshop.contracts import MakeToy, ToyFailed

POISON = 0


def die(*_: object) -> None:
    raise Died


def start_and_die(bench: Bench, message_id: UUID) -> None:
    """One more start of this message that nobody ends."""
    with pytest.raises(Died):
        bench.run(toy_actor(die), delivery_of(MakeToy(number=1), message_id=message_id, redelivered=True))


def test_fifth_unfinished_start_is_the_last(bench: Bench) -> None:
    """The next delivery is not started: it ends as a failed job, with its notice."""
    message_id = new_id()
    for _ in range(MAX_UNFINISHED_STARTS):
        start_and_die(bench, message_id)

    ending = bench.run(toy_actor(die), delivery_of(MakeToy(number=1), message_id=message_id, redelivered=True))

    assert ending is Ending.SETTLED
    assert bench.database.query("SELECT reason, message_id FROM messaging.failed_job") == [("poison", message_id)]
    assert bench.outbox_kinds() == [ToyFailed.kind]
    assert bench.starts() == []


def test_first_delivery_is_not_counted(bench: Bench) -> None:
    """The happy path costs nothing: only what comes back is suspected."""
    with pytest.raises(Died):
        bench.run(toy_actor(die), delivery_of(MakeToy(number=1)))

    assert bench.starts() == []


@pytest.mark.parametrize("outcome", ["done", "retry", "failed"])
def test_any_outcome_strikes_the_starts_out(bench: Bench, outcome: str) -> None:
    """Whoever ends once is no poison, however badly it ends."""
    errors: dict[str, Any] = {"done": None, "retry": ZeroDivisionError(), "failed": KeyError()}
    message_id = new_id()
    start_and_die(bench, message_id)

    def end(*_: object) -> None:
        if errors[outcome]:
            raise errors[outcome]

    declaration = toy_actor(end, permanent=[KeyError])
    bench.run(declaration, delivery_of(MakeToy(number=1), message_id=message_id, redelivered=True))

    assert bench.starts() == []


def test_stopped_run_is_not_counted(bench: Bench) -> None:
    """A process that is told to stop hands back what it had begun: that is no death."""
    message_id = new_id()
    start_and_die(bench, message_id)

    def stopped(*_: object) -> None:
        raise StoppedError

    again = delivery_of(MakeToy(number=1), message_id=message_id, redelivered=True)
    ending = bench.run(toy_actor(stopped), again)

    assert ending is Ending.HAND_BACK
    assert bench.starts() == [(message_id, 1)]


def test_suspect_runs_alone_in_its_process(bench: Bench) -> None:
    """It waits until those that run have ended, and nobody starts beside it."""
    message_id, others, alone, go = new_id(), Event(), Event(), Event()
    order: list[str] = []
    start_and_die(bench, message_id)
    runner = bench.runner()

    def work(name: str, started: Event, wait: Event) -> Any:
        def do(*_: object) -> None:
            started.set()
            order.append(f"{name} begins")
            assert wait.wait(10)
            order.append(f"{name} ends")

        return toy_actor(do)

    threads = [Thread(target=runner.run, args=(work("first", others, go), delivery_of(MakeToy(number=2))))]
    threads[0].start()
    others.wait(10)
    suspect = delivery_of(MakeToy(number=1), message_id=message_id, redelivered=True)
    threads += [
        Thread(target=runner.run, args=(work("suspect", alone, go), suspect)),
        Thread(target=runner.run, args=(work("second", Event(), go), delivery_of(MakeToy(number=3)))),
    ]
    threads[1].start()
    while not runner.crowd._alone:
        Event().wait(0.005)
    threads[2].start()
    go.set()
    for thread in threads:
        thread.join(10)

    assert order.index("first ends") < order.index("suspect begins")
    assert order.index("suspect ends") == order.index("suspect begins") + 1


class Generation:
    """One process with eight threads: when the poison in it dies, all that it was doing dies with it."""

    def __init__(self, bench: Bench) -> None:
        self.runner: Runner = bench.runner()
        self.dead = Event()
        self.together = Barrier(8)

    def do(self, message: MakeToy, _: object) -> None:
        if message.number == POISON:
            self.runner.crowd.stop()  # nothing begins in a process that is dead
            self.dead.set()
            raise Died
        if self.dead.wait(0.3):
            raise Died

    def run(self, numbers: dict[int, UUID], redelivered: bool) -> None:
        def deliver(number: int, message_id: UUID) -> None:
            delivery = delivery_of(MakeToy(number=number), message_id=message_id, redelivered=redelivered)
            with suppress(Died):
                self.runner.run(toy_actor(self.do), delivery)

        threads = [Thread(target=deliver, args=pair) for pair in numbers.items()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)


def test_neighbours_of_poison_are_unharmed(bench: Bench) -> None:
    """Seven messages start beside the poison and die with it: they all end well, and it alone is failed."""
    numbers = {number: new_id() for number in range(8)}
    redelivered = False
    for _ in range(20):
        Generation(bench).run(numbers, redelivered)
        redelivered = True
        ended = {row[0] for row in bench.database.query("SELECT message_id FROM messaging.inbox")}
        numbers = {number: message_id for number, message_id in numbers.items() if message_id not in ended}
        if not numbers:
            break

    assert sorted(bench.effects()) == [(number, "made") for number in range(1, 8)]
    assert bench.database.query("SELECT reason, attempts FROM messaging.failed_job") == [("poison", 0)]
