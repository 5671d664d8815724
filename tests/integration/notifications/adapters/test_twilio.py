"""What each answer of Twilio means, against a local server that checks what it is sent."""

import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from services.notifications.adapters.twilio import TwilioTexter
from services.notifications.errors import (
    InvalidPhoneNumberError,
    RecipientOptedOutError,
    TextMessageRefusedError,
    TextOutcomeUnknownError,
    TextProviderUnavailableError,
)
from shared.errors import OutcomeUnknown
from shared.http import HttpClient, ProviderUnreachable
from tests.integration.notifications.twilio_server import SENDER, SID, TOKEN, Answer, Twilio, twilio

TO, BODY = "+4930123456", "Your 2 tickets for Fête & Söhne, order BH-1: https://t.example/o/1?a=b"


@pytest.fixture
def server() -> Iterator[Twilio]:
    with twilio() as running:
        yield running


def texter(server: Twilio, token: str = TOKEN, total: float = 5.0) -> TwilioTexter:
    return TwilioTexter(HttpClient(server.url, total=total), account_sid=SID, auth_token=token, sender=SENDER)


def test_a_taken_text_message_returns_its_id(server: Twilio) -> None:
    """Sent as a form, with the account's credentials; the words arrive letter for letter."""
    sid = texter(server).send(TO, BODY)
    assert [(message["sid"], message["to"], message["body"]) for message in server.messages] == [(sid, TO, BODY)]


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (400, 21211, InvalidPhoneNumberError),
        (400, 21614, InvalidPhoneNumberError),
        (400, 21610, RecipientOptedOutError),
        (400, 21612, TextMessageRefusedError),
        (404, 20404, TextMessageRefusedError),
        (422, 99999, TextMessageRefusedError),
        (429, 20429, TextProviderUnavailableError),
        (500, 20500, TextProviderUnavailableError),
        (503, 20503, TextProviderUnavailableError),
        (504, 20504, TextOutcomeUnknownError),
    ],
)
def test_a_refusal_means_what_its_status_says(server: Twilio, status: int, code: int, error: type[Exception]) -> None:
    """4xx is for good, but for 429; a few codes say more."""
    server.answers = [Answer(status, {"code": code, "message": "words of theirs", "status": status})]
    with pytest.raises(error, match=f"{status}, code {code}: words of theirs") as caught:
        texter(server).send(TO, BODY)
    assert type(caught.value) is error


@pytest.mark.parametrize("body", ["<html>busy</html>", {"title": "Too Many Requests", "detail": "busy"}])
def test_retry_after_is_kept_whatever_the_body(server: Twilio, body: str | dict[str, str]) -> None:
    """Newer services answer as RFC 9457 has it, proxies in HTML."""
    server.answers = [Answer(429, body, {"Retry-After": "17"})]
    with pytest.raises(TextProviderUnavailableError, match="busy") as caught:
        texter(server).send(TO, BODY)
    assert caught.value.retry_after == 17


def test_wrong_credentials_are_a_refusal(server: Twilio) -> None:
    """And do not appear in it."""
    with pytest.raises(TextMessageRefusedError, match="401, code 20003") as caught:
        texter(server, token="not-the-token").send(TO, BODY)
    assert "not-the-token" not in str(caught.value)


@pytest.mark.parametrize("answer", [Answer(0, takes=True), Answer(201, "{", takes=True), Answer(201, {}, takes=True)])
def test_a_lost_or_unreadable_answer_leaves_the_outcome_unknown(server: Twilio, answer: Answer) -> None:
    """It was taken, and nobody told us."""
    server.answers = [answer]
    with pytest.raises(OutcomeUnknown):
        texter(server).send(TO, BODY)
    assert len(server.messages) == 1


def test_a_provider_that_is_not_there_has_taken_nothing() -> None:
    """Nobody was spoken to."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    absent = TwilioTexter(HttpClient(f"http://127.0.0.1:{port}"), account_sid=SID, auth_token=TOKEN, sender=SENDER)
    with pytest.raises(ProviderUnreachable):
        absent.send(TO, BODY)


def test_a_message_is_found_by_its_number_words_and_day(server: Twilio) -> None:
    """A trial account puts its own words before ours; other messages to the same number are others."""
    server.prefix = "Sent from your Twilio trial account - "
    server.take(TO, "Your tickets, order BH-2: https://t.example/o/2")
    server.take("+4930999999", BODY)
    server.take(TO, BODY, sent=datetime.now(UTC) - timedelta(days=9))
    wanted = server.take(TO, BODY)
    assert texter(server).find(TO, BODY, datetime.now(UTC)) == wanted["sid"]


def test_a_message_that_is_not_listed_is_none(server: Twilio) -> None:
    """Which is no proof that it was not sent."""
    assert texter(server).find(TO, BODY, datetime.now(UTC)) is None


@pytest.mark.parametrize("answer", [Answer(500), Answer(401), Answer(200, "{"), Answer(200, {"messages": "none"})])
def test_a_look_up_that_fails_finds_nothing_out(server: Twilio, answer: Answer) -> None:
    """It must not be taken for `not listed`."""
    server.answers = [answer]
    with pytest.raises(OutcomeUnknown):
        texter(server).find(TO, BODY, datetime.now(UTC))
