"""What somebody is told who is new."""

import structlog

from tests.integration.notifications.conftest import Start
from tests.integration.notifications.hearing import DECLARED
from tests.integration.notifications.mail_servers import scripted
from tests.unit.notifications.report_samples import PERSON_ID, welcome_person


def test_a_welcome_is_mailed_once(start: Start) -> None:
    """Its import may be taken up again in the middle."""
    with scripted() as mail:
        service = start(smtp=mail.url)
        service.hear(welcome_person())
        service.hear(welcome_person())
        assert len(mail.mails) == 1
    assert service.rows("emails", "state, template, recipient") == [("sent", "welcome", "ada@example.org")]


def test_a_welcome_that_fails_is_logged_with_its_person_and_wakes_nobody(start: Start) -> None:
    """A list of thousands has addresses that are none, too."""
    with structlog.testing.capture_logs() as lines, scripted() as mail:
        service = start(smtp=mail.url, operations=("ops@example.org",))
        service.hear(welcome_person(email="ada at example"))
    (failed,) = [line for line in lines if line["event"] == "mail failed"]
    assert failed["person_id"] == str(PERSON_ID)
    assert service.failed_jobs() == [("notifications.email.send_bulk", "permanent", "recipient_refused")]
    assert service.rows("alerts", "fingerprint") == []


def test_a_mail_server_that_is_not_set_up_is_told_to_operations_all_the_same(start: Start) -> None:
    """That is no fault of the recipient."""
    service = start(operations=("ops@example.org",))
    service.hear(welcome_person())
    assert ("failed:notifications.email.send_bulk",) in service.rows("alerts", "fingerprint")


def test_nobody_with_a_ticket_waits_behind_thousands_of_welcomes() -> None:
    """They have a queue of their own, from hearing of the person to the mail server."""
    bulk = {kind for kind, declared in DECLARED.items() if declared.queue == "notifications.bulk"}
    assert bulk == {"notifications.person.welcome", "notifications.email.send_bulk"}
