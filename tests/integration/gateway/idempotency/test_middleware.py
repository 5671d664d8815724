"""Idempotency-Key, over HTTP and through crashes."""

import http.client
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.integration.gateway.conftest import Answered, Gateway, ask
from tests.integration.gateway.toys import Death, gate
from tests.support.databases import SECRET_KEY
from tests.support.processes import processes
from tests.support.waiting import wait_for

TOY = {"number": 7}


def test_same_request_is_answered_alike_and_done_once(gateway: Gateway) -> None:
    """Status, body, type and location are the first answer's; a header says that it is told again."""
    first, second = gateway.make(TOY, "k"), gateway.make(TOY, "k")
    assert (second.status, second.raw) == (201, first.raw)
    assert [second.headers[name] for name in ("content-type", "location")] == [
        first.headers[name] for name in ("content-type", "location")
    ]
    assert (first.headers.get("idempotency-replayed"), second.headers["idempotency-replayed"]) == (None, "true")
    assert (gateway.toys(), gateway.published(), gateway.waker.pokes) == ([7], 1, 1)


def test_ten_at_once_are_done_once(gateway: Gateway) -> None:
    """One works, the others are told to come back; when they do, all have the same answer."""
    gateway.key()
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: gateway.make(TOY, "k"), range(10)))
    refused = [one for one in answers if one.status != 201]
    assert gateway.toys() == [7]
    assert {one.code for one in refused} <= {"idempotency_in_progress"}
    assert len({one.raw for one in answers if one.status == 201} | {gateway.make(TOY, "k").raw}) == 1


def test_request_that_is_worked_on_is_not_begun_again(gateway: Gateway) -> None:
    """409 with Retry-After, for as long as the first one runs."""
    gate.open.clear()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(gateway.make, {"number": 7, "how": "held"}, "k")
        assert gate.entered.acquire(timeout=10)
        second = gateway.make({"number": 7, "how": "held"}, "k")
        gate.open.set()
        assert first.result(10).status == 201
    assert (second.status, second.code, second.headers["retry-after"]) == (409, "idempotency_in_progress", "1")


def test_other_body_is_refused(gateway: Gateway) -> None:
    """A key stands for one request."""
    gateway.make(TOY, "k")
    answer = gateway.make({"number": 8}, "k")
    assert (answer.status, answer.code, gateway.toys()) == (422, "idempotency_key_reused", [7])


def test_key_of_another_organisation_is_another_key(gateway: Gateway) -> None:
    """Nobody sees an answer that was not made for them."""
    mine, theirs = gateway.make(TOY, "k"), gateway.make(TOY, "k", organisation="Zenith")
    assert mine.body["id"] != theirs.body["id"]


def test_refusal_by_the_service_is_kept(gateway: Gateway) -> None:
    """What was sold out stays sold out for this key; nothing of the attempt is left."""
    body = {"number": 7, "how": "sold_out"}
    first, second = gateway.make(body, "k"), gateway.make(body, "k")
    assert (first.code, second.code, second.headers["idempotency-replayed"]) == ("sold_out", "sold_out", "true")
    assert (gateway.toys(), gateway.published()) == ([], 0)


@pytest.mark.parametrize("body", [{"number": "x"}, {"number": 7, "how": "bug"}, {"number": 7, "how": "busy"}])
def test_failure_leaves_nothing_and_the_key_free(gateway: Gateway, body: dict[str, object]) -> None:
    """Invalid, our own fault, or later: nothing is kept, what was written is undone, and the key is free."""
    failed = gateway.make(body, "k")
    assert failed.status in {422, 429, 500}
    assert (gateway.toys(), gateway.published()) == ([], 0)
    assert gateway.make(TOY, "k").status == 201


def test_block_that_fails_is_undone_alone(gateway: Gateway) -> None:
    """Several transactions of one endpoint are one with the answer, but a failed one still takes only itself back."""
    answer = gateway.call("POST", "/v1/toys/two-steps", TOY, Idempotency_Key="k")
    assert (answer.status, gateway.toys()) == (201, [7])


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb"])
def test_malformed_key_is_refused(gateway: Gateway, key: str) -> None:
    """1 to 255 printable characters."""
    assert gateway.make(TOY, key).code == "invalid_idempotency_key"


def test_key_of_255_characters_is_taken(gateway: Gateway) -> None:
    """The longest one."""
    assert gateway.make(TOY, "x" * 255).status == 201


def test_secrets_in_answers_are_not_readable_in_the_table(gateway: Gateway) -> None:
    """An endpoint's secret is shown once, also to whoever reads the database."""
    secret = gateway.make(TOY, "k").body["secret"].encode()
    stored = bytes(gateway.database.value("SELECT body FROM gateway.idempotency_key"))
    assert secret not in stored


def test_key_is_free_after_a_day_and_then_deleted(gateway: Gateway) -> None:
    """What has expired counts for nothing."""
    gateway.make(TOY, "k")
    gateway.database.query("UPDATE gateway.idempotency_key SET expires_at = now() - interval '1 second'")
    again = gateway.make({"number": 8}, "k")
    assert (again.status, gateway.toys()) == (201, [7, 8])


def die(gateway: Gateway, folder: Path, point: Death) -> None:
    """Send the request to a second gateway, in a process that is killed by it at this point."""
    environment = {"DATABASE_URL": gateway.database.url, "SECRET_KEY": SECRET_KEY, "DIE": point}
    headers = {"Authorization": f"Bearer {gateway.key()}", "Idempotency-Key": "k"}
    with processes(folder, environment) as group:
        process = group.start("tests.integration.gateway.toys").wait_ready()
        with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
            ask(process.http_port, "POST", "/v1/toys", TOY, headers)
        assert process.popen.wait(10) == -signal.SIGKILL


def test_killed_before_the_answer_the_lease_ends_and_it_runs(gateway: Gateway, tmp_path: Path) -> None:
    """The key is held for a minute, not for ever; nothing of the first try is left."""
    die(gateway, tmp_path, "in_endpoint")
    held = gateway.make(TOY, "k")
    gateway.database.query("UPDATE gateway.idempotency_key SET lease_until = now() - interval '1 second'")
    again = gateway.make(TOY, "k")
    assert (held.code, again.status, gateway.toys()) == ("idempotency_in_progress", 201, [7])


def test_killed_between_answer_and_commit_it_runs_again(gateway: Gateway, tmp_path: Path) -> None:
    """The answer was written down, but PostgreSQL knows that its transaction was not committed."""
    die(gateway, tmp_path, "before_commit")
    assert gateway.database.value("SELECT status FROM gateway.idempotency_key") == 201
    again = wait_for(lambda: _unless_in_progress(gateway), 10, "PostgreSQL to notice the death")
    assert again is not None
    assert (again.status, again.headers.get("idempotency-replayed"), gateway.toys()) == (201, None, [7])


def test_killed_after_the_commit_it_is_answered_from_memory(gateway: Gateway, tmp_path: Path) -> None:
    """The client never saw the answer, and gets it now; the effect is there once."""
    die(gateway, tmp_path, "after_commit")
    again = gateway.make(TOY, "k")
    assert (again.status, again.headers.get("idempotency-replayed"), gateway.toys()) == (201, "true", [7])


def _unless_in_progress(gateway: Gateway) -> Answered | None:
    answer = gateway.make(TOY, "k")
    return None if answer.status == 409 else answer
