"""Deliveries, made to receivers that check, fail, hang and lie."""

import ssl
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

import orjson
import pytest
from standardwebhooks import Webhook

from services.webhooks.adapters.receivers import HttpReceivers
from services.webhooks.handlers import endpoints
from services.webhooks.handlers.deliveries import Dependencies
from tests.integration.webhooks.certificates import self_signed
from tests.integration.webhooks.conftest import LOOPBACK
from tests.integration.webhooks.receiver import (
    Behaviour,
    answer,
    drip_body,
    drip_headers,
    hang,
    raw,
    receiving,
    send_a_gigabyte,
)
from tests.integration.webhooks.shop import Shop, Worker
from tests.support.databases import Database
from tests.support.waiting import wait_for


def failed_jobs(database: Database) -> list[str]:
    return [str(row[0]) for row in database.query("SELECT reason FROM messaging.failed_job")]


def waits(database: Database) -> list[float]:
    rows = database.query("SELECT extract(epoch FROM due_at - created_at)::float8 FROM messaging.scheduled")
    return [float(row[0]) for row in rows]


def test_a_delivery_is_signed_and_logged(shop: Shop, worker: Worker) -> None:
    """The receiver can verify it with any library of the specification."""
    with receiving(answer(200, b"thank\x00 you")) as receiver:
        _, secret = shop.subscribe(receiver.url())
        order_id = shop.pay_an_order()
        worker.run_outbox()
    (sent,) = receiver.sent
    verified = Webhook(secret).verify(sent.body, sent.headers)
    assert verified["type"] == "order.paid"
    assert verified["data"]["order_id"] == str(order_id)
    assert sent.line == "POST /hooks?shop=1 HTTP/1.1"
    assert sent.headers["content-type"] == "application/json"
    assert sent.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert shop.state() == ("delivered", None)
    assert shop.database.value("SELECT response FROM webhooks.attempts") == "thank you"
    assert shop.attempts() == [(1, False, 200, None)]


def test_a_retry_sends_the_same_bytes_under_the_same_id(shop: Shop, worker: Worker) -> None:
    """The time and with it the signature are new."""
    with receiving(answer(503), answer(200)) as receiver:
        _, secret = shop.subscribe(receiver.url())
        shop.pay_an_order()
        worker.run_outbox()
        assert shop.state() == ("pending", None)
        wait_for(lambda: int(datetime.now(UTC).timestamp()) > int(receiver.sent[0].headers["webhook-timestamp"]))
        worker.run_scheduled()
    first, second = receiver.sent
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.headers["webhook-timestamp"] < second.headers["webhook-timestamp"]
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]
    Webhook(secret).verify(second.body, second.headers)
    assert shop.state() == ("delivered", None)
    assert shop.attempts() == [(1, False, 503, "the receiver answered 503"), (2, False, 200, None)]


def test_after_the_eighth_try_a_delivery_has_failed_and_can_be_retried_by_hand(shop: Shop, worker: Worker) -> None:
    """The schedule is the promised one; the operator has a failed job; the owner one more attempt."""
    with receiving(*[answer(500)] * 8, answer(200)) as receiver:
        shop.subscribe(receiver.url())
        shop.pay_an_order()
        worker.run_outbox()
        seen = []
        while scheduled := waits(shop.database):
            seen += scheduled
            worker.run_scheduled()
        assert len(receiver.sent) == 8
        assert shop.state() == ("failed", "the receiver answered 500")
        with shop.database.work("webhooks")() as session:
            endpoints.retry(session, shop.organisation_id, shop.delivery())
        worker.run_outbox()
    expected = [5, 300, 1800, 7200, 18000, 36000, 36000]
    assert all(0.75 * base < wait < 1.25 * base for base, wait in zip(expected, seen, strict=True))
    assert failed_jobs(shop.database) == ["tries_exhausted"]
    assert shop.state() == ("delivered", None)
    assert shop.attempts()[-1] == (9, True, 200, None)


@pytest.mark.parametrize(
    ("status", "asked", "least", "most"), [(503, "8", 7, 9), (503, "3600", 9, 11), (429, "1", 58, 61)]
)
def test_a_receiver_says_when(shop: Shop, worker: Worker, status: int, asked: str, least: float, most: float) -> None:
    """Between once and twice the schedule's five seconds, and a minute at least where it is overloaded."""
    with receiving(answer(status, Retry_After=asked)) as receiver:
        shop.subscribe(receiver.url())
        shop.pay_an_order()
        worker.run_outbox()
    (wait,) = waits(shop.database)
    assert least <= wait <= most


@pytest.mark.parametrize("status", [301, 400, 404, 422])
def test_a_refusal_is_tried_again(shop: Shop, worker: Worker, status: int) -> None:
    """Whoever is being deployed answers so for a while. Redirects are refusals: they are not followed."""
    with (
        receiving(answer(200)) as elsewhere,
        receiving(answer(status, Location=elsewhere.url()), answer(200)) as receiver,
    ):
        shop.subscribe(receiver.url())
        shop.pay_an_order()
        worker.run_outbox()
        (wait,) = waits(shop.database)
        assert (shop.state()[0], wait < 7, elsewhere.sent) == ("pending", True, [])
        worker.run_scheduled()
    assert failed_jobs(shop.database) == []
    assert shop.state() == ("delivered", None)


def test_gone_disables_the_endpoint_and_keeps_what_was_pending(shop: Shop, worker: Worker) -> None:
    """410 is a wish, not a failure: no failed job."""
    with receiving(answer(503), answer(410)) as receiver:
        endpoint_id, _ = shop.subscribe(receiver.url())
        shop.pay_an_order()
        worker.run_outbox()
        shop.pay_an_order()
        worker.run_outbox()
        worker.run_scheduled()
    states = shop.database.query("SELECT state FROM webhooks.deliveries ORDER BY id")
    enabled, reason = shop.database.query("SELECT enabled, disabled_reason FROM webhooks.endpoints")[0]
    assert [row[0] for row in states] == ["skipped", "failed"]
    assert (enabled, "410" in str(reason)) == (False, True)
    assert (len(receiver.sent), failed_jobs(shop.database)) == (2, [])
    assert endpoint_id


@pytest.mark.parametrize("how", ["deleted", "disabled"])
def test_an_endpoint_that_went_while_queued_ends_quietly(shop: Shop, worker: Worker, how: str) -> None:
    """The queue may still hold its deliveries."""
    with receiving(answer(200)) as receiver:
        endpoint_id, _ = shop.subscribe(receiver.url())
        shop.pay_an_order()
        with shop.database.work("webhooks")() as session:
            if how == "deleted":
                endpoints.delete(session, shop.organisation_id, endpoint_id)
            else:
                endpoints.change(session, shop.organisation_id, endpoint_id, {"enabled": False})
        worker.run_outbox()
    assert (shop.state()[0], receiver.connections, failed_jobs(shop.database)) == ("skipped", 0, [])


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [
        (hang, "timed out"),
        (drip_body, "timed out"),
        (drip_headers, "timed out"),
        (send_a_gigabyte, "a body of more than 1048576 bytes"),
        (raw(b""), "was sent, then"),
        (raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this"), "was sent, then"),
        (raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), "was sent, then"),
        (raw(b"\x00\xffthis is no HTTP at all\r\n\r\n"), "was sent, then"),
        (raw(b"HTTP/1.1 two hundred OK\r\n\r\n"), "was sent, then"),
        (raw(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n"), "was sent, then"),
    ],
)
def test_a_receiver_that_hangs_or_lies_is_a_clear_error_and_a_retry(
    shop: Shop, worker: Worker, behaviour: Behaviour, said: str
) -> None:
    """The thread is free again within the call's deadline, whatever the receiver does."""
    with receiving(behaviour) as receiver:
        shop.subscribe(receiver.url())
        shop.pay_an_order()
        started = monotonic()
        worker.run_outbox()
        took = monotonic() - started
    ((number, _, status, error),) = shop.attempts()
    assert (number, status, len(waits(shop.database))) == (1, None, 1)
    assert said in str(error)
    assert shop.state() == ("pending", None)
    assert took < 20  # what hangs or drips does so without an end


def test_a_receiver_that_is_too_slow_is_left_alone_for_a_minute(shop: Shop, worker: Worker) -> None:
    """The schedule's first wait would be five seconds."""
    with receiving(hang) as receiver:
        shop.subscribe(receiver.url())
        shop.pay_an_order()
        worker.run_outbox()
    (wait,) = waits(shop.database)
    assert 55 < wait <= 60


def test_a_receiver_that_is_down_is_tried_again(shop: Shop, worker: Worker) -> None:
    """Nobody listens."""
    with receiving(hang) as receiver:
        url = receiver.url()
    shop.subscribe(url)
    shop.pay_an_order()
    worker.run_outbox()
    assert (shop.state(), len(waits(shop.database))) == (("pending", None), 1)


def test_an_address_that_is_not_public_is_never_connected_to(shop: Shop) -> None:
    """However it is written; the guard sees what would be connected to."""
    hosts = ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.0.0.1", "[::1]", "[::ffff:7f00:1]"]
    guarded = Worker(shop.database, Dependencies(HttpReceivers((), total=2.0), shop.vault))
    with receiving(answer(200)) as receiver:
        for host in hosts:
            shop.subscribe(receiver.url(host))
        shop.pay_an_order()
        guarded.run_outbox()
    states = shop.database.query("SELECT state, reason FROM webhooks.deliveries")
    assert (receiver.connections, len(states)) == (0, len(hosts))
    assert all(state == "failed" and "is not public" in reason for state, reason in states)


def test_tls_names_the_host_and_checks_the_certificate(shop: Shop, tmp_path: Path) -> None:
    """The connection goes to the checked address, the name in the handshake and in Host stays the endpoint's."""
    certificate, key = self_signed(tmp_path, "localhost")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)
    names: list[str | None] = []
    server.sni_callback = lambda _socket, name, _context: names.append(name)
    trusting = ssl.create_default_context(cafile=str(certificate))
    trusted = HttpReceivers(LOOPBACK, total=2.0, ssl_context=trusting)
    with receiving(answer(200), tls=server) as receiver:
        shop.subscribe(receiver.url("localhost"))
        shop.pay_an_order()
        Worker(shop.database, Dependencies(HttpReceivers(LOOPBACK, total=2.0), shop.vault)).run_outbox()
        assert "CERTIFICATE_VERIFY_FAILED" in str(shop.attempts()[0][3])
        Worker(shop.database, Dependencies(trusted, shop.vault)).run_scheduled()
    assert set(names) == {"localhost"}
    assert receiver.sent[0].headers["host"] == f"localhost:{receiver.port}"
    assert shop.state() == ("delivered", None)


def test_a_retry_by_hand_that_fails_leaves_everything_as_it_was(shop: Shop, worker: Worker) -> None:
    """It is logged; it is not scheduled again, and no failed job of the operator's."""
    with receiving(answer(404), answer(503)) as receiver:
        shop.subscribe(receiver.url())
        shop.pay_an_order()
        worker.run_outbox()
        before = len(waits(shop.database))
        with shop.database.work("webhooks")() as session:
            endpoints.retry(session, shop.organisation_id, shop.delivery())
        worker.run_outbox()
    assert [(row[0], row[1], row[2]) for row in shop.attempts()] == [(1, False, 404), (2, True, 503)]
    assert (shop.state()[0], len(waits(shop.database)), failed_jobs(shop.database)) == ("pending", before, [])


def test_a_delivery_made_by_hand_is_not_made_again_by_the_schedule(shop: Shop, worker: Worker) -> None:
    """The scheduled attempt finds it delivered."""
    with receiving(answer(503), answer(200)) as receiver:
        shop.subscribe(receiver.url())
        shop.pay_an_order()
        worker.run_outbox()
        with shop.database.work("webhooks")() as session:
            endpoints.retry(session, shop.organisation_id, shop.delivery())
        worker.run_outbox()
        worker.run_scheduled()
    assert (len(receiver.sent), shop.state()) == (2, ("delivered", None))


def test_what_is_sent_is_what_was_stored(shop: Shop, worker: Worker) -> None:
    """Byte for byte, and it says nothing that opens a door."""
    with receiving(answer(200)) as receiver:
        shop.subscribe(receiver.url())
        shop.pay_an_order()
        worker.run_outbox()
    stored = str(shop.database.value("SELECT body FROM webhooks.outbound_messages")).encode()
    assert receiver.sent[0].body == stored
    assert set(orjson.loads(stored)["data"]) == {
        "order_id",
        "number",
        "organisation_id",
        "event_id",
        "amount",
        "currency",
        "payment_id",
    }
