"""What can go wrong with calls, appointments and their providers, by name."""

from typing import ClassVar

from shared.errors import PermanentError


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
