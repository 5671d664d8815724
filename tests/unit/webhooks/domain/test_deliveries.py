"""What an answer means, and when the next attempt is made."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.webhooks.domain.deliveries import (
    SCHEDULE,
    TRIES,
    DeliveryState,
    Verdict,
    as_text,
    describe,
    pause_after,
    settle,
    verdict_on,
)

PENDING, DELIVERED = DeliveryState.PENDING, DeliveryState.DELIVERED
FAILED, SKIPPED = DeliveryState.FAILED, DeliveryState.SKIPPED


@pytest.mark.parametrize(
    ("verdict", "statuses"),
    [
        (Verdict.DELIVERED, [200, 201, 202, 204, 299]),
        (Verdict.RETRY, [408, 425, 429, 500, 502, 503, 504, 599, 999]),
        (Verdict.RETRY, [101, 300, 301, 302, 307, 308, 400, 401, 403, 404, 405, 409, 413, 422, 451]),
        (Verdict.GONE, [410]),
    ],
)
def test_each_status_has_its_verdict(verdict: Verdict, statuses: list[int]) -> None:
    """As the specification says: all but success is tried again, and 410 ends the endpoint."""
    assert {verdict_on(status) for status in statuses} == {verdict}


@pytest.mark.parametrize(
    ("tries", "status", "asked", "timed_out", "pause"),
    [
        (1, 503, None, False, None),
        (1, None, None, False, None),
        (1, None, None, True, 60.0),
        (2, None, None, True, 300.0),
        (1, 429, None, False, 60.0),
        (1, 429, 8.0, False, 60.0),
        (2, 429, 400.0, False, 400.0),
        (2, 503, 10.0, False, 300.0),
        (2, 503, 450.0, False, 450.0),
        (2, 503, 86_400.0, False, 600.0),
        (7, 503, 40_000.0, False, 40_000.0),
        (9, 429, None, False, 36_000.0),
    ],
)
def test_the_pause_follows_schedule_receiver_and_load(
    tries: int, status: int | None, asked: float | None, timed_out: bool, pause: float | None
) -> None:
    """None is the schedule's own; Retry-After counts between once and twice of it; load costs a minute at least."""
    assert pause_after(tries, status=status, asked=asked, timed_out=timed_out) == pause


@given(st.integers(1, 20), st.floats(0, 1e9))
def test_a_receiver_can_neither_hurry_nor_stop_us(tries: int, asked: float) -> None:
    """Whatever Retry-After says, the wait is between once and twice the schedule's."""
    base = SCHEDULE[min(tries, len(SCHEDULE)) - 1]
    pause = pause_after(tries, status=503, asked=asked, timed_out=False)
    assert pause is not None
    assert base <= pause <= 2 * base


def test_the_schedule_has_eight_tries_in_a_day_and_a_bit() -> None:
    """The first at once, the last after 27.6 hours."""
    assert (TRIES, round(sum(SCHEDULE) / 3600, 1)) == (8, 27.6)


@pytest.mark.parametrize(
    ("current", "verdict", "final", "by_hand", "state"),
    [
        (PENDING, Verdict.DELIVERED, False, False, DELIVERED),
        (FAILED, Verdict.DELIVERED, False, True, DELIVERED),
        (SKIPPED, Verdict.DELIVERED, False, True, DELIVERED),
        (PENDING, Verdict.RETRY, False, False, PENDING),
        (PENDING, Verdict.RETRY, True, False, FAILED),
        (PENDING, Verdict.FAILED, True, False, FAILED),
        (PENDING, Verdict.GONE, True, False, FAILED),
        (DELIVERED, Verdict.RETRY, True, False, DELIVERED),
        (PENDING, Verdict.FAILED, True, True, PENDING),
        (FAILED, Verdict.RETRY, True, True, FAILED),
    ],
)
def test_an_attempt_moves_its_delivery(
    current: DeliveryState, verdict: Verdict, final: bool, by_hand: bool, state: DeliveryState
) -> None:
    """Success always counts; a failure only where no attempt follows, and never one made by hand."""
    assert settle(current, verdict, final=final, by_hand=by_hand) is state


def test_a_redirect_says_what_to_do() -> None:
    """It is the one refusal that an owner does not expect."""
    assert "redirects are not followed" in describe(302)


@given(st.binary(max_size=5000))
def test_any_answer_becomes_text_that_can_be_stored(body: bytes) -> None:
    """Rubbish, NUL and more than is kept."""
    text = as_text(body)
    assert "\x00" not in text
    assert len(text) <= 2048
