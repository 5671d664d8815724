"""What can go wrong with a webhook, by name."""

from typing import ClassVar

from shared.errors import PermanentError, TransientError


class SourceNotSetUpError(PermanentError):
    """There is no such source of webhooks here, or its secret is not set: it is off."""

    code: ClassVar[str] = "source_not_set_up"
    http_status: ClassVar[int] = 404


class MalformedWebhookError(PermanentError):
    """An inbound webhook cannot be read: a header or the body has the wrong form."""

    code: ClassVar[str] = "malformed_webhook"
    http_status: ClassVar[int] = 400


class SignatureError(PermanentError):
    """An inbound webhook was not signed with the secret, or not within the last few minutes."""

    code: ClassVar[str] = "bad_signature"
    http_status: ClassVar[int] = 401


class InvalidUrlError(PermanentError):
    """The address of an endpoint is not one that a webhook can be sent to."""

    code: ClassVar[str] = "invalid_url"
    http_status: ClassVar[int] = 422


class AddressRefusedError(PermanentError):
    """The host of an endpoint has an address that is not public, and that WEBHOOKS_ALLOWED_NETWORKS does not name."""

    code: ClassVar[str] = "address_not_allowed"
    http_status: ClassVar[int] = 422


class HostNotFoundError(TransientError):
    """The host of an endpoint has no address now."""

    code: ClassVar[str] = "host_not_found"
    http_status: ClassVar[int] = 422


class UnknownEndpointError(PermanentError):
    """The organisation has no such endpoint."""

    code: ClassVar[str] = "endpoint_not_found"
    http_status: ClassVar[int] = 404


class UnknownDeliveryError(PermanentError):
    """There is no such delivery, or it belongs to another organisation."""

    code: ClassVar[str] = "delivery_not_found"
    http_status: ClassVar[int] = 404


class EndpointDisabledError(PermanentError):
    """Nothing is delivered to an endpoint that is disabled: enable it first."""

    code: ClassVar[str] = "endpoint_disabled"
    http_status: ClassVar[int] = 409


class NoAnswerError(TransientError):
    """A receiver gave no usable answer: unreachable, too slow, broken off, far too long, or not HTTP."""

    code: ClassVar[str] = "no_answer"

    def __init__(self, text: str, *, duration_ms: int, timed_out: bool = False) -> None:
        super().__init__(text)
        self.duration_ms, self.timed_out = duration_ms, timed_out


class AttemptError(Exception):
    """An attempt at a delivery that did not succeed, with what is known of it. One of the two classes below."""

    status: int | None
    response: str | None
    duration_ms: int | None


class ReceiverUnavailableError(AttemptError, TransientError):
    """The receiver did not take the webhook now, and may take it later."""

    code: ClassVar[str] = "receiver_unavailable"

    def __init__(
        self,
        text: str,
        *,
        status: int | None = None,
        response: str | None = None,
        duration_ms: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        TransientError.__init__(self, text, retry_after=retry_after)
        self.status, self.response, self.duration_ms = status, response, duration_ms


class ReceiverRefusedError(AttemptError, PermanentError):
    """The receiver does not want the webhook: trying again by itself cannot help, by hand it may."""

    code: ClassVar[str] = "receiver_refused"

    def __init__(
        self, text: str, *, status: int | None = None, response: str | None = None, duration_ms: int | None = None
    ) -> None:
        super().__init__(text)
        self.status, self.response, self.duration_ms = status, response, duration_ms
