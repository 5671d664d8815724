"""Which calls of providers may be repeated at once, decided one by one: what is not, waits for the lease of who died."""

import ast

from tests.architecture.source import python_files, tree_of

ONCE = {
    "BookAppointment": "a second call may book a second time",
    "CancelAppointment": "whether the first one arrived is asked before anything is repeated",
    "RescheduleAppointment": "whether the first one arrived is asked before anything is repeated",
    "SendBulkEmail": "a second call sends a second mail",
    "SendEmail": "a second call sends a second mail",
    "SendSms": "a second call sends a second text message",
}
"""The message whose call is never made beside another one, and why. A buyer waits out the lease of a worker that died."""


def test_every_call_of_a_provider_is_repeatable_or_has_a_reason() -> None:
    """After a kill -9 harmless work is taken up at once, instead of after a minute."""
    once = {
        ast.unparse(call.args[0])
        for name in python_files("services")
        for call in ast.walk(tree_of(name))
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "provider_actor" and not _may_be_repeated(call)
    }
    assert once == set(ONCE), (
        f"{sorted(once - set(ONCE))}: declare repeatable=True and say why a second call is harmless, or give the reason "
        f"here why it is not. No longer there, take out of ONCE: {sorted(set(ONCE) - once)}"
    )


def _may_be_repeated(call: ast.Call) -> bool:
    """Declared here, or in the options that several declarations share (`**READING`)."""
    return any(keyword.arg in {"repeatable", None} for keyword in call.keywords)
