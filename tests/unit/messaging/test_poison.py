"""The crowd: messages run beside each other, or one of them alone."""

from threading import Event, Thread

import pytest

from shared.messaging.poison import Crowd
from shared.messaging.time_limits import StoppedError
from tests.support.waiting import wait_for


def test_messages_run_beside_each_other() -> None:
    """As many as there are threads."""
    crowd = Crowd()

    with crowd.beside_others(), crowd.beside_others():
        running = crowd._running

    assert (running, crowd._running) == (2, 0)


def test_suspects_run_one_after_the_other() -> None:
    """Each of them alone, so that a death has one cause."""
    crowd, order = Crowd(), []
    inside, leave = Event(), Event()

    def suspect(name: str) -> None:
        with crowd.alone():
            order.append(f"{name} begins")
            inside.set()
            leave.wait(10)
            order.append(f"{name} ends")

    threads = [Thread(target=suspect, args=(name,)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    inside.wait(10)
    leave.set()
    for thread in threads:
        thread.join(10)

    assert [entry.split()[1] for entry in order] == ["begins", "ends", "begins", "ends"]
    assert (crowd._alone, crowd._running) == (False, 0)


@pytest.mark.parametrize("waits_as", ["beside_others", "alone"])
def test_whoever_waits_is_released_by_a_stop(waits_as: str) -> None:
    """It has not begun, so it is handed back."""
    crowd, ends = Crowd(), []

    def wait() -> None:
        try:
            with getattr(crowd, waits_as)():
                ends.append("ran")
        except StoppedError:
            ends.append("stopped")

    with crowd.alone():
        thread = Thread(target=wait)
        thread.start()
        crowd.stop()
        wait_for(lambda: ends, what="the end of the wait")
    thread.join(10)

    assert ends == ["stopped"]


def test_error_inside_frees_the_place() -> None:
    """A suspect that fails does not lock the process."""
    crowd = Crowd()
    with pytest.raises(ZeroDivisionError), crowd.alone():
        raise ZeroDivisionError
    with pytest.raises(ZeroDivisionError), crowd.beside_others():
        raise ZeroDivisionError

    assert (crowd._alone, crowd._running) == (False, 0)


def test_suspect_that_is_stopped_while_it_waits_for_others_frees_its_place() -> None:
    """It had announced itself already."""
    crowd = Crowd()
    with crowd.beside_others():
        crowd.stop()
        with pytest.raises(StoppedError), crowd.alone():
            pytest.fail("it ran beside another")

    assert not crowd._alone
