"""What `make migrate` does for messages: declared, old enough, answering; and only then written down."""

from threading import Thread

from shared.messaging.actor import ActorDeclaration, declarations_in
from shared.messaging.setup import SETTLE_SECONDS, set_up_messaging
from tests.support.databases import Database
from tests.support.vhosts import VirtualHost
from tests.toyshop import actors
from tests.toyshop.contracts import MakeToy, ToyFailed, ToyMade

ACTORS = declarations_in(actors)


def written(database: Database) -> set[tuple[str, str, bool, str | None]]:
    """(kind, queue, is an event, notice) of every subscription."""
    rows = database.query("SELECT kind, queue, is_event, on_failure FROM messaging.subscription WHERE until IS NULL")
    return {(row[0], row[1], row[2], row[3]) for row in rows}


def expected(declarations: list[ActorDeclaration]) -> set[tuple[str, str, bool, str | None]]:
    return {
        (one.kind, one.queue, one.is_event, one.policy.on_failure.kind if one.policy.on_failure else None)
        for one in declarations
    }


def test_subscriptions_are_written(database: Database, rabbitmq: VirtualHost) -> None:
    """Who hears what, where, and what follows a final failure: the relay reads it."""
    set_up_messaging(database.url, rabbitmq.url, ACTORS, settle=lambda _: None)

    assert written(database) == expected(ACTORS)
    assert (MakeToy.kind, "toyshop.default", False, ToyFailed.kind) in written(database)


def test_new_queues_settle_before_anybody_may_publish_to_them(database: Database, rabbitmq: VirtualHost) -> None:
    """A relay that runs already publishes to whatever is written: that comes last, when all are 5 s old."""
    seen: list[tuple[float, int]] = []

    def settle(seconds: float) -> None:
        seen.append((seconds, len(written(database))))

    set_up_messaging(database.url, rabbitmq.url, ACTORS, settle=settle)

    assert seen == [(SETTLE_SECONDS, 0)]
    assert written(database) == expected(ACTORS)


def test_second_time_is_quick(database: Database, rabbitmq: VirtualHost) -> None:
    """Nothing is new, nothing is waited for."""
    set_up_messaging(database.url, rabbitmq.url, ACTORS, settle=lambda _: None)
    waits: list[float] = []

    set_up_messaging(database.url, rabbitmq.url, ACTORS, settle=waits.append)

    assert waits == []


def test_actor_that_is_gone_hears_no_more(database: Database, rabbitmq: VirtualHost) -> None:
    """Its queue stays as long as somebody wants what is in it."""
    set_up_messaging(database.url, rabbitmq.url, ACTORS, settle=lambda _: None)
    fewer = [one for one in ACTORS if one.kind != ToyMade.kind]

    set_up_messaging(database.url, rabbitmq.url, fewer, settle=lambda _: None)

    assert written(database) == expected(fewer)
    assert rabbitmq.count("toyshop.events") == 0


def test_two_at_once_agree(database: Database, rabbitmq: VirtualHost) -> None:
    """Two deployments at the same moment end with one set of rows."""
    threads = [
        Thread(target=set_up_messaging, args=(database.url, rabbitmq.url, ACTORS), kwargs={"settle": lambda _: None})
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert written(database) == expected(ACTORS)
