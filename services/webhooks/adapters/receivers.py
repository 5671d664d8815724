"""Calling subscribers' endpoints: signed as https://www.standardwebhooks.com says, and only where it is allowed."""

import time
from collections.abc import Iterable
from ssl import SSLContext
from typing import Final

import httpcore2
from standardwebhooks import Webhook

from services.webhooks.domain.addresses import Address, Network, may_be_reached, parse_address
from services.webhooks.domain.deliveries import Answer, as_text
from services.webhooks.domain.targets import parse_target
from services.webhooks.errors import AddressRefusedError, HostNotFoundError, InvalidUrlError, NoAnswerError
from shared.clock import Clock, now
from shared.errors import OutcomeUnknown
from shared.http import HttpClient, ProviderUnreachable, RequestInvalid
from shared.http.network import resolve
from shared.logging import get_logger

TOTAL_SECONDS: Final = 18.0
"""For a whole call. The specification asks for 15 to 30 s; a call must end before the lease and the time limit do."""
STEP_SECONDS: Final = 10.0
LOOK_UP_SECONDS: Final = 5.0
LARGEST_ANSWER: Final = 1024 * 1024
"""Bytes. Who sends more is not answering a webhook."""

log = get_logger("bellhop.webhooks")


class Guard:
    """Lets a call go to public addresses and to the networks that the installation allows."""

    def __init__(self, allowed: Iterable[Network]) -> None:
        self._allowed = tuple(allowed)

    def __call__(self, host: str, address: Address) -> None:
        """Raises AddressRefusedError. It does not tell which address: whoever may enter a name could ask for all of ours."""
        if not may_be_reached(address, self._allowed):
            log.warning("address_refused", host=host, address=str(address))  # for operators: it may be one of ours
            raise AddressRefusedError(
                f"{host} has an address that is not public: webhooks go to public addresses, "
                "and to the networks in WEBHOOKS_ALLOWED_NETWORKS"
            )


def check_url(url: str, allowed: Iterable[Network]) -> None:
    """See whether webhooks may be sent to a URL. Raises InvalidUrlError, HostNotFoundError, AddressRefusedError.

    It is looked at again at each delivery: a name can change its addresses.
    """
    target, guard = parse_target(url), Guard(allowed)
    try:
        addresses = resolve(target.host, target.port, LOOK_UP_SECONDS)
    except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
        raise HostNotFoundError(f"{error}: check the host name") from error
    for _, address in addresses:
        guard(target.host, parse_address(str(address[0])))


class HttpReceivers:
    """Sends webhooks. One for the life of a process, safe to share among threads."""

    def __init__(
        self,
        allowed: Iterable[Network],
        *,
        total: float = TOTAL_SECONDS,
        clock: Clock = now,
        ssl_context: SSLContext | None = None,
    ) -> None:
        self._clock = clock
        self._client = HttpClient(
            timeout=min(STEP_SECONDS, total),
            total=total,
            max_response_bytes=LARGEST_ANSWER,
            guard=Guard(allowed),
            ssl_context=ssl_context,
        )

    def send(self, url: str, sent_id: str, body: str, secret: str) -> Answer:
        """Send a webhook and return what was answered, whatever its status; redirects are not followed.

        Raises NoAnswerError, AddressRefusedError, InvalidUrlError.
        """
        started = time.monotonic()
        try:
            response = self._client.request(
                "POST", url, headers=self._headers(sent_id, body, secret), content=body.encode()
            )
        except RequestInvalid as error:
            raise InvalidUrlError(str(error)) from error
        except (ProviderUnreachable, OutcomeUnknown) as error:
            timed_out = isinstance(error.__cause__, httpcore2.TimeoutException)
            raise NoAnswerError(str(error), duration_ms=_milliseconds(started), timed_out=timed_out) from error
        if response.truncated:
            text = f"the receiver answered {response.status} with a body of more than {LARGEST_ANSWER} bytes"
            raise NoAnswerError(text, duration_ms=_milliseconds(started))
        return Answer(response.status, as_text(response.body), _milliseconds(started), response.retry_after)

    def _headers(self, sent_id: str, body: str, secret: str) -> dict[str, str]:
        """The time and the signature are new at each attempt, the id is not."""
        moment = self._clock()
        return {
            "Content-Type": "application/json",
            "webhook-id": sent_id,
            "webhook-timestamp": str(int(moment.timestamp())),
            "webhook-signature": Webhook(secret).sign(sent_id, moment, body),
        }


def _milliseconds(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
