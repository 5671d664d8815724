"""The fakes of the world outside have the interfaces of the real ones."""

import pytest

from services.notifications.domain.sendings import ComposedMail
from services.notifications.handlers.dependencies import Mailer, Texter
from shared.clock import now
from shared.errors import PermanentError, TransientError
from shared.messaging.testing import (
    FakeMailer,
    FakeTexter,
    memory_storage,
)
from shared.storage import Storage, StorageObjectMissing


def test_storage_in_memory_is_the_real_interface() -> None:
    """Keys and errors are those of the real one; two of them share nothing."""
    storage: Storage = memory_storage()
    storage.put("tickets/1.png", b"picture", "image/png")

    assert (storage.get("tickets/1.png"), list(storage.list("tickets"))) == (b"picture", ["tickets/1.png"])
    with pytest.raises(StorageObjectMissing):
        memory_storage().get("tickets/1.png")


def test_fakes_have_the_adapters_interface() -> None:
    """They are passed where the handlers expect a mail server and a provider of text messages."""
    mailer: Mailer = FakeMailer[ComposedMail]([PermanentError("no such mailbox")])
    texter: Texter = FakeTexter([TransientError("busy")])
    mail = ComposedMail(sender="shop@example.org", recipient="a@example.org", content=b"hello", needs_utf8=False)

    with pytest.raises(PermanentError):
        mailer.send(mail)
    with pytest.raises(TransientError):
        texter.send("+491701234567", "hello")
    answer, sid = mailer.send(mail), texter.send("+491701234567", "hello")

    assert answer.startswith("250")
    assert isinstance(mailer, FakeMailer)
    assert mailer.sent == [mail]
    assert (texter.find("+491701234567", "hello", now()), texter.find("+491701234567", "bye", now())) == (sid, None)
