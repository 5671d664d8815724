"""Webhooks of one call that are worked on at the same moment."""

import threading
from typing import Any

from services.appointments.adapters.retell import RetellCalls
from services.appointments.handlers import calls
from tests.integration.appointments.calls.clinic import Clinic, analysed, ended


def test_both_webhooks_at_once_are_one_call_with_one_chain(clinic: Clinic) -> None:
    """Whoever comes second waits for the first, and sees what it has done."""
    words: list[tuple[str, dict[str, Any]]] = [("call_ended", ended()), ("call_analyzed", analysed())] * 4
    start, errors = threading.Barrier(len(words)), []

    def tell(event: str, call: dict[str, Any]) -> None:
        try:
            told = RetellCalls().told(event, call)
            assert told is not None
            assert clinic.retell is not None
            start.wait(10)
            with clinic.work() as session:
                calls.record(session, clinic.dependencies, clinic.organisation_id, clinic.retell, told)
        except BaseException as error:  # noqa: BLE001 - shown by the test's own thread
            errors.append(error)

    threads = [threading.Thread(target=tell, args=word) for word in words]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    clinic.inline.drain_all()
    assert errors == []
    assert (clinic.calls(), clinic.appointments()) == ([("booked", None)], [("booked",)])
    assert clinic.database.value("SELECT count(*) FROM messaging.chain") == 1
