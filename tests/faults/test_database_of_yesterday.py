"""The database is restored from yesterday's backup, the broker is today's: after `repair --apply` everything that either of
them knows of is done, once.
"""

from uuid import uuid4

import psycopg
from sqlalchemy.engine import make_url

from shared.messaging.repair import repair
from tests.faults.account import Account, look_into, once
from tests.faults.shop import Shop
from tests.support.databases import Database
from tests.support.waiting import wait_for
from tests.toyshop.contracts import MakeToy

DEFAULT = "toyshop.default"
DONE, SENT, WAITING, OF_TODAY, LAST = range(10), range(10, 20), range(20, 30), range(30, 40), range(40, 50)
"""Toys that were done when the backup was made, that lay in the broker, that waited in the outbox; and toys of today, which
the backup does not know: those that are done, and those that lie in the broker when it is restored.
"""


def run_all(shop: Shop, numbers: range) -> None:
    """Ask for them, have all that waits done, and end every process."""
    shop.relay()
    shop.worker()
    shop.publish(*(MakeToy(number=number) for number in numbers))
    shop.wait_for_effects(once(range(numbers.stop)))
    shop.wait_for_rest()
    shop.stop()


def leave_in_the_broker(shop: Shop, numbers: range) -> None:
    """Ask for them, with nobody who takes them, and end the relay once some are in their queue."""
    relay = shop.relay()
    shop.publish(*(MakeToy(number=number) for number in numbers))
    wait_for(lambda: shop.vhost.count(DEFAULT) > 0, 40, "some of them to be in the broker")
    relay.terminate()


def execute(database: Database, *statements: str) -> None:
    server = make_url(database.url).set(database="postgres").render_as_string(hide_password=False)
    with psycopg.connect(server, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def back_up(database: Database) -> str:
    """A copy of the database. Nobody may be connected to it."""
    name, copy = make_url(database.url).database, f"backup_{uuid4().hex}"
    database.dispose()
    execute(database, f"CREATE DATABASE {copy} TEMPLATE {name}")
    return copy


def restore(database: Database, copy: str) -> None:
    """Put the copy in the place of the database."""
    name = make_url(database.url).database
    database.dispose()
    execute(database, f"DROP DATABASE {name} WITH (FORCE)", f"ALTER DATABASE {copy} RENAME TO {name}")


def unfinished(database: Database) -> int:
    return int(database.value("SELECT count(*) FROM messaging.outbox"))


def test_what_the_backup_and_the_broker_know_of_is_done_once(shop: Shop) -> None:
    """What was done today is undone; what waited in the backup is done again, what lies in the broker as well."""
    run_all(shop, DONE)
    leave_in_the_broker(shop, SENT)
    shop.publish(*(MakeToy(number=number) for number in WAITING))
    yesterday = back_up(shop.database)
    run_all(shop, OF_TODAY)
    leave_in_the_broker(shop, LAST)
    in_the_broker = [number for number, *_ in look_into(shop.vhost, DEFAULT)]
    restore(shop.database, yesterday)

    before = unfinished(shop.database)
    told = repair(shop.database.url, shop.vhost.url, min_age=0)
    after = unfinished(shop.database)
    applied = repair(shop.database.url, shop.vhost.url, apply=True, min_age=0)
    shop.relay()
    shop.worker()
    expected = once([*DONE, *SENT, *WAITING, *in_the_broker])
    counted = shop.settle(expected)

    assert (told.applied, before) == (False, after)
    assert (told.republished, told.declared) == (applied.republished, ())
    assert sum(applied.republished.values()) > 0
    assert set(in_the_broker) <= set(LAST)
    assert counted == Account(expected)
