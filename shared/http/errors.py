"""What can go wrong in an exchange, by what is known about its effect."""

from typing import ClassVar

from shared.errors import OutcomeUnknown, PermanentError, TransientError


class ProviderUnreachable(TransientError):  # noqa: N818 - says what is the matter
    """No connection was made, or nothing was sent on it: the request was surely not carried out."""

    code: ClassVar[str] = "provider_unreachable"


class RequestInvalid(PermanentError):  # noqa: N818 - says what is the matter
    """The request can never be sent: a malformed address or header, or a scheme that is not HTTP."""

    code: ClassVar[str] = "request_invalid"


class ResponseUnreadable(OutcomeUnknown):
    """An answer came, but its body is not what was promised: not JSON, or cut at the size limit."""

    code: ClassVar[str] = "response_unreadable"
