"""What a failed attempt leads to: the family of its error decides, and all of it is one transaction."""

import os
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from shared.contracts.message import Contract
from shared.errors import OutcomeUnknown, PermanentError, TransientError
from shared.messaging.actor import Snooze
from shared.messaging.delivery import Delivery
from shared.messaging.middleware.job import Admission, Ended, JobMiddleware
from shared.messaging.outbox import publish
from shared.messaging.runner import Ending
from tests.conftest import POSTGRES
from tests.integration.messaging.bench import Bench, delivery_of, toy_actor
from tests.support.waiting import wait_for
from tests.toyshop.contracts import MakeToy, PackToy, ToyFailed

TOY = MakeToy(number=1)


class GlueDryError(TransientError):
    """The glue is not dry."""

    code = "glue_not_dry"


def failing(error: BaseException) -> Any:
    def do(_: MakeToy, session: Any) -> None:
        publish(session, PackToy(number=1))
        raise error

    return do


def failed_jobs(bench: Bench) -> list[tuple[Any, ...]]:
    return bench.database.query("SELECT reason, error_type, turn, attempts, message_id FROM messaging.failed_job")


@pytest.mark.parametrize(
    ("error", "code", "seconds"),
    [
        (GlueDryError("wait"), "glue_not_dry", 7),
        (GlueDryError("wait", retry_after=42), "glue_not_dry", 42),
        (OutcomeUnknown("the answer was lost"), "outcome_unknown", 7),
        (ZeroDivisionError("a bug"), "ZeroDivisionError", 7),
    ],
    ids=["transient", "transient with its own time", "outcome unknown", "bug"],
)
def test_error_that_may_pass_is_tried_again(bench: Bench, error: Exception, code: str, seconds: int) -> None:
    """The next turn is scheduled for the declared delay, or the one that was asked for; the attempt is written down."""
    delivery = delivery_of(TOY)

    ending = bench.run(toy_actor(failing(error)), delivery)

    assert ending is Ending.SETTLED
    assert bench.scheduled() == [(2, "retry", seconds)]
    assert bench.attempts() == [(1, 1, "retry", code)]
    assert bench.standing(delivery.message_id) == ("waiting", 2, 1)


def test_failed_attempt_leaves_neither_rows_nor_messages(bench: Bench) -> None:
    """Its effects and what it published are rolled back with it."""
    bench.run(toy_actor(failing(ZeroDivisionError())), delivery_of(TOY))

    assert (bench.effects(), bench.outbox_kinds()) == ([], [])


@pytest.mark.parametrize(
    ("error", "policy"),
    [(PermanentError("no such toy"), {}), (KeyError("toy"), {"permanent": [KeyError]})],
    ids=["by its class", "by declaration"],
)
def test_permanent_error_fails_at_once(bench: Bench, error: Exception, policy: dict[str, Any]) -> None:
    """No try that is left can help."""
    delivery = delivery_of(TOY)

    bench.run(toy_actor(failing(error), **policy), delivery)

    assert bench.standing(delivery.message_id) == ("failed", 1, 1)
    assert [job[:4] for job in failed_jobs(bench)] == [("permanent", getattr(error, "code", "KeyError"), 1, 1)]
    assert bench.scheduled() == []


def test_last_try_fails_the_message(bench: Bench) -> None:
    """Three tries wait twice; then the failed job has the number of attempts and the last error."""
    declaration, delivery = toy_actor(failing(GlueDryError("wait"))), delivery_of(TOY)
    bench.run(declaration, delivery)
    bench.run(declaration, bench.next_delivery())
    bench.run(declaration, bench.next_delivery())

    assert failed_jobs(bench) == [("tries_exhausted", "glue_not_dry", 3, 3, delivery.message_id)]
    assert [attempt[:3] for attempt in bench.attempts()] == [(1, 1, "retry"), (2, 2, "retry"), (3, 3, "failed")]
    assert bench.scheduled() == []


def test_snooze_spends_no_attempt(bench: Bench) -> None:
    """However often it is put back, the only try that it has is left; each time has its own turn."""
    declaration, delivery = toy_actor(failing(Snooze(30)), tries=1), delivery_of(TOY)
    following: Delivery = delivery
    for _ in range(5):
        bench.run(declaration, following)
        following = bench.next_delivery()

    bench.run(toy_actor(tries=1), following)

    assert [attempt[:3] for attempt in bench.attempts()] == [(turn, 1, "snoozed") for turn in range(1, 6)]
    assert bench.standing(delivery.message_id) == ("done", 6, 1)


def test_final_failure_is_written_once_with_its_notice(bench: Bench) -> None:
    """Redelivered before the acknowledgement, the failed job and the on_failure message are there once."""
    delivery = delivery_of(TOY, organisation_id="0198b7a0-0000-7000-8000-000000000001")
    declaration = toy_actor(failing(PermanentError("no such toy")))
    bench.run(declaration, delivery)

    bench.run(declaration, Delivery(**{**_fields(delivery), "redelivered": True}))

    assert len(failed_jobs(bench)) == 1
    assert bench.outbox_kinds() == [ToyFailed.kind]
    assert bench.standing(delivery.message_id) == ("failed", 1, 1)


def test_notice_says_what_failed_and_why(bench: Bench) -> None:
    """It carries kind, id, fields, reason and error, and belongs to the same journey."""
    organisation = "0198b7a0-0000-7000-8000-000000000001"
    delivery = delivery_of(TOY, organisation_id=organisation, correlation_id=organisation)
    bench.run(toy_actor(failing(PermanentError("no such toy"))), delivery)

    message = orjson.loads(bench.database.value("SELECT body FROM messaging.outbox"))

    notice = ToyFailed.model_validate(message["kwargs"])
    assert (notice.failed_kind, notice.failed_message_id) == (MakeToy.kind, delivery.message_id)
    assert (notice.reason, notice.error, notice.fields["number"]) == ("permanent", "no such toy", 1)
    assert message["options"]["correlation_id"] == message["options"]["organisation_id"] == organisation
    assert message["options"]["causation_id"] == str(delivery.message_id)


def test_payload_that_does_not_fit_its_contract_fails_without_its_values(bench: Bench) -> None:
    """The error names the field; what was in it may be somebody's secret."""
    delivery = delivery_of(TOY)
    broken = Delivery(**{**_fields(delivery), "fields": {"number": "s3cret"}})

    bench.run(toy_actor(), broken)

    reason, error = bench.database.query("SELECT error_type, error FROM messaging.failed_job")[0]
    assert reason == "invalid_payload"
    assert "number" in error
    assert "s3cret" not in error


def test_message_at_the_limit_of_size_can_still_be_put_off(bench: Bench) -> None:
    """A sender that leaves out `turn` may use every byte there is; the turn that a retry adds must not lose it."""
    fields = _fields(delivery_of(TOY))
    room = 64 * 1024 - len(Delivery(**{**fields, "fields": {"padding": ""}}).body())
    full = Delivery(**{**fields, "fields": {"number": 1, "padding": "x" * room}, "turn": 9})

    bench.run(toy_actor(failing(GlueDryError("wait"))), full)

    assert bench.scheduled() == [(10, "retry", 7)]


def test_text_that_postgresql_cannot_hold_is_cleaned(bench: Bench) -> None:
    """An error may quote anything, a zero byte too."""
    bench.run(toy_actor(failing(PermanentError("no\x00toy"))), delivery_of(TOY))

    assert bench.database.value("SELECT error FROM messaging.failed_job") == "notoy"


class UnshowableError(PermanentError):
    """Its text is made by somebody else's code, which fails."""

    code = "unshowable"

    def __str__(self) -> str:
        raise ZeroDivisionError


def too_many_parameters(_: MakeToy, session: Session) -> None:
    names = [f"p{number}" for number in range(65_536)]
    session.execute(text(f"SELECT 1 WHERE 1 IN ({', '.join(f':{name}' for name in names)})"), dict.fromkeys(names, 1))


def idle(_: MakeToy, session: Session) -> None:
    session.execute(text("SET LOCAL idle_in_transaction_session_timeout = 50"))
    pid = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
    with psycopg.connect(os.environ[POSTGRES], autocommit=True) as server:
        asked = ("SELECT count(*) FROM pg_stat_activity WHERE pid = %s", (pid,))
        wait_for(lambda: server.execute(*asked).fetchone() == (0,), 10, "PostgreSQL to end the transaction")
    session.execute(text("SELECT 1"))


@pytest.mark.parametrize(
    "do",
    [
        failing(GlueDryError("half \ud83d of an emoji")),
        failing(ZeroDivisionError("half \ud83d of an emoji")),
        failing(UnshowableError()),
        failing(GlueDryError("x" * 100_000)),
        too_many_parameters,
        idle,
    ],
    ids=["surrogate", "surrogate in a bug", "no text", "long", "too many parameters", "idle in its transaction"],
)
def test_whatever_a_job_does_its_attempts_are_counted_and_end(bench: Bench, do: Any) -> None:
    """One that cannot be written down, or that looks like a database that is away, would come back for ever."""
    declaration, following = toy_actor(do, tries=2), delivery_of(TOY)
    first = bench.run(declaration, following)
    if bench.scheduled():
        bench.run(declaration, bench.next_delivery())

    assert (first, bench.gate.is_open, len(failed_jobs(bench))) == (Ending.SETTLED, True, 1)


@dataclass(frozen=True, slots=True)
class Careless(JobMiddleware):
    """Fails when it is told how a job ended."""

    @property
    def identity(self) -> tuple[object, ...]:
        return (Careless,)

    def admit(self, admission: Admission) -> None:
        pass

    def leave(self, admission: Admission, outcome: Ended, error: object) -> None:
        raise ZeroDivisionError


def test_outcome_that_can_never_be_written_ends_the_message_without_its_texts(bench: Bench) -> None:
    """Middleware that fails takes the outcome along, every time: it would be parked every half minute, uncounted."""
    delivery = delivery_of(TOY)

    ending = bench.run(toy_actor(failing(GlueDryError("wait")), middleware=[Careless()]), delivery)

    assert ending is Ending.SETTLED
    assert failed_jobs(bench) == [("outcome_not_recorded", "outcome_not_recorded", 1, 1, delivery.message_id)]
    assert bench.attempts() == [(1, 1, "failed", "outcome_not_recorded")]
    assert bench.outbox_kinds() == [ToyFailed.kind]


def test_outcome_that_cannot_be_written_parks_the_message(own_bench: Bench) -> None:
    """Then nothing is known to be recorded, so nothing is acknowledged: it comes back in half a minute."""
    own_bench.database.query("REVOKE INSERT ON messaging.attempt FROM bellhop_toyshop")

    ending = own_bench.run(toy_actor(failing(GlueDryError("wait"))), delivery_of(TOY))

    assert ending is Ending.PARK


def _fields(delivery: Delivery) -> dict[str, Any]:
    return {name: getattr(delivery, name) for name in Delivery.__slots__}


def test_contracts_of_messages_stay_readable_in_the_failed_job(bench: Bench) -> None:
    """The body that is kept is the message itself: it can be read, and sent again."""
    delivery = delivery_of(TOY)
    bench.run(toy_actor(failing(PermanentError("no such toy"))), delivery)

    kept = orjson.loads(bench.database.value("SELECT body FROM messaging.failed_job"))

    again: Contract = MakeToy.model_validate(kept["kwargs"])
    assert (again, UUID(kept["message_id"])) == (TOY, delivery.message_id)
