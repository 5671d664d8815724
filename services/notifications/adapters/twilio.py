"""Twilio's Messages API, 2010-04-01: https://www.twilio.com/docs/messaging/api/message-resource."""

import base64
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from services.notifications.errors import (
    InvalidPhoneNumberError,
    RecipientOptedOutError,
    TextMessageRefusedError,
    TextOutcomeUnknownError,
    TextProviderUnavailableError,
)
from shared.errors import BellhopError
from shared.http import HttpClient, Response

LISTED = "100"
"""Messages of one list page. Far more than one telephone is sent in two days."""

BY_CODE: Mapping[int, type[BellhopError]] = {
    21211: InvalidPhoneNumberError,
    21217: InvalidPhoneNumberError,
    21614: InvalidPhoneNumberError,
    21610: RecipientOptedOutError,
}
"""Codes that say more than their status. Twilio splits codes without notice, so any other 4xx is a refusal too."""


class TwilioTexter:
    """Sends text messages from one number of one account. `http` has the account's base address."""

    def __init__(self, http: HttpClient, *, account_sid: str, auth_token: str, sender: str) -> None:
        credentials = base64.b64encode(f"{account_sid}:{auth_token}".encode()).decode("ascii")
        self._http = http
        self._path = f"/2010-04-01/Accounts/{account_sid}/Messages.json"
        self._headers = {"Authorization": f"Basic {credentials}"}
        self._sender = sender

    def send(self, to: str, body: str) -> str:
        """Send one text message; returns Twilio's id of it.

        Raises what BY_CODE names, TextMessageRefusedError for every other refusal, TextProviderUnavailableError and
        ProviderUnreachable where it surely was not taken, OutcomeUnknown where it may have been.
        """
        form = {"To": to, "From": self._sender, "Body": body}
        response = self._http.request("POST", self._path, headers=self._headers, form=form)
        if not response.is_success:
            raise _refusal(response)
        sid = _member(response.json(), "sid")
        if not sid:
            raise TextOutcomeUnknownError(f"Twilio answered {response.status} without naming a message")
        return str(sid)

    def find(self, to: str, body: str, since: datetime) -> str | None:
        """The id of a message with these words that was sent there since then, or None if Twilio lists none.

        A trial account puts words of its own before ours. Raises TextOutcomeUnknownError if Twilio gives no list,
        and what HttpClient raises.
        """
        day_before = (since - timedelta(days=1)).date().isoformat()
        params = {"To": to, "DateSent>": day_before, "PageSize": LISTED}
        response = self._http.request("GET", self._path, headers=self._headers, params=params)
        if not response.is_success:
            raise TextOutcomeUnknownError(f"Twilio gives no list of messages: {_words(response)}")
        listed = _member(response.json(), "messages")
        if not isinstance(listed, list):
            raise TextOutcomeUnknownError("Twilio's list of messages has another shape than we know")
        found = (_member(message, "sid") for message in listed if str(_member(message, "body")).endswith(body))
        return next((str(sid) for sid in found if sid), None)


def _refusal(response: Response) -> BellhopError:
    """What a status other than 2xx means. A gateway's time-out (504) says nothing about what is behind the gateway."""
    words = _words(response)
    if response.status == 504:
        return TextOutcomeUnknownError(words, retry_after=response.retry_after)
    if response.status == 429 or response.status >= 500:
        return TextProviderUnavailableError(words, retry_after=response.retry_after)
    code = _code(response)
    return BY_CODE.get(code, TextMessageRefusedError)(words)


def _code(response: Response) -> int:
    found = _member(_json(response), "code")
    return found if isinstance(found, int) else 0


def _words(response: Response) -> str:
    """Status, code and words. Newer services of Twilio answer as RFC 9457 has it, with `detail`."""
    body = _json(response)
    said = _member(body, "message") or _member(body, "detail") or response.text[:200]
    return f"Twilio {response.status}, code {_code(response)}: {said}"


def _json(response: Response) -> Any:
    try:
        return response.json()
    except BellhopError:
        return None


def _member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None
