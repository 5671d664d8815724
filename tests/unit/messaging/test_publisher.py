"""Receipts: what became of a batch."""

from threading import Thread
from time import monotonic

from shared.messaging.receipts import Publication, Receipt, wait_for_all
from tests.support.waiting import wait_for


def batch(count: int) -> Receipt:
    return Receipt([Publication("", "toyshop.default", b"")] * count)


def test_batch_is_complete_when_each_has_its_answer() -> None:
    """A refusal is one, a return is not: it is confirmed besides."""
    receipt = batch(3)
    receipt.answer("returned", [0])
    receipt.answer("confirmed", [0, 1])
    before = receipt.complete

    receipt.answer("refused", [2])

    assert (before, receipt.complete) == (False, True)


def test_lost_batch_is_complete() -> None:
    """No further answer comes. It stays barred once RabbitMQ has closed the channel over it."""
    receipt = batch(2)
    receipt.lose(barred=True)
    receipt.lose()

    assert (receipt.complete, receipt.lost, receipt.barred) == (True, True, True)


def test_waiting_ends_with_the_last_answer() -> None:
    """Not at its deadline."""
    receipt, answers = batch(1), []
    thread = Thread(target=lambda: answers.append(receipt.wait(20)))
    thread.start()

    receipt.answer("confirmed", [0])
    thread.join(10)

    assert answers == [True]


def test_waiting_ends_at_its_deadline() -> None:
    """And says that something is missing."""
    assert batch(1).wait(0.01) is False


def test_several_batches_are_waited_for_together() -> None:
    """Whatever the order of their answers."""
    first, second = batch(1), batch(1)
    thread = Thread(target=wait_for_all, args=([first, second], 20))
    thread.start()
    second.answer("confirmed", [0])
    first.answer("confirmed", [0])
    thread.join(10)

    assert not thread.is_alive()


def test_stall_ends_the_waiting() -> None:
    """Others were confirmed and then nothing came: what is missing hangs on its own queue."""
    silent, quick = batch(1), batch(1)
    quick.answer("confirmed", [0])
    began = monotonic()

    wait_for_all([silent, quick], total=20, stall=0.1)

    assert monotonic() - began < 15


def test_silence_of_all_is_no_stall() -> None:
    """A broker that says nothing at all may be busy: it gets the whole time."""
    began = monotonic()

    wait_for_all([batch(1), batch(1)], total=0.6, stall=0.01)

    assert monotonic() - began >= 0.6


def test_answers_of_many_threads_are_counted() -> None:
    """The publisher's thread writes while others read."""
    receipt = batch(1_000)
    for index in range(1_000):
        receipt.answer("confirmed", [index])

    assert wait_for(lambda: receipt.complete)
    assert receipt.answered == 1_000
