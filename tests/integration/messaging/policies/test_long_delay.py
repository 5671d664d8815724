"""A delay of two hours, over restarts of everything that it passes through."""

import tempfile
from datetime import timedelta
from pathlib import Path

from deploy.local.postgres import Postgres
from deploy.local.rabbitmq import RabbitMQ
from shared.messaging.outbox import publish
from shared.messaging.testing import travel
from tests.faults.shop import Shop, open_shop
from tests.support.databases import Database, Template
from tests.support.reaper import prefix_of
from tests.support.vhosts import VirtualHost
from tests.toyshop.contracts import PackToy

DELAY = timedelta(hours=2)


def let_pass(shop: Shop, time: timedelta) -> None:
    with shop.database.work("toyshop")() as session:
        travel(session, time.total_seconds())


def test_delay_of_two_hours_survives_restarts_of_broker_relay_and_database(tmp_path: Path) -> None:
    """Nothing of it is in a process or a broker: not a minute too early, and once."""
    with tempfile.TemporaryDirectory(prefix=prefix_of("delay"), ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        with Postgres(folder / "postgres") as postgres, RabbitMQ(folder / "rabbitmq") as rabbitmq:
            Template(postgres.url).create()
            with (
                Template(postgres.url).clone() as database,
                VirtualHost.fresh(rabbitmq.url, rabbitmq.management_url) as vhost,
                open_shop(database, vhost, tmp_path, settle=True) as shop,
            ):
                early, packed = wait_two_hours(shop, database, postgres, rabbitmq)
    assert (early, packed) == ({(2, "packed"): 1}, {(1, "packed"): 1, (2, "packed"): 1})


def wait_two_hours(shop: Shop, database: Database, postgres: Postgres, rabbitmq: RabbitMQ) -> tuple[object, object]:
    """What was done a minute before the time, and after it."""
    relay = shop.relay()
    with database.work("toyshop")() as session:
        publish(session, PackToy(number=1), due=DELAY)
    relay.kill()
    database.dispose()
    for server in (rabbitmq, postgres):
        server.kill()
        server.start()
    shop.relay().wait_ready(60)
    shop.worker().wait_ready(60)
    let_pass(shop, DELAY - timedelta(minutes=1))
    with database.work("toyshop")() as session:
        publish(session, PackToy(number=2))
    shop.wait_for_effects({(2, "packed"): 1}, seconds=60)
    early = shop.effects()
    let_pass(shop, timedelta(minutes=1))
    shop.wait_for_effects({(1, "packed"): 1}, seconds=60)
    return early, shop.effects()
