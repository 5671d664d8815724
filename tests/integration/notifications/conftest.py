"""The service under test, and how a test chooses what stands outside of it."""

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.notifications.adapters.smtp import SmtpMailer, SmtpServer
from services.notifications.adapters.twilio import TwilioTexter
from services.notifications.composing import Composer
from services.notifications.domain.mailboxes import mailbox
from services.notifications.handlers.dependencies import Dependencies
from shared.http import HttpClient
from tests.integration.notifications.hearing import Service
from tests.integration.notifications.twilio_server import SENDER, SID, TOKEN
from tests.support.databases import Database
from tests.unit.notifications.samples import qr_image

Start = Callable[..., Service]


@pytest.fixture
def start(database: Database) -> Start:
    """`start(smtp=url, twilio=url, operations=(…))`: the service with these outside; what is left out is off."""

    def started(smtp: str = "", twilio: str = "", operations: tuple[str, ...] = (), **changes: Any) -> Service:
        texter = TwilioTexter(HttpClient(twilio, total=2), account_sid=SID, auth_token=TOKEN, sender=SENDER)
        outside: dict[str, Any] = {
            "composer": Composer(mailbox("Blue Hall <tickets@blue-hall.example>"), ZoneInfo("UTC"), qr_image),
            "mailer": SmtpMailer(SmtpServer.of(smtp), deadline=2) if smtp else None,
            "texter": texter if twilio else None,
            "operations": operations,
        }
        return Service(database, Dependencies(**(outside | changes)))

    return started
