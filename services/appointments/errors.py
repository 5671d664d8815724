"""What can go wrong with calls, appointments and their providers, by name."""

from typing import ClassVar

from shared.errors import OutcomeUnknown, PermanentError, TransientError


class UnknownConnectionError(PermanentError):
    """The organisation has no such connection, or it was deleted."""

    code: ClassVar[str] = "connection_not_found"
    http_status: ClassVar[int] = 404


class ConnectionNotSetUpError(PermanentError):
    """A connection has no credentials to use: it was deleted, or the settings that it stands for are not set."""

    code: ClassVar[str] = "connection_not_set_up"


class CompanyNotClearError(PermanentError):
    """The credentials of the settings serve the one organisation that has set up a company: there is none, or several."""

    code: ClassVar[str] = "company_not_clear"


class LinkInvalidError(PermanentError):
    """A customer's link was not made by this installation, not for this purpose, or is not complete."""

    code: ClassVar[str] = "link_invalid"
    http_status: ClassVar[int] = 403


class LinkExpiredError(PermanentError):
    """A customer's link is genuine, and its appointment, or the time that was offered, is over."""

    code: ClassVar[str] = "link_expired"
    http_status: ClassVar[int] = 410


class UnknownAppointmentError(PermanentError):
    """The organisation has no such appointment."""

    code: ClassVar[str] = "appointment_not_found"
    http_status: ClassVar[int] = 404


class UnknownEventTypeError(PermanentError):
    """The organisation has no such event type, or it vanished from its calendar."""

    code: ClassVar[str] = "event_type_not_found"
    http_status: ClassVar[int] = 404


class AppointmentNotStandingError(PermanentError):
    """An appointment that is over, cancelled or not booked yet cannot be changed so."""

    code: ClassVar[str] = "appointment_not_standing"
    http_status: ClassVar[int] = 409


class AppointmentBusyError(PermanentError):
    """The calendar's provider is being asked about this appointment just now: try again when it has answered."""

    code: ClassVar[str] = "appointment_busy"
    http_status: ClassVar[int] = 409


class OfferGoneError(PermanentError):
    """The offered time is past, was never offered, or another one was taken."""

    code: ClassVar[str] = "offer_gone"
    http_status: ClassVar[int] = 410


class TimeNotPossibleError(PermanentError):
    """A time that is past, or without a time zone."""

    code: ClassVar[str] = "time_not_possible"
    http_status: ClassVar[int] = 422


class CalendarBusyError(TransientError):
    """Others work on the same calendar, or it has been asked as often as is allowed in a minute."""

    code: ClassVar[str] = "calendar_busy"
    http_status: ClassVar[int] = 503


class SlotUnavailableError(PermanentError):
    """The calendar does not take this time: it is taken, too soon, too far ahead, or the host does not work then."""

    code: ClassVar[str] = "slot_unavailable"
    http_status: ClassVar[int] = 409


class SlotReservedError(SlotUnavailableError):
    """Somebody has reserved this time, and may book it: somebody else, or an earlier attempt of our own."""


class BookingGoneError(PermanentError):
    """The provider has no such booking, event type or slot."""

    code: ClassVar[str] = "not_at_provider"


class AlreadyCancelledError(PermanentError):
    """The provider says that the booking was cancelled before."""

    code: ClassVar[str] = "already_cancelled"


class CalendarRefusedError(PermanentError):
    """The provider refuses the request as it is. What it wrote is in the text."""

    code: ClassVar[str] = "calendar_refused"


class CalendarCredentialsError(PermanentError):
    """The provider refuses the API key of the connection: it was revoked, or has not the rights."""

    code: ClassVar[str] = "calendar_credentials_refused"


class CalendarLimitError(TransientError):
    """The provider's own rate limit was met: nothing was done, and `retry_after` is when it will listen again."""

    code: ClassVar[str] = "calendar_limit"


class CalendarUnclearError(OutcomeUnknown):
    """The provider broke off, or answered with a fault of its own: what it was asked may be done or not."""

    code: ClassVar[str] = "calendar_unclear"


class ConnectionOfSettingsError(PermanentError):
    """The connection stands for environment variables: it is not changed here, but there."""

    code: ClassVar[str] = "connection_of_settings"
    http_status: ClassVar[int] = 409


class WebhookSecretError(PermanentError):
    """The provider's webhooks cannot be signed like that."""

    code: ClassVar[str] = "invalid_webhook_secret"
    http_status: ClassVar[int] = 422


class UnexpectedProviderShapeError(PermanentError):
    """A provider sent what it does not promise: the text names the field, and what was found there."""

    code: ClassVar[str] = "unexpected_provider_shape"


class UnknownCallError(PermanentError):
    """The organisation has no such call."""

    code: ClassVar[str] = "call_not_found"
    http_status: ClassVar[int] = 404


class CallBusyError(PermanentError):
    """A call's request cannot be mended: its steps are being taken, or it has an appointment already."""

    code: ClassVar[str] = "call_busy"
    http_status: ClassVar[int] = 409


class CompanyNotSetUpError(PermanentError):
    """The organisation has set up no company yet."""

    code: ClassVar[str] = "company_not_set_up"
    http_status: ClassVar[int] = 404


class CalendarNotReadError(TransientError):
    """What can be booked has not been read from the company's calendar yet."""

    code: ClassVar[str] = "calendar_not_read"


class CallNotAtProviderError(PermanentError):
    """The provider of calls knows of no such call: it is of another account, or was deleted."""

    code: ClassVar[str] = "call_not_at_provider"


class CallsRefusedError(PermanentError):
    """The provider of calls refuses the API key of the connection, or the request as it is."""

    code: ClassVar[str] = "calls_refused"


class CallsUnavailableError(TransientError):
    """The provider of calls has no time for us now, or a fault of its own. `retry_after` is its own wish."""

    code: ClassVar[str] = "calls_unavailable"


class WordTooSoonError(TransientError):
    """Something is told of a booking of which nothing is known yet: events come in any order."""

    code: ClassVar[str] = "word_too_soon"
