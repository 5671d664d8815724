"""The real services on servers that may be killed, and what is counted of them at the end."""

from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from pathlib import Path
from time import sleep

from deploy.local.demo.checks import verify_token
from deploy.local.demo.client import StepFailedError
from deploy.local.demo.subscriber import Subscriber
from deploy.local.mail_sink import serve
from deploy.local.ports import free_port
from services.gateway import handlers
from shared.discovery import actor_declarations, services
from shared.messaging.topology import Topology
from tests.faults.account import waiting_in
from tests.faults.keeper import Keeper
from tests.faults.orders import TICKETS, BoxOffice, buyer
from tests.support.databases import SECRET_KEY, Database
from tests.support.processes import Process, Processes
from tests.support.vhosts import VirtualHost
from tests.support.waiting import wait_for

PROCESSES = ("gateway", "ticketing", "payments", "notifications", "webhooks", "relay")
STRIPE_SECRET = "whsec_of_the_campaign"
QUIET_LOOKS = 10
"""Looks in succession that must find nothing moving, ten a second."""


@dataclass(frozen=True)
class OrderAccount:
    """Everything that could be lost or doubled. Rest, with nothing wrong, is what its defaults say."""

    orders: Mapping[str, int]
    payments: Mapping[str, int]
    tickets: int
    tokens: int
    pictures: int
    stock_taken: int
    wrong_tickets: tuple[str, ...] = ()
    invalid_tokens: int = 0
    without_mail: tuple[str, ...] = ()
    without_webhook: tuple[str, ...] = ()
    failed: Mapping[str, int] = field(default_factory=dict)
    moving: int = 0
    queues: Mapping[str, int] = field(default_factory=dict)


def expected_account(orders: int) -> OrderAccount:
    """What it must be after so many paid orders."""
    tickets = sum(TICKETS[number % len(TICKETS)] for number in range(orders))
    return OrderAccount({"fulfilled": orders}, {"matched": orders}, tickets, tickets, tickets, tickets)


@dataclass
class Town:
    """The services, each kept running, with a mail sink and a subscriber of webhooks that stay up."""

    database: Database
    vhost: VirtualHost
    topology: Topology
    processes: Processes
    folder: Path
    office: BoxOffice
    subscriber: Subscriber
    keepers: dict[str, Keeper] = field(default_factory=dict)

    def start(self) -> None:
        """Start every service, and each again when it dies, until `stop`."""
        for name in PROCESSES:
            self.keepers[name] = Keeper(lambda name=name: self._start(name))  # type: ignore[misc] # bound now
            self.keepers[name].start()
        wait_for(self._is_open, 60, "the gateway to answer")
        self.subscriber.secret = self.office.put_on_sale(self.subscriber.url)

    def _start(self, name: str) -> Process:
        process = self.processes.start(f"services.{name}", DATABASE_URL=self.database.service_url(name))
        if name == "gateway":
            process.http_port = int(self.processes.environment["BELLHOP_PORT"])
        return process

    def _is_open(self) -> bool:
        try:
            self.office._send("GET", "/readyz", b"", {})
        except (OSError, AssertionError):
            return False
        return True

    def settle(self, orders: int, seconds: float, *, hurry: bool) -> OrderAccount:
        """Wait until every order is fulfilled and nothing moves any more, end every process, and count.

        With `hurry` the leases of calls whose process was killed run out at once, instead of after a minute.
        """
        quiet = 0

        def at_rest() -> bool:
            nonlocal quiet
            if hurry:
                for table, moment in (("lease", "expires_at"), ("scheduled", "due_at")):
                    # What somebody works on is left alone: holding some rows and waiting for others locks workers out.
                    free = (
                        f"SELECT ctid FROM messaging.{table} WHERE {moment} > clock_timestamp() FOR UPDATE SKIP LOCKED"
                    )
                    self.database.query(
                        f"UPDATE messaging.{table} SET {moment} = clock_timestamp() WHERE ctid = ANY(ARRAY({free}))"
                    )
            is_quiet = self._fulfilled() == orders and self._moving() == 0 and not self._waiting()
            quiet = quiet + 1 if is_quiet else 0
            return quiet >= QUIET_LOOKS

        wait_for(at_rest, seconds, f"{orders} orders to be fulfilled and all to come to rest", every=0.1)
        keys = self.office.keys()
        self.stop()
        return self._count(orders, keys)

    def stop(self) -> None:
        """SIGTERM for all, as a deployment does."""
        for keeper in self.keepers.values():
            keeper.stop()
        running = [process for process in self.processes.started if process.is_alive]
        with ThreadPoolExecutor(max_workers=len(PROCESSES)) as pool:
            codes = list(pool.map(Process.terminate, running))
        assert not any(codes), {process.module: code for process, code in zip(running, codes, strict=True)}

    def mails(self) -> Counter[str]:
        """How many mails each buyer was sent."""
        files = (self.folder / "mail").glob("*.eml")
        return Counter(str(message_from_bytes(file.read_bytes())["To"]) for file in files)

    def announcements(self) -> Counter[tuple[str, str]]:
        """How often the subscriber heard of each (type, order)."""
        received = self.subscriber.received
        return Counter((kind, body["data"]["order_id"]) for kind, bodies in received.items() for body in bodies)

    def _fulfilled(self) -> int:
        return int(self.database.value("SELECT count(*) FROM ticketing.orders WHERE status = 'fulfilled'"))

    def _moving(self) -> int:
        """Rows of `messaging` that something has still to come of."""
        return int(
            self.database.value(
                "SELECT (SELECT count(*) FROM messaging.outbox) + (SELECT count(*) FROM messaging.scheduled)"
                " + (SELECT count(*) FROM messaging.inbox WHERE status NOT IN ('done', 'failed'))"
                " + (SELECT count(*) FROM messaging.lease) + (SELECT count(*) FROM messaging.unfinished_start)"
            )
        )

    def _waiting(self) -> dict[str, int]:
        return waiting_in(self.vhost, self.topology)

    def _count(self, orders: int, keys: list[dict[str, str]]) -> OrderAccount:
        query = self.database.query
        issued = query("SELECT order_id::text, token, qr_key FROM ticketing.tickets")
        per_order = Counter(order for order, _, _ in issued)
        wanted = {self.office.orders[n]["id"]: TICKETS[n % len(TICKETS)] for n in range(orders)}
        mails, heard = self.mails(), self.announcements()
        types = ("order.paid", "order.fulfilled")
        return OrderAccount(
            orders=dict(query("SELECT status, count(*) FROM ticketing.orders GROUP BY status")),
            payments=dict(query("SELECT state, count(*) FROM payments.payments GROUP BY state")),
            tickets=len(issued),
            tokens=len({token for _, token, _ in issued}),
            pictures=sum((self.folder / "storage" / key).is_file() for _, _, key in issued),
            stock_taken=self.database.value("SELECT sum(reserved)::int FROM ticketing.ticket_types"),
            wrong_tickets=tuple(
                sorted(order for order in {*wanted, *per_order} if wanted.get(order) != per_order[order])
            ),
            invalid_tokens=sum(not _is_valid(token, keys) for _, token, _ in issued),
            without_mail=tuple(buyer(n) for n in range(orders) if not any(buyer(n) in to for to in mails)),
            without_webhook=tuple(order for order in wanted if not all(heard[kind, order] for kind in types)),
            failed=dict(query("SELECT reason, count(*) FROM messaging.failed_job GROUP BY reason")),
            moving=self._moving(),
            queues=self._waiting(),
        )


def _is_valid(token: str, keys: list[dict[str, str]]) -> bool:
    try:
        verify_token(token, keys)
    except StepFailedError:
        return False
    return True


@contextmanager
def open_town(database: Database, vhost: VirtualHost, folder: Path) -> Iterator[Town]:
    """Everything but the processes: queues, mail sink, subscriber, an organisation with its key."""
    deployed = services(",".join(PROCESSES))
    declarations = [one for name in deployed for one in actor_declarations(name)]
    topology = vhost.set_up(database.url, declarations, settle=sleep)
    with database.work("gateway")() as session:
        key = handlers.create_key(session, "Campaign").key
    gateway, mail = free_port(), free_port()
    url = f"http://127.0.0.1:{gateway}"
    environment = {
        "RABBITMQ_URL": vhost.url,
        "SECRET_KEY": SECRET_KEY,
        "STORAGE_URL": (folder / "storage").as_uri(),
        "BELLHOP_PORT": str(gateway),
        "PUBLIC_URL": url,
        "PAYMENTS_STRIPE_WEBHOOK_SECRET": STRIPE_SECRET,
        "NOTIFICATIONS_SMTP_URL": f"smtp://127.0.0.1:{mail}",
        "WEBHOOKS_ALLOWED_NETWORKS": "127.0.0.0/8",
        "WORKER_THREADS": "4",
    }
    (folder / "storage").mkdir()
    sink = serve(mail, folder / "mail")
    group = Processes(folder, environment)
    town = Town(database, vhost, topology, group, folder, BoxOffice(url, key, STRIPE_SECRET), Subscriber())
    try:
        with town.subscriber:
            yield town
    finally:
        for keeper in town.keepers.values():
            keeper.stop()
        group.end()
        sink.stop()
        town.office.close()
