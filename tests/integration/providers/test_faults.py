"""What a local provider can be told to do wrong."""

import time

import pytest

from deploy.local.providers.client import Calcom
from shared.errors import OutcomeUnknown
from tests.integration.providers.conftest import Api, Taker, workday
from tests.support.waiting import wait_for


def test_a_lost_answer_leaves_the_booking(calcom: Calcom, api: Api) -> None:
    """The work is done, the connection cut: the client cannot know. Only as often as was told."""
    calcom.lose("book", times=1)
    with pytest.raises(OutcomeUnknown):
        api.book(workday())
    assert (len(calcom.standing()), api.book(workday(11)).status) == (1, 201)


def test_a_refused_connection_leaves_nothing(calcom: Calcom, api: Api) -> None:
    """Cut before any work: to the client it looks the same."""
    calcom.refuse("book", times=1)
    with pytest.raises(OutcomeUnknown):
        api.book(workday())
    assert (calcom.bookings(), calcom.requests("book")[0]["status"]) == ([], 0)


@pytest.mark.parametrize(("works", "booked"), [(False, 0), (True, 1)])
def test_a_failure_may_come_before_or_after_the_work(calcom: Calcom, api: Api, works: bool, booked: int) -> None:
    """With the status and the headers that were told."""
    calcom.fail("book", 503, works=works, headers={"Retry-After": "7"}, times=1)
    answer = api.book(workday())
    assert (answer.status, answer.retry_after, len(calcom.standing())) == (503, 7.0, booked)


def test_slow_operations_wait(calcom: Calcom, api: Api) -> None:
    """Those that were named, until told to behave."""
    calcom.slow("book", 2)
    began = time.monotonic()
    api.booked(workday())
    slow = time.monotonic() - began
    calcom.behave()
    began = time.monotonic()
    api.booked(workday(11))
    assert (slow >= 2, time.monotonic() - began < 2) == (True, True)


def test_a_webhook_may_come_before_the_answer(calcom: Calcom, api: Api, taker: Taker) -> None:
    """Slow after the work: the webhook is there while the client still waits."""
    calcom.subscribe(taker.url, "secret")
    calcom.slow("book", 0.5, works=True)
    began = time.monotonic()
    calcom_answers = api.book(workday()).status
    waited = time.monotonic() - began
    assert (calcom_answers, taker.events(), waited >= 0.5) == (201, ["BOOKING_CREATED"], True)


def test_faults_are_used_up_one_after_the_other(calcom: Calcom, api: Api) -> None:
    """Two that spoil an answer hit two requests; a slow one comes on top."""
    calcom.fail("me", 500, times=1)
    calcom.fail("me", 502, times=1)
    calcom.slow("me", 0.2, times=1)
    began = time.monotonic()
    answers = [api.ask("GET", "/v2/me").status for _ in range(3)]
    assert (answers, time.monotonic() - began >= 0.2) == ([500, 502, 200], True)


def test_a_rate_hits_some_of_many(calcom: Calcom, api: Api) -> None:
    """About as many as was told."""
    calcom.limit(1000)
    calcom.fail("me", 500, rate=0.5)
    failed = sum(api.ask("GET", "/v2/me").status == 500 for _ in range(100))
    assert 20 < failed < 80


def test_everything_is_as_before_after_a_reset(calcom: Calcom, api: Api) -> None:
    """Faults, bookings, what was seen."""
    calcom.fail("*", 500)
    api.book(workday())
    calcom.reset()
    assert (calcom.bookings(), calcom.counts(), api.book(workday()).status) == ([], {}, 201)


def test_waiting_ends_with_the_condition(calcom: Calcom, api: Api, taker: Taker) -> None:
    """A webhook that is late comes late; the deliveries can be asked for."""
    calcom.subscribe(taker.url, "secret")
    calcom.send_webhooks(delay=0.4)
    began = time.monotonic()
    api.booked(workday())
    wait_for(lambda: taker.taken, 5, "the webhook")
    waited = time.monotonic() - began
    wait_for(lambda: calcom.webhooks()[0]["is_over"], 5, "its answer")
    assert (waited >= 0.4, calcom.webhooks()[0]["statuses"]) == (True, [200])
