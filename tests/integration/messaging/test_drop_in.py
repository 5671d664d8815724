"""Our broker in place of Dramatiq's: what an application of stock actors does with RabbitMQ goes on as before."""

import itertools
from collections.abc import Callable, Iterator
from threading import Event
from time import monotonic
from typing import Any

import dramatiq
import dramatiq.worker
import pika.exceptions
import pytest
from dramatiq import Message, QueueJoinTimeout, Worker, group, pipeline
from dramatiq.errors import ConnectionClosed
from dramatiq.rate_limits import Barrier
from dramatiq.rate_limits.backends import StubBackend

from deploy.local.rabbitmq import RabbitMQ
from shared.messaging.broker import RUNGS, Broker
from shared.messaging.topology import UNROUTABLE
from tests.integration.messaging.stock import let_mature, working
from tests.support.vhosts import VirtualHost
from tests.support.waiting import wait_for

UNKNOWN = Message(queue_name="default", actor_name="unknown", args=(), kwargs={}, options={}).encode()


@pytest.fixture
def broker(rabbitmq: VirtualHost) -> Iterator[Broker]:
    """Our broker with Dramatiq's stock middleware, declaring as it goes."""
    broker = Broker(url=rabbitmq.url)
    broker.emit_after("process_boot")
    yield broker
    broker.close()


@pytest.fixture
def worker(broker: Broker) -> Iterator[Worker]:
    with working(broker, threads=4) as worker:
        yield worker


def actor_of(
    broker: Broker, function: Callable[..., Any], queue: str = "default", **options: Any
) -> dramatiq.Actor[..., Any]:
    """A stock actor."""
    name = options.pop("name", "work")
    return dramatiq.Actor(function, broker=broker, actor_name=name, queue_name=queue, priority=0, options=options)


def test_sent_messages_run(broker: Broker, worker: Worker) -> None:
    """Each once, with positional and keyword arguments; join waits for all of them."""
    done: list[tuple[int, str]] = []
    work = actor_of(broker, lambda number, name: done.append((number, name)))

    for number in range(100):
        work.send(number, name="toy")
    broker.join("default", timeout=20_000)
    worker.join()

    assert sorted(done) == [(number, "toy") for number in range(100)]


def test_failed_message_is_retried_by_stock_middleware(broker: Broker, worker: Worker) -> None:
    """With its backoff in milliseconds, as long as it has retries."""
    tried: list[float] = []
    succeeded = Event()

    def work() -> None:
        tried.append(monotonic())
        if len(tried) < 3:
            raise RuntimeError
        succeeded.set()

    actor_of(broker, work, min_backoff=100, max_backoff=200).send()

    assert succeeded.wait(20)
    assert [later - earlier >= 0.1 for earlier, later in itertools.pairwise(tried)] == [True, True]


@pytest.mark.parametrize("milliseconds", [0, 300, 1_400])
def test_delay_is_kept(broker: Broker, worker: Worker, milliseconds: int) -> None:
    """Below a second in the worker's memory, above it on the ladder; never early, and not on a rung above its own."""
    ran: list[float] = []
    work = actor_of(broker, lambda: ran.append(monotonic()))
    began = monotonic()

    work.send_with_options(delay=milliseconds)
    wait_for(lambda: ran, what="the delayed message")

    assert milliseconds / 1000 <= ran[0] - began < milliseconds / 1000 + 20


def test_delays_do_not_wait_for_each_other(broker: Broker, worker: Worker) -> None:
    """The shorter one runs first, though it was sent last."""
    order: list[str] = []
    work = actor_of(broker, order.append)
    work.send_with_options(args=("late",), delay=1_300)
    work.send_with_options(args=("soon",), delay=200)

    wait_for(lambda: len(order) == 2, what="both")

    assert order == ["soon", "late"]


def test_long_delay_waits_on_the_highest_rung_below_it(broker: Broker, rabbitmq: VirtualHost) -> None:
    """It is walked down from there, so it is exact to a second; no worker is needed to hold it."""
    actor_of(broker, lambda: None).send_with_options(delay=3_600_000)

    assert {rung: rabbitmq.count(f"bellhop.ladder.{rung}s") for rung in RUNGS if rung >= 1024} == {
        1024: 0, 2048: 1, 4096: 0
    }  # fmt: skip


def test_delayed_messages_behind_some_whose_queue_is_gone_arrive(
    broker: Broker, worker: Worker, rabbitmq: VirtualHost
) -> None:
    """Dead-lettering at least once waits for 32 of them to be taken, for ever, unless an alternate exchange takes them."""
    ran: list[int] = []
    lost = actor_of(broker, lambda: None, queue="gone", name="lost")
    work = actor_of(broker, ran.append)
    for _ in range(60):
        lost.send_with_options(delay=3_000)
    consumer = worker.consumers.pop("gone")
    consumer.stop()
    consumer.join()
    consumer.close()  # or its connection would stay open until it is collected, in somebody else's test
    connection = rabbitmq.connect()
    connection.channel().queue_delete("gone")
    connection.close()
    for number in range(10):
        work.send_with_options(args=(number,), delay=3_000)

    wait_for(lambda: sorted(ran) == list(range(10)), 30, "those behind them")

    assert rabbitmq.count(UNROUTABLE) > 0


def test_message_out_of_retries_is_a_dead_letter(broker: Broker, worker: Worker) -> None:
    """Counted as Dramatiq counts: queue, delayed, dead."""

    def work() -> None:
        raise RuntimeError

    actor_of(broker, work, max_retries=0).send()

    wait_for(lambda: broker.get_queue_message_counts("default") == (0, 0, 1), what="one dead letter")


@pytest.mark.parametrize("body", [UNKNOWN, b"no message at all"], ids=["unknown actor", "wrong shape"])
def test_message_that_cannot_run_is_a_dead_letter(broker: Broker, worker: Worker, body: bytes) -> None:
    """It does not come back."""
    actor_of(broker, lambda: None)
    broker.declare_queue("default", ensure=True)

    broker.channel.basic_publish("", "default", body)

    wait_for(lambda: broker.get_queue_message_counts("default") == (0, 0, 1), what="one dead letter")


def test_join_gives_up_at_its_timeout(broker: Broker) -> None:
    """Nobody works."""
    actor_of(broker, lambda: None).send()

    with pytest.raises(QueueJoinTimeout):
        broker.join("default", timeout=200)


def test_flush_empties_all_queues_of_a_name(broker: Broker) -> None:
    """Its dead letters too; that there is no delayed queue is no error."""
    work = actor_of(broker, lambda: None)
    work.send()
    broker.channel.basic_publish("", "default.XQ", b"dead")
    wait_for(lambda: broker.get_queue_message_counts("default") == (1, 0, 1), what="both messages")

    broker.flush_all()

    assert broker.get_queue_message_counts("default") == (0, 0, 0)


def test_sending_goes_on_over_a_new_connection(broker: Broker) -> None:
    """The one that was closed is replaced."""
    work = actor_of(broker, lambda: None)
    broker.connection.close()

    work.send()
    work.send_with_options(delay=5_000)

    assert broker.connection.is_open
    assert broker.get_queue_message_counts("default")[0] == 1


@pytest.mark.usefixtures("cut_connections")
def test_working_goes_on_over_a_new_connection(
    broker: Broker, rabbitmq: VirtualHost, node: RabbitMQ, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An operator closes it: the consumer connects again and what was unfinished runs again."""
    monkeypatch.setattr(dramatiq.worker, "CONSUMER_RESTART_DELAY_SECS", 0.1)
    started, release, runs = Event(), Event(), []

    def work() -> None:
        runs.append(1)
        started.set()
        release.wait(20)

    actor = actor_of(broker, work)
    with working(broker) as worker:
        actor.send()
        started.wait(20)
        former = worker.consumers["default"].consumer
        node.rabbitmqctl("close_all_connections", "--vhost", rabbitmq.name, "by the test")
        wait_for(lambda: worker.consumers["default"].consumer is not former, what="a new consumer")
        release.set()
        wait_for(lambda: len(runs) == 2, what="the second run")
        del broker.connection
        broker.join("default", timeout=20_000)
        worker.join()

    assert broker.get_queue_message_counts("default") == (0, 0, 0)


@pytest.mark.parametrize("delay", [None, 300], ids=["now", "later"])
def test_queue_that_was_deleted_is_declared_by_whoever_sends(
    broker: Broker, rabbitmq: VirtualHost, delay: int | None
) -> None:
    """The broker hears that nobody took the message."""
    work = actor_of(broker, lambda: None)
    broker.declare_queue("default", ensure=True)
    let_mature(rabbitmq, "default")
    broker.channel.queue_delete("default")

    work.send_with_options(delay=delay)

    assert broker.get_queue_message_counts("default")[0] == 1


def test_queue_that_was_deleted_is_declared_by_whoever_consumes(
    broker: Broker, rabbitmq: VirtualHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The consumer is cancelled, begins anew, and leaves no connection behind."""
    monkeypatch.setattr(dramatiq.worker, "CONSUMER_RESTART_DELAY_SECS", 0.01)
    actor_of(broker, lambda: None)

    def is_there() -> bool:
        try:
            broker.channel.queue_declare("default", passive=True)
        except pika.exceptions.ChannelClosedByBroker:
            del broker.channel
            return False
        return True

    broker.declare_queue("default", ensure=True)
    let_mature(rabbitmq, "default")
    with working(broker):
        wait_for(is_there, what="the queue")
        broker.channel.queue_delete("default")

        assert wait_for(is_there, what="the queue, again")


def test_connection_that_never_comes_is_an_error() -> None:
    """Dramatiq's own, after its tries."""
    broker = Broker(url="amqp://guest:guest@127.0.0.1:1/?connection_attempts=1&socket_timeout=1")

    with pytest.raises(ConnectionClosed):
        actor_of(broker, lambda: None).send()


@pytest.mark.parametrize("form", ["list", "semicolon"])
def test_of_several_addresses_one_that_answers_is_taken(rabbitmq: VirtualHost, form: str) -> None:
    """As a list, or in one text."""
    urls = ["amqp://guest:guest@127.0.0.1:1/", rabbitmq.url]
    broker = Broker(url=urls if form == "list" else ";".join(urls))

    actor_of(broker, lambda: None).send()
    count = broker.get_queue_message_counts("default")[0]
    broker.close()

    assert count == 1


def test_pipeline_of_stock_middleware_passes_results_on(broker: Broker, worker: Worker) -> None:
    """Each step's result is the first argument of the next."""
    results: list[int] = []
    add = actor_of(broker, lambda number, more: number + more, name="add")
    keep = actor_of(broker, results.append, name="keep")

    pipeline([add.message(1, 2), add.message(3), keep.message()], broker=broker).run()
    wait_for(lambda: results, what="the end of the pipeline")

    assert results == [6]


def test_group_of_stock_middleware_calls_back_when_all_are_done(rabbitmq: VirtualHost) -> None:
    """Once, after the last."""
    backend = StubBackend()
    done: list[int] = []
    called: list[int] = []
    broker = Broker(url=rabbitmq.url)
    broker.add_middleware(dramatiq.middleware.GroupCallbacks(backend))
    work = actor_of(broker, done.append, name="work")
    finish = actor_of(broker, lambda: called.append(len(done)), name="finish")

    with working(broker, threads=4):
        together = group([work.message(number) for number in range(5)], broker=broker)
        together.add_completion_callback(finish.message())
        together.run()
        wait_for(lambda: called, what="the callback")
    broker.close()

    assert called == [5]
    assert Barrier(backend, "another").create(parties=1)


def test_options_of_the_stock_broker_are_taken(rabbitmq: VirtualHost) -> None:
    """Those that cannot be kept are left out: it always confirms, and quorum queues have no priorities."""
    broker = Broker(url=rabbitmq.url, confirm_delivery=False, max_priority=10)
    broker.declare_queue("default", ensure=True)
    broker.close()

    assert broker.confirm_delivery
    assert broker.get_declared_queues() == {"default"}


def test_consumer_answers_only_its_own_messages(broker: Broker) -> None:
    """A message that came from elsewhere is neither acknowledged nor refused."""
    consumer = broker.consume("default")
    stranger: Any = type("Stranger", (), {"_tag": 1, "consumer": None, "settled": True})()

    consumer.ack(stranger)
    consumer.nack(stranger)
    consumer.close()

    assert broker.get_queue_message_counts("default") == (0, 0, 0)
