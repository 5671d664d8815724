"""Who called: found by number, by address, made anew, merged; also when many call at once."""

import threading
from uuid import UUID

import pytest

from services.appointments.domain.customers import Caller
from services.appointments.handlers.customers import recognise
from tests.integration.appointments.calls.clinic import Clinic, analysed

ANN, BOB = "+12137771111", "+12137772222"


def caller(phone: str | None = None, email: str | None = None, name: str | None = None) -> Caller:
    return Caller(name, email, phone, "en", None)


def known(clinic: Clinic, who: Caller, said_phone: str | None = None) -> UUID:
    with clinic.work() as session:
        found = recognise(session, clinic.organisation_id, who, said_phone)
    assert found is not None
    return found


def living(clinic: Clinic) -> list[tuple[object, ...]]:
    return clinic.database.query(
        "SELECT phone, email, name FROM appointments.customers WHERE merged_into IS NULL ORDER BY phone, email"
    )


def test_a_customer_is_found_by_number_then_by_address(clinic: Clinic) -> None:
    """And learns what was missing."""
    ann = known(clinic, caller(ANN, name="Ann"))
    assert known(clinic, caller(ANN, "ann@example.com", "Annie")) == ann
    assert known(clinic, caller(None, "ann@example.com")) == ann
    assert known(clinic, caller(None, None), ANN) == ann
    assert living(clinic) == [(ANN, "ann@example.com", "Ann")]


def test_customers_of_two_organisations_do_not_meet(clinic: Clinic) -> None:
    """The same number, two rows."""
    known(clinic, caller(ANN))
    other = Clinic(clinic.database)
    known(other, caller(ANN))
    assert len(living(clinic)) == 2


def test_two_that_prove_to_be_one_are_merged(clinic: Clinic) -> None:
    """With their calls and appointments; the number's customer stays."""
    clinic.hear("call_analyzed", analysed(from_number="anonymous"))
    by_phone = known(clinic, caller(ANN))
    clinic.hear("call_analyzed", analysed("c2", from_number=ANN))
    assert living(clinic) == [(ANN, "zoe@example.com", "Zoë Doe")]
    assert {row[0] for row in clinic.calls("customer_id") + clinic.appointments("customer_id")} == {by_phone}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (caller(ANN, "ann@example.com"), caller(None, "bob@example.com")),
        (caller(ANN), caller(BOB, "bob@example.com")),
        (caller(ANN, name="Ann"), caller(None, "bob@example.com", "Bob")),
    ],
)
def test_two_that_may_be_two_stay_two_and_the_number_decides(clinic: Clinic, first: Caller, second: Caller) -> None:
    """Somebody calls from Ann's number and names Bob's address."""
    ann = known(clinic, first)
    known(clinic, second)
    assert known(clinic, caller(ANN, "bob@example.com")) == ann
    assert len(living(clinic)) == 2


def test_a_caller_of_whom_nothing_is_known_is_no_customer(clinic: Clinic) -> None:
    """A withheld number, no address, no name."""
    nothing = {"customer_email": None, "customer_name": None}
    clinic.hear("call_analyzed", analysed(analysis=nothing, from_number="anonymous"))
    assert clinic.calls("customer_id") == [(None,)]
    assert living(clinic) == []


def test_many_calls_at_once_make_one_customer(clinic: Clinic) -> None:
    """Nobody waits in a circle, nothing is written twice."""
    with_phone, with_email = caller(ANN), caller(None, "ann@example.com")
    with_both = caller(ANN, "ann@example.com")
    errors: list[BaseException] = []

    def call_in(who: Caller) -> None:
        try:
            for _ in range(5):
                known(clinic, who)
        except BaseException as error:  # noqa: BLE001 - shown by the test's own thread
            errors.append(error)

    threads = [threading.Thread(target=call_in, args=(who,)) for who in (with_phone, with_email, with_both) * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert errors == []
    assert living(clinic) == [(ANN, "ann@example.com", None)]
