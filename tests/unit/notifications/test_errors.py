"""What an error says about whether anything was sent."""

import pytest

from services.notifications.errors import (
    MailOutcomeUnknownError,
    MailRefusedError,
    MailServerUnavailableError,
    TextMessageUnaccountedError,
    code_of,
    surely_not_sent,
)
from shared.errors import OutcomeUnknown


@pytest.mark.parametrize("error", [MailServerUnavailableError("away"), MailRefusedError("550")])
def test_foreseen_errors_leave_no_doubt(error: Exception) -> None:
    """The recipient gets nothing from such a try."""
    assert surely_not_sent(error)


@pytest.mark.parametrize(
    "error",
    [
        MailOutcomeUnknownError("?"),
        OutcomeUnknown("?"),
        TextMessageUnaccountedError("?"),
        RuntimeError("bug"),
        SystemExit(),
    ],
)
def test_unknown_outcomes_and_bugs_leave_a_doubt(error: BaseException) -> None:
    """Nobody can say that nothing arrived."""
    assert not surely_not_sent(error)


def test_the_code_of_a_bug_is_its_class() -> None:
    """Ours have stable names."""
    assert (code_of(MailRefusedError("x")), code_of(KeyError("x"))) == ("mail_refused", "KeyError")
