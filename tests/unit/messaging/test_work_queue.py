"""The queue between consumers and threads: its order, and that whoever waits on it can be stopped."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty
from threading import Event, Thread
from time import monotonic, sleep
from types import SimpleNamespace
from typing import Any

import pytest

from shared.messaging.work_queue import HELD_SECONDS, SETTLE_SECONDS, StrictWorkQueue, WorkQueue
from tests.support.waiting import wait_for

MAILS, PHOTOS, REST = "toyshop.mails", "toyshop.photos", "toyshop.rest"
TAKERS = 8


class Clock:
    """The monotonic clock, as the test sets it."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


def item(queue: str, number: int = 0) -> Any:
    """What Dramatiq puts into its work queue."""
    return SimpleNamespace(message=SimpleNamespace(queue_name=queue, number=number))


def strict(threads: int = 4, clock: Callable[[], float] = monotonic) -> StrictWorkQueue:
    """Three queues, of which four messages each may be here."""
    return StrictWorkQueue(dict.fromkeys((MAILS, PHOTOS, REST), 4), threads, clock)


@contextmanager
def busy_processor(stop: Event) -> Iterator[None]:
    """Two threads that leave Python to others only when they must: who is woken gets on late."""

    def work() -> None:
        while not stop.is_set():
            sum(range(2_000))

    threads = [Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def take_as_dramatiq_does(queue: Any, stop: Event, timeout: float) -> None:
    while not stop.is_set():
        try:
            queue.get(timeout=timeout)
        except Empty:
            continue


def race(queue: WorkQueue) -> int:
    """Items come while threads wait for them with time-outs of their length. How many threads wait on after the stop."""
    stop = Event()
    takers = [Thread(target=take_as_dramatiq_does, args=(queue, stop, 0.005), daemon=True) for _ in range(TAKERS)]
    with busy_processor(stop):
        for taker in takers:
            taker.start()
        end = monotonic() + 0.5
        while monotonic() < end:
            queue.put(item(MAILS))
            sleep(0.001)
    queue.close(TAKERS)
    end = monotonic() + 20  # one whose time-out was lost waits for ever
    for taker in takers:
        taker.join(max(0.0, end - monotonic()))
    return sum(taker.is_alive() for taker in takers)


@pytest.mark.parametrize("make", [WorkQueue, strict], ids=["plain", "strict"])
def test_every_thread_that_waits_is_stopped_at_once(make: Callable[[], WorkQueue]) -> None:
    """A thread whose time-out was lost would hold up the stop of its process for the whole grace period."""
    left = [race(make()) for _ in range(6)]

    assert left == [0] * 6


@pytest.mark.parametrize("make", [WorkQueue, strict], ids=["plain", "strict"])
def test_closed_queue_gives_out_nothing_but_what_is_left(make: Callable[[], WorkQueue]) -> None:
    """Threads get nothing more; what was fetched is there to be handed back."""
    queue = make()
    for number in range(3):
        queue.put(item(MAILS, number))

    queue.close(1)

    with pytest.raises(Empty):
        queue.get(timeout=1)
    assert [queue.get_nowait().message.number for _ in range(3)] == [0, 1, 2]


def test_items_come_in_their_order() -> None:
    queue = WorkQueue()
    for number in range(3):
        queue.put(item(MAILS, number))
    first = queue.get_nowait()

    rest = [queue.get(), queue.get()]

    assert [one.message.number for one in (first, *rest)] == [0, 1, 2]
    assert queue.qsize() == 0
    with pytest.raises(Empty):
        queue.get_nowait()


def test_earlier_queues_go_first() -> None:
    """Whatever came before from a later one."""
    queue = strict()
    for name in (REST, PHOTOS, MAILS, PHOTOS, MAILS):
        queue.put(item(name))

    taken = [queue.get().message.queue_name for _ in range(5)]

    assert taken == [MAILS, MAILS, PHOTOS, PHOTOS, REST]


def test_next_of_an_earlier_queue_is_waited_for_while_it_may_be_on_its_way() -> None:
    """As many mails were here as may be, so RabbitMQ may have more; a moment later it has not. Fewer say there are none."""
    clock = Clock()
    queue = strict(clock=clock)
    for name in [MAILS] * 4 + [PHOTOS]:
        queue.put(item(name))
    mails = [queue.get() for _ in range(4)]
    while_full = queue._next()
    clock.seconds += SETTLE_SECONDS
    settled = queue.get().message.queue_name
    for name in (MAILS, PHOTOS):
        queue.put(item(name))
    others = [queue.get().message.queue_name for _ in range(2)]

    assert (len(mails), while_full, settled, others) == (4, None, PHOTOS, [MAILS, PHOTOS])


def test_what_is_taken_along_and_given_back_is_counted_once() -> None:
    """A queue that seemed full for ever would keep all later ones from beginning."""
    queue = strict()
    for number in range(3):
        queue.put(item(MAILS, number))
    queue.get()
    along = [queue.get_nowait(), queue.get_nowait()]
    queue.put(along[1])
    during = list(queue._held)
    queue.get()
    after = list(queue._held)
    queue.put(item(PHOTOS))

    assert (during, after, queue.get().message.queue_name) == ([3, 0, 0], [1, 0, 0], PHOTOS)


def test_one_thread_is_kept_for_the_first_queue() -> None:
    """Long jobs of the later queues never hold them all."""
    queue, taken, leave = strict(threads=3), list[str](), Event()

    def work() -> None:
        taken.append(queue.get().message.queue_name)
        leave.wait(30)

    threads = [Thread(target=work) for _ in range(3)]
    for name in (PHOTOS, REST, PHOTOS):
        queue.put(item(name))
    for thread in threads:
        thread.start()
    wait_for(lambda: len(taken) == 2, what="two threads to take something")
    queue.put(item(MAILS))
    wait_for(lambda: len(taken) == 3, what="the third to take the mail")
    leave.set()
    for thread in threads:
        thread.join()

    assert (taken, queue.qsize()) == ([PHOTOS, PHOTOS, MAILS], 1)


def test_single_thread_serves_all_queues() -> None:
    queue = strict(threads=1)
    queue.put(item(REST))

    assert queue.get().message.queue_name == REST


def test_what_waits_behind_earlier_queues_is_for_others_after_a_while() -> None:
    """Never what the first queue has; and it is all taken at once."""
    clock = Clock()
    queue = strict(clock=clock)
    for name in (MAILS, PHOTOS, PHOTOS):
        queue.put(item(name))
    clock.seconds += HELD_SECONDS - 0.1
    before = queue.waits_in_vain(PHOTOS)
    clock.seconds += 0.1

    after = {name: queue.waits_in_vain(name) for name in (MAILS, PHOTOS, REST)}

    assert (before, after) == (False, {MAILS: False, PHOTOS: True, REST: False})
    assert len(queue.take_back(PHOTOS)) == 2
    assert queue.qsize() == 1


def test_later_queue_has_room_where_a_thread_would_begin() -> None:
    """One that waits, and is not wanted by what is here already."""
    queue = strict(threads=2)
    without = queue.has_room(PHOTOS)
    thread = Thread(target=queue.get, daemon=True)
    thread.start()
    wait_for(lambda: queue.has_room(PHOTOS), what="a thread to wait")
    queue.put(item(MAILS))
    thread.join(10)

    assert (without, queue.has_room(PHOTOS)) == (False, False)


def test_process_that_starts_looks_at_its_queues_in_order() -> None:
    """Unless an earlier one cannot be looked at: then it is not waited for long."""
    clock = Clock()
    queue = strict(clock=clock)
    at_first = [queue.may_begin(name) for name in (MAILS, PHOTOS, REST)]
    queue.looked(MAILS)
    then = [queue.may_begin(name) for name in (MAILS, PHOTOS, REST)]
    clock.seconds += HELD_SECONDS

    at_last = queue.may_begin(REST)

    assert (at_first, then, at_last) == ([True, False, False], [True, True, False], True)
