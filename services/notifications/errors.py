"""What can go wrong when people are told something."""

from typing import ClassVar

from shared.errors import BellhopError, OutcomeUnknown, PermanentError, TransientError


class UnknownEmailError(PermanentError):
    """A command names a row that the mail log does not have."""

    code: ClassVar[str] = "unknown_email"


class UnknownTextMessageError(PermanentError):
    """A command names a row that the log of text messages does not have."""

    code: ClassVar[str] = "unknown_text_message"


class BodyTrimmedError(PermanentError):
    """What was to be sent failed, lay longer than bodies are kept (NOTIFICATIONS_RETENTION_BODIES_DAYS), and is gone."""

    code: ClassVar[str] = "body_trimmed"


class MailNotSetUpError(PermanentError):
    """There is mail to send, and NOTIFICATIONS_SMTP_URL is not set. The job can be retried once it is."""

    code: ClassVar[str] = "mail_not_set_up"


class MailNotComposableError(PermanentError):
    """The facts of a mail's row cannot be made into a mail: the text names what does not fit."""

    code: ClassVar[str] = "mail_not_composable"


class MailTooLargeError(PermanentError):
    """The files of a letter are more than mail servers take: whoever wrote it sends a link instead."""

    code: ClassVar[str] = "mail_too_large"


class PictureLostError(TransientError):
    """The storage has lost a picture of a ticket: it is being drawn again, and the mail waits for it."""

    code: ClassVar[str] = "picture_lost"


class LetterIncompleteError(PermanentError):
    """Somebody asks for a letter without a fact that it cannot do without."""

    code: ClassVar[str] = "letter_incomplete"


class MailServerUnavailableError(TransientError):
    """The mail surely did not leave: the server was not reached, broke off before the end, or said "not now"."""

    code: ClassVar[str] = "mail_server_unavailable"


class MailRefusedError(PermanentError):
    """The server refuses this mail for good (a reply of 5xx to its sender or its content)."""

    code: ClassVar[str] = "mail_refused"


class RecipientRefusedError(PermanentError):
    """The server, or the address itself, refuses the recipient for good.

    `gone` is true where the reply says that there is no such mailbox: nothing is sent there any more.
    """

    code: ClassVar[str] = "recipient_refused"

    def __init__(self, text: str, *, gone: bool = False) -> None:
        super().__init__(text)
        self.gone = gone


class MailOutcomeUnknownError(OutcomeUnknown):
    """The connection was lost, or the server too slow, after the mail's last line: it may have arrived."""

    code: ClassVar[str] = "outcome_unknown"


class TextMessagesNotSetUpError(PermanentError):
    """There is a text message to send, and the settings of Twilio are gone."""

    code: ClassVar[str] = "text_messages_not_set_up"


class TextProviderUnavailableError(TransientError):
    """The provider surely did not take the text message: not reached, too many requests, or an error of its own."""

    code: ClassVar[str] = "text_provider_unavailable"


class TextMessageRefusedError(PermanentError):
    """The provider refuses the text message, or our credentials, for good. The text has its own code and words."""

    code: ClassVar[str] = "text_message_refused"


class InvalidPhoneNumberError(PermanentError):
    """A telephone number that no text message can reach."""

    code: ClassVar[str] = "invalid_phone_number"


class RecipientOptedOutError(PermanentError):
    """The person at this number has said STOP: nothing is sent there any more."""

    code: ClassVar[str] = "recipient_opted_out"


class TextOutcomeUnknownError(OutcomeUnknown):
    """The provider may have taken the text message, and could not be asked yet."""

    code: ClassVar[str] = "outcome_unknown"


class TextMessageUnaccountedError(PermanentError):
    """The provider may have taken the text message, and does not list it. It is not repeated: a person decides."""

    code: ClassVar[str] = "outcome_unknown"


def surely_not_sent(error: BaseException) -> bool:
    """Whether an error of a call leaves no doubt that the recipient gets nothing from it.

    Errors that nobody foresaw leave a doubt.
    """
    if isinstance(error, OutcomeUnknown | TextMessageUnaccountedError):
        return False
    return isinstance(error, PermanentError | TransientError)


def code_of(error: BaseException) -> str:
    """The stable name of an error of ours, or the class of one that nobody foresaw."""
    return error.code if isinstance(error, BellhopError) else type(error).__name__
