"""What each failure of a mail server means, against real servers on real sockets."""

import ipaddress
import socket
import ssl
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from services.notifications.adapters.smtp import SmtpMailer, SmtpServer
from services.notifications.domain.sendings import ComposedMail
from services.notifications.errors import (
    MailOutcomeUnknownError,
    MailRefusedError,
    MailServerUnavailableError,
    RecipientRefusedError,
)
from tests.integration.notifications.mail_servers import (
    Mailboxes,
    Reply,
    aiosmtpd_server,
    break_off,
    drip,
    hang,
    scripted,
)

MAIL = ComposedMail("tickets@blue-hall.example", "ada@example.org", b"Subject: hello\r\n\r\n.dot\r\nEnde\r\n")
LARGE = replace(MAIL, content=MAIL.content + b"0123456789abcdef" * 4 + b"\r\n" * 8_000_000)


def mailer(url: str, deadline: float = 5.0, tls: ssl.SSLContext | None = None) -> SmtpMailer:
    return SmtpMailer(SmtpServer.of(url), deadline=deadline, tls=tls)


def test_a_taken_mail_arrives_whole_and_its_answer_is_returned() -> None:
    """Lines that begin with a dot too."""
    handler = Mailboxes()
    with aiosmtpd_server(handler) as port:
        answer = mailer(f"smtp://127.0.0.1:{port}").send(MAIL)
    assert answer == "250 2.0.0 taken"
    assert handler.contents == [MAIL.content]
    assert [(one.mail_from, one.rcpt_tos) for one in handler.envelopes] == [(MAIL.sender, [MAIL.recipient])]


SURELY_NOT_SENT: dict[str, dict[str, Reply]] = {
    "greeting refuses": {"CONNECT": b"554 5.3.2 no service\r\n"},
    "greeting is busy": {"CONNECT": b"421 4.3.2 too many connections\r\n"},
    "greeting is no SMTP": {"CONNECT": b"HTTP/1.1 200 OK\r\n\r\n"},
    "breaks off on connecting": {"CONNECT": break_off},
    "hangs before greeting": {"CONNECT": hang},
    "drips its greeting": {"CONNECT": drip},
    "breaks off at EHLO": {"EHLO": break_off},
    "sender later": {"MAIL": b"451 4.7.1 greylisted\r\n"},
    "breaks off at MAIL": {"MAIL": break_off},
    "recipient later": {"RCPT": b"452 4.2.2 mailbox full\r\n"},
    "hangs at RCPT": {"RCPT": hang},
    "content later": {"DATA": b"421 4.3.0 closing\r\n"},
    "breaks off at DATA": {"DATA": break_off},
    "answers DATA in another tongue": {"DATA": b"+OK\r\n"},
    "after the end: not now": {"END": b"451 4.3.0 try again later\r\n"},
}


@pytest.mark.parametrize("script", SURELY_NOT_SENT.values(), ids=SURELY_NOT_SENT.keys())
def test_what_surely_did_not_leave_is_tried_again(script: dict[str, Reply]) -> None:
    """Whatever ends the conversation before the last line, and every reply of 4xx."""
    with scripted(**script) as server, pytest.raises(MailServerUnavailableError):
        mailer(server.url, deadline=0.8).send(MAIL)


REFUSED: dict[str, tuple[dict[str, Reply], type[Exception], bool]] = {
    "sender": ({"MAIL": b"550 5.7.1 not you\r\n"}, MailRefusedError, False),
    "content before": ({"DATA": b"554 5.7.0 policy\r\n"}, MailRefusedError, False),
    "content after": ({"END": b"554 5.7.1 spam\r\n"}, MailRefusedError, False),
    "recipient by policy": ({"RCPT": b"550 5.7.1 relaying denied\r\n"}, RecipientRefusedError, False),
    "recipient, no code": ({"RCPT": b"550 go away\r\n"}, RecipientRefusedError, False),
    "recipient unknown": ({"RCPT": b"550-5.1.1 no such\r\n550 5.1.1 user\r\n"}, RecipientRefusedError, True),
    "recipient moved": ({"RCPT": b"551 5.1.6 has moved\r\n"}, RecipientRefusedError, True),
    "domain takes no mail": ({"RCPT": b"556 5.1.10 null MX\r\n"}, RecipientRefusedError, True),
}


@pytest.mark.parametrize(("script", "error", "gone"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_refused_for_good_is_permanent(script: dict[str, Reply], error: type[Exception], gone: bool) -> None:
    """A reply of 5xx to the mail; only codes that say so mean that the mailbox is gone."""
    with scripted(**script) as server, pytest.raises(error) as caught:
        mailer(server.url).send(MAIL)
    assert getattr(caught.value, "gone", False) is gone


UNKNOWN: dict[str, dict[str, Reply]] = {
    "breaks off": {"END": break_off},
    "hangs": {"END": hang},
    "drips": {"END": drip},
    "says nonsense": {"END": b"OK, thanks\r\n"},
    "goes on asking": {"END": b"354 more\r\n"},
    "says too much": {"END": b"250 " + b"x" * 20_000 + b"\r\n"},
}


@pytest.mark.parametrize("script", UNKNOWN.values(), ids=UNKNOWN.keys())
def test_after_the_last_line_the_outcome_is_unknown(script: dict[str, Reply]) -> None:
    """The server has the whole mail, and no usable answer came."""
    with scripted(**script) as server:
        with pytest.raises(MailOutcomeUnknownError):
            mailer(server.url, deadline=0.8).send(MAIL)
        assert len(server.mails) == 1


def test_breaking_off_in_the_middle_of_the_content_is_surely_not_sent() -> None:
    """Without the last line a server keeps nothing (RFC 5321, section 4.1.1.4)."""
    with scripted(CONTENT=break_off) as server:
        with pytest.raises(MailServerUnavailableError, match="content"):
            mailer(server.url, deadline=10).send(LARGE)
        assert server.mails == []


@pytest.mark.parametrize("script", [{"CONNECT": drip}, {"RCPT": drip}, {"END": drip}, {"CONTENT": hang}])
def test_the_deadline_is_one_for_the_whole_conversation(script: dict[str, Reply]) -> None:
    """A server that drips, or reads nothing, holds a thread no longer than that."""
    started = time.monotonic()
    with scripted(**script) as server, pytest.raises((MailServerUnavailableError, MailOutcomeUnknownError)):
        mailer(server.url, deadline=0.8).send(MAIL)
    assert 0.7 < time.monotonic() - started < 30  # what drips or hangs does so without an end


def test_a_refused_connection_and_an_unknown_host_are_tried_again() -> None:
    """Nobody was spoken to."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    for url in (f"smtp://127.0.0.1:{port}", "smtp://mail.invalid:25"):
        with pytest.raises(MailServerUnavailableError, match="greeting"):
            mailer(url).send(MAIL)


def test_a_polite_good_bye_is_not_waited_for() -> None:
    """A server that hangs at QUIT has the mail and has said so."""
    with scripted(QUIT=hang) as server:
        assert mailer(server.url, deadline=5).send(MAIL) == "250 2.0.0 queued as 4711"


def test_each_mail_has_a_connection_of_its_own() -> None:
    """Nothing is kept between two mails that could be stale."""
    with scripted() as server:
        one = mailer(server.url)
        one.send(MAIL)
        one.send(MAIL)
        assert (server.connections, len(server.mails)) == (2, 2)


def test_a_server_with_a_limit_is_told_the_size_first() -> None:
    """A mail over it is refused before it is sent."""
    handler = Mailboxes()
    with aiosmtpd_server(handler, data_size_limit=10) as port, pytest.raises(MailRefusedError, match="552"):
        mailer(f"smtp://127.0.0.1:{port}").send(MAIL)
    assert handler.envelopes == []


def test_an_international_address_needs_a_server_that_takes_it() -> None:
    """RFC 6531 where the server has it, a refusal for good where not."""
    mail = replace(
        MAIL, recipient="zoë@example.org", needs_utf8=True, content="To: zoë@example.org\r\n\r\nhi\r\n".encode()
    )
    handler = Mailboxes()
    with aiosmtpd_server(handler, enable_SMTPUTF8=True) as port:
        mailer(f"smtp://127.0.0.1:{port}").send(mail)
    with scripted() as server, pytest.raises(RecipientRefusedError, match="RFC 6531"):
        mailer(server.url).send(mail)
    assert (handler.envelopes[0].rcpt_tos, handler.contents) == (["zoë@example.org"], [mail.content])


class Certificate:
    """A certificate for 127.0.0.1, and contexts that serve and trust it."""

    def __init__(self, folder: Path) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
        now = datetime.now(UTC)
        address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        certificate = (
            x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(hours=1))
            .add_extension(x509.SubjectAlternativeName([address]), critical=False)
            .sign(key, hashes.SHA256())
        )
        file = folder / "server.pem"
        file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        self.server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.server.load_cert_chain(file)
        self.client = ssl.create_default_context(cafile=file)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate(tmp_path_factory.mktemp("tls"))


def log_in(server: object, session: object, envelope: object, mechanism: str, data: object) -> AuthResult:
    """Lets in one user only."""
    known = isinstance(data, LoginPassword) and (data.login, data.password) == (b"hall", b"p@ss word")
    return AuthResult(success=known, handled=False)


def test_starttls_and_login_come_before_the_mail(certificate: Certificate) -> None:
    """User and password are those of the URL, unquoted, and only ever sent encrypted."""
    handler = Mailboxes()
    options = {
        "tls_context": certificate.server,
        "require_starttls": True,
        "auth_required": True,
        "authenticator": log_in,
    }
    with aiosmtpd_server(handler, **options) as port:
        url = f"smtp+starttls://hall:p%40ss%20word@127.0.0.1:{port}"
        mailer(url, tls=certificate.client).send(MAIL)
    assert handler.contents == [MAIL.content]


def test_a_wrong_password_sends_nothing_and_may_be_mended(certificate: Certificate) -> None:
    """It says nothing about the mail, which passes once the setting is right."""
    handler = Mailboxes()
    options = {"tls_context": certificate.server, "auth_required": True, "authenticator": log_in}
    with (
        aiosmtpd_server(handler, **options) as port,
        pytest.raises(MailServerUnavailableError, match="535") as caught,
    ):
        mailer(f"smtp+starttls://hall:wrong@127.0.0.1:{port}", tls=certificate.client).send(MAIL)
    assert "wrong" not in str(caught.value)
    assert handler.envelopes == []


def test_tls_from_the_first_byte(certificate: Certificate) -> None:
    """smtps://."""
    handler = Mailboxes()
    with aiosmtpd_server(handler, ssl_context=certificate.server) as port:
        mailer(f"smtps://127.0.0.1:{port}", tls=certificate.client).send(MAIL)
    assert handler.contents == [MAIL.content]


@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
def test_a_certificate_that_nobody_vouches_for_is_not_trusted(certificate: Certificate, scheme: str) -> None:
    """Nothing is sent to whoever that is."""
    handler = Mailboxes()
    options = {"ssl_context": certificate.server} if scheme == "smtps" else {"tls_context": certificate.server}
    with aiosmtpd_server(handler, **options) as port, pytest.raises(MailServerUnavailableError, match="certificate"):
        mailer(f"{scheme}://127.0.0.1:{port}").send(MAIL)
    assert handler.envelopes == []


def test_a_server_without_starttls_is_not_spoken_to_in_the_clear() -> None:
    """smtp+starttls:// never falls back."""
    with scripted() as server:
        with pytest.raises(MailServerUnavailableError, match="STARTTLS"):
            mailer(server.url.replace("smtp://", "smtp+starttls://")).send(MAIL)
        assert server.mails == []


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example", SmtpServer("smtp", "mail.example", 25)),
        ("smtps://mail.example", SmtpServer("smtps", "mail.example", 465)),
        ("smtp+starttls://u:p%2Fw@mail.example", SmtpServer("smtp+starttls", "mail.example", 587, "u", "p/w")),
        ("smtp://[::1]:2525", SmtpServer("smtp", "::1", 2525)),
    ],
)
def test_the_url_names_server_port_and_login(url: str, server: SmtpServer) -> None:
    """Each scheme has its usual port."""
    assert SmtpServer.of(url) == server


@pytest.mark.parametrize(
    "url", ["mail.example:25", "http://user:hunter2@mail.example", "smtp://", "smtp://ü:hunter2@x"]
)
def test_a_wrong_url_says_so_without_its_password(url: str) -> None:
    """It is read when the process starts."""
    with pytest.raises(ValueError, match="NOTIFICATIONS_SMTP_URL") as caught:
        SmtpServer.of(url)
    assert "hunter2" not in str(caught.value)
