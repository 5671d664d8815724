"""Mail servers: SMTP as of RFC 5321, and what each of its failures says about whether the mail has left."""

import io
import re
import smtplib
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from services.notifications.domain.sendings import ComposedMail
from services.notifications.errors import (
    MailOutcomeUnknownError,
    MailRefusedError,
    MailServerUnavailableError,
    RecipientRefusedError,
)

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

DEADLINE_SECONDS = 20.0
"""For one mail, from connecting to the server's last answer."""
CONNECT_SECONDS = 8.0
PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}

_LINE_START_DOT = re.compile(rb"^\.", re.MULTILINE)
_GONE = re.compile(r"\b5\.1\.(1|2|3|6|10)\b")
"""Enhanced status codes (RFC 3463, RFC 7505) that say that this mailbox is not there, and not merely not for us."""


class Step(Enum):
    """How far the conversation has come: what a failure means follows from it."""

    GREETING = "greeting"
    SENDER = "sender"
    RECIPIENT = "recipient"
    CONTENT = "content"
    END = "end"


REFUSALS: dict[Step, type[MailServerUnavailableError | MailRefusedError | RecipientRefusedError]] = {
    Step.GREETING: MailServerUnavailableError,
    Step.SENDER: MailRefusedError,
    Step.RECIPIENT: RecipientRefusedError,
    Step.CONTENT: MailRefusedError,
    Step.END: MailRefusedError,
}
"""What a reply of 5xx means at each step. Before the mail is named, the server refuses us (a wrong password, its own
trouble) and not the mail, which another day may pass. A reply of 4xx is "not now" at every step."""


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where to hand mail in, and how."""

    scheme: str
    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)

    @classmethod
    def of(cls, url: str) -> "SmtpServer":
        """Read NOTIFICATIONS_SMTP_URL. Raises ValueError, whose text does not repeat the URL: it holds a password."""
        parts = urlsplit(url)
        if parts.scheme not in PORTS or not parts.hostname:
            raise ValueError(f"NOTIFICATIONS_SMTP_URL is written {'://, '.join(PORTS)}:// with user:password@host:port")
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        if not (user + password).isascii():
            raise ValueError("user and password of NOTIFICATIONS_SMTP_URL are ASCII: smtplib cannot send others")
        return cls(
            scheme=parts.scheme,
            host=parts.hostname,
            port=parts.port or PORTS[parts.scheme],
            user=user,
            password=password,
        )


class SmtpMailer:
    """Hands mails to one server, a connection for each."""

    def __init__(
        self, server: SmtpServer, *, tls: ssl.SSLContext | None = None, deadline: float = DEADLINE_SECONDS
    ) -> None:
        self._server = server
        self._tls = tls or ssl.create_default_context()
        self._deadline = deadline

    def send(self, mail: ComposedMail) -> str:
        """Hand over one mail, and return the server's answer to its end.

        A mail has one recipient, so it is never refused for a part of them.

        Raises MailServerUnavailableError where it surely did not leave, MailRefusedError and RecipientRefusedError
        where it never will, MailOutcomeUnknownError where it may have.
        """
        conversation = _Conversation(self._server, self._tls, time.monotonic() + self._deadline)
        with conversation.translated():
            return conversation.hand_over(mail)


class _Conversation:
    def __init__(self, server: SmtpServer, tls: ssl.SSLContext, until: float) -> None:
        self._server = server
        self._tls = tls
        self._until = until
        self._step = Step.GREETING

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Replies that refuse are raised by `_expect`; this is every other way in which a conversation ends early."""
        try:
            yield
        except OSError as error:  # smtplib's own errors are OSErrors too
            words = f"{self._server.host}:{self._server.port} at {self._step.value}: {_words(error)}"
            if self._step is Step.END:
                raise MailOutcomeUnknownError(f"the mail may have arrived, no answer from {words}") from error
            raise MailServerUnavailableError(f"no conversation with {words}") from error

    def hand_over(self, mail: ComposedMail) -> str:
        smtp = self._connect()
        try:
            self._name(smtp, mail)
            self._expect(smtp.docmd("DATA"), 3)
            content = mail.content if mail.content.endswith(b"\r\n") else mail.content + b"\r\n"
            smtp.send(_LINE_START_DOT.sub(b"..", content))
            self._step = Step.END
            smtp.send(b".\r\n")
            answer = self._expect(smtp.getreply(), 2)
            with suppress(OSError):
                smtp.putcmd("QUIT")
            return answer
        finally:
            smtp.close()

    def _connect(self) -> smtplib.SMTP:
        server = self._server
        if server.scheme == "smtps":
            smtp: smtplib.SMTP = _TimedOverTls(server, self._until, context=self._tls)
        else:
            smtp = _Timed(server, self._until)
        try:
            smtp.ehlo_or_helo_if_needed()
            if server.scheme == "smtp+starttls":
                smtp.starttls(context=self._tls)
                smtp.ehlo()
            if server.user:
                smtp.login(server.user, server.password)
        except OSError:
            smtp.close()
            raise
        return smtp

    def _name(self, smtp: smtplib.SMTP, mail: ComposedMail) -> None:
        options = [f"SIZE={len(mail.content)}"] if smtp.has_extn("size") else []
        if mail.needs_utf8:
            if not smtp.has_extn("smtputf8"):
                raise RecipientRefusedError(f"the mail server takes no address like {mail.recipient!r} (RFC 6531)")
            options += ["SMTPUTF8", "BODY=8BITMIME"]
        self._step = Step.SENDER
        self._expect(smtp.mail(mail.sender, options), 2)
        self._step = Step.RECIPIENT
        self._expect(smtp.rcpt(mail.recipient), 2)
        self._step = Step.CONTENT

    def _expect(self, reply: tuple[int, bytes], family: int) -> str:
        """The words of a reply of this family (2 is 2xx). Raises what another one means."""
        code, words = reply
        answer = f"{code} {words.decode('utf-8', 'replace')}"
        if code // 100 == family:
            return answer
        if code // 100 == 4:
            raise MailServerUnavailableError(f"{self._step.value}: {answer}")
        if code // 100 == 5:
            refusal = REFUSALS[self._step]
            if refusal is RecipientRefusedError:
                raise RecipientRefusedError(f"{self._step.value}: {answer}", gone=_GONE.search(answer) is not None)
            raise refusal(f"{self._step.value}: {answer}")
        raise smtplib.SMTPServerDisconnected(f"not a reply of SMTP: {answer}")


def _words(error: OSError) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error.decode("utf-8", "replace") if isinstance(error.smtp_error, bytes) else error.smtp_error
        return f"{error.smtp_code} {said}"
    return f"{type(error).__name__}: {error}"


class _Timed(smtplib.SMTP):
    """An SMTP client whose every wait ends when its time is up, however slowly, byte by byte, the server speaks.

    It says its name without asking DNS for it, which smtplib would, with no limit of time.
    """

    def __init__(self, server: SmtpServer, until: float, **further: Any) -> None:
        self._until = until
        seconds = min(CONNECT_SECONDS, _left(until))
        super().__init__(server.host, server.port, local_hostname=socket.gethostname(), timeout=seconds, **further)
        assert self.sock is not None
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, s: "ReadableBuffer | str") -> None:
        if self.sock is not None:
            self.sock.settimeout(_left(self._until))
        super().send(s)

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None and self.sock is not None:
            self.file = io.BufferedReader(_TimedReader(self.sock, self._until))
        return super().getreply()


class _TimedOverTls(_Timed, smtplib.SMTP_SSL):
    """The same, with TLS from the first byte."""


class _TimedReader(io.RawIOBase):
    def __init__(self, connection: socket.socket, until: float) -> None:
        super().__init__()
        self._connection = connection
        self._until = until

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        self._connection.settimeout(_left(self._until))
        return self._connection.recv_into(buffer)


def _left(until: float) -> float:
    seconds = until - time.monotonic()
    if seconds <= 0:
        raise TimeoutError("the time for this mail is up")
    return seconds
