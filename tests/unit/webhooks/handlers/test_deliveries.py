"""What an attempt makes of an answer, or of none."""

from dataclasses import dataclass
from uuid import UUID

import pytest

from services.webhooks.domain.deliveries import TRIES, Answer, Verdict
from services.webhooks.errors import (
    AddressRefusedError,
    InvalidUrlError,
    NoAnswerError,
    ReceiverRefusedError,
    ReceiverUnavailableError,
)
from services.webhooks.handlers.deliveries import INTERNAL_ERROR, Intent, attempt, failed_attempt


def intent(*, tries: int = 0, by_hand: bool = False) -> Intent:
    return Intent(UUID(int=1), UUID(int=2), "https://shop.example", "msg_1", "{}", "whsec_x", tries, by_hand)


@dataclass
class Answering:
    """A receiver with one answer, or one error."""

    with_: Answer | Exception

    def send(self, url: str, sent_id: str, body: str, secret: str) -> Answer:
        if isinstance(self.with_, Exception):
            raise self.with_
        return self.with_


@pytest.mark.parametrize(
    ("status", "verdict"), [(200, Verdict.DELIVERED), (204, Verdict.DELIVERED), (410, Verdict.GONE)]
)
def test_an_answer_that_ends_a_delivery_is_returned(status: int, verdict: Verdict) -> None:
    """Success, and the receiver's wish to hear no more."""
    assert attempt(Answering(Answer(status, "ok", 12)), intent()).verdict is verdict


@pytest.mark.parametrize(
    ("status", "asked", "tries", "retry_after"),
    [(500, None, 0, None), (503, 7.0, 0, 7.0), (503, 99.0, 0, 10.0), (429, None, 0, 60.0), (425, None, 3, None)],
)
def test_an_answer_that_asks_for_later_is_tried_again(
    status: int, asked: float | None, tries: int, retry_after: float | None
) -> None:
    """The error carries the wait, where it is not the schedule's own."""
    with pytest.raises(ReceiverUnavailableError) as raised:
        attempt(Answering(Answer(status, "no", 12, asked)), intent(tries=tries))
    assert (raised.value.status, raised.value.retry_after) == (status, retry_after)


@pytest.mark.parametrize("status", [301, 400, 404, 422])
def test_an_answer_that_refuses_is_tried_again(status: int) -> None:
    """Whoever is being deployed answers so for a while."""
    with pytest.raises(ReceiverUnavailableError, match=str(status)):
        attempt(Answering(Answer(status, "no", 12)), intent())


def test_nothing_is_tried_for_ever() -> None:
    """However often a delivery has waited in between, which begins its schedule anew."""
    with pytest.raises(ReceiverRefusedError, match="503"):
        attempt(Answering(Answer(503, "no", 12)), intent(tries=TRIES))


@pytest.mark.parametrize(("timed_out", "retry_after"), [(True, 60.0), (False, None)])
def test_no_answer_is_tried_again(timed_out: bool, retry_after: float | None) -> None:
    """Whoever is too slow is left alone for a minute."""
    silence = NoAnswerError("nothing came", duration_ms=18_000, timed_out=timed_out)
    with pytest.raises(ReceiverUnavailableError) as raised:
        attempt(Answering(silence), intent())
    assert (raised.value.retry_after, raised.value.duration_ms) == (retry_after, 18_000)


@pytest.mark.parametrize("error", [AddressRefusedError("not public"), InvalidUrlError("no URL")])
def test_an_address_that_may_not_be_called_fails_at_once(error: Exception) -> None:
    """It says why."""
    with pytest.raises(ReceiverRefusedError, match=str(error)):
        attempt(Answering(error), intent())


@pytest.mark.parametrize(
    ("with_", "verdict"),
    [
        (Answer(503, "busy", 12), Verdict.RETRY),
        (Answer(404, "no", 12), Verdict.RETRY),
        (NoAnswerError("nothing came", duration_ms=5), Verdict.RETRY),
        (AddressRefusedError("not public"), Verdict.FAILED),
    ],
)
def test_an_attempt_by_hand_raises_nothing(with_: Answer | Exception, verdict: Verdict) -> None:
    """It is one attempt: what raises would be scheduled again, or become a failed job of the operator's."""
    attempted = attempt(Answering(with_), intent(by_hand=True))
    assert (attempted.verdict, attempted.error is None) == (verdict, False)


def test_bug_is_logged_without_its_words() -> None:
    """The attempt is shown to the endpoint's owner, whom what is inside of Bellhop does not concern."""
    attempted = failed_attempt(RuntimeError("connection to 10.0.0.5 failed\x00\ud800"))
    assert (attempted.verdict, attempted.error) == (Verdict.RETRY, INTERNAL_ERROR)
