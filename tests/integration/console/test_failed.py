"""`bellhop failed`."""

from uuid import UUID

import orjson
import pytest

from shared.contracts.message import Command
from shared.ids import new_id
from shared.messaging.envelope import Envelope
from shared.messaging.failed_jobs import Failure, finish_failed
from tests.integration.console.conftest import Bellhop
from tests.support.databases import Database
from tests.toyshop.contracts import MakeToy, PackToy


def fail(database: Database, message: Command, error: str = "no more wood") -> UUID:
    """A job that finally failed, as its worker records it. Returns the failed job's id."""
    message_id, failed_id = new_id(), new_id()
    fields = message.model_dump(mode="json")
    body = Envelope(message.kind, fields, message_id, queue="toyshop.default").encode()
    failure = Failure(
        service="toyshop",
        kind=message.kind,
        queue="toyshop.default",
        message_id=message_id,
        turn=1,
        attempts=3,
        reason="tries_exhausted",
        error_type="no_wood",
        error=error,
        body=body,
        fields=fields,
        id=failed_id,
    )
    with database.work("relay")() as session:
        finish_failed(session, failure, None)
    return failed_id


def republished(database: Database) -> list[int]:
    """The numbers of the toys whose jobs are in the outbox again, at a higher turn."""
    bodies = [orjson.loads(bytes(body)) for (body,) in database.query("SELECT body FROM messaging.outbox ORDER BY id")]
    assert {body["options"]["turn"] for body in bodies} <= {2}
    return [body["kwargs"]["number"] for body in bodies]


def test_list_shows_what_failed_and_why(bellhop: Bellhop, database: Database) -> None:
    """For people with the last line of the error, for programs with everything."""
    failed_id = fail(database, MakeToy(number=1), "Traceback\n  …\nno more wood")
    shown, listed = bellhop("failed", "list"), bellhop("failed", "list", "--json")
    assert (shown.code, listed.code) == (0, 0)
    assert f"{failed_id}" in shown.out
    assert "no more wood" in shown.out
    assert [(job["id"], job["reason"], job["attempts"]) for job in listed.json] == [
        (str(failed_id), "tries_exhausted", 3)
    ]


def test_list_can_be_narrowed(bellhop: Bellhop, database: Database) -> None:
    """By kind and by service."""
    fail(database, MakeToy(number=1))
    packed = fail(database, PackToy(number=2))
    by_kind = bellhop("failed", "list", "--kind", "toyshop.toy.pack", "--json").json
    by_service = bellhop("failed", "list", "--service", "ticketing", "--json").json
    assert ([job["id"] for job in by_kind], by_service) == ([str(packed)], [])


def test_empty_list_is_no_failure(bellhop: Bellhop) -> None:
    """It did what it was asked."""
    assert (bellhop("failed", "list").code, bellhop("failed", "list").out) == (0, "There are no failed jobs.\n")


def test_show_has_the_payload(bellhop: Bellhop, database: Database) -> None:
    """One job with all that is known of it."""
    failed_id = fail(database, MakeToy(number=42))
    shown, job = bellhop("failed", "show", str(failed_id)), bellhop("failed", "show", str(failed_id), "--json").json
    assert "no_wood" in shown.out
    assert job["body"]["kwargs"]["number"] == 42


def test_retry_sends_the_named_jobs_again(bellhop: Bellhop, database: Database) -> None:
    """Those and no others; they are not listed as failed any more."""
    first, second, third = (fail(database, MakeToy(number=number)) for number in (1, 2, 3))
    ran = bellhop("failed", "retry", str(first), str(third))
    left = [job["id"] for job in bellhop("failed", "list", "--json").json]
    assert (ran.code, ran.out, republished(database), left) == (0, "retried 2 failed jobs\n", [1, 3], [str(second)])


def test_retry_of_an_unknown_job_says_so_and_does_the_others(bellhop: Bellhop, database: Database) -> None:
    """Exit code 1: not everything was done."""
    known, unknown = fail(database, MakeToy(number=1)), new_id()
    ran = bellhop("failed", "retry", str(unknown), str(known))
    assert (ran.code, ran.out, republished(database)) == (1, "retried 1 failed job\n", [1])
    assert ran.err.startswith(f"bellhop: there is no open failed job {unknown}")


def test_retry_all_of_a_kind(bellhop: Bellhop, database: Database) -> None:
    """--all with --kind leaves the other kinds alone."""
    for number in range(5):
        fail(database, MakeToy(number=number))
    fail(database, PackToy(number=9))
    ran = bellhop("failed", "retry", "--all", "--kind", "toyshop.toy.make")
    assert (ran.out, sorted(republished(database))) == ("retried 5 failed jobs\n", [0, 1, 2, 3, 4])


def test_discard_closes_with_a_note(bellhop: Bellhop, database: Database) -> None:
    """Nothing is sent; the job stays readable."""
    failed_id = fail(database, MakeToy(number=1))
    ran = bellhop("failed", "discard", str(failed_id), "--note", "toy was returned")
    [job] = bellhop("failed", "list", "--resolved", "--json").json
    assert (ran.code, republished(database)) == (0, [])
    assert (job["resolution"], job["resolution_note"]) == ("discarded", "toy was returned")


def test_discard_all(bellhop: Bellhop, database: Database) -> None:
    """Every open one."""
    for number in range(3):
        fail(database, MakeToy(number=number))
    assert bellhop("failed", "discard", "--all").out == "discarded 3 failed jobs\n"
    assert bellhop("failed", "list", "--json").json == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("retry",),
        ("discard",),
        ("retry", "--all", "01a203a4-b70f-7044-8542-d0f398056191"),
        ("retry", "--kind", "toyshop.toy.make", "01a203a4-b70f-7044-8542-d0f398056191"),
        ("retry", "not-an-id"),
        ("show",),
    ],
)
def test_ambiguous_command_does_nothing(bellhop: Bellhop, database: Database, arguments: tuple[str, ...]) -> None:
    """Neither nothing nor everything is meant by accident."""
    fail(database, MakeToy(number=1))
    assert (bellhop("failed", *arguments).code, republished(database)) == (2, [])
