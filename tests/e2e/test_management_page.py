"""RabbitMQ's management page shows our topology, and nothing else."""

import base64
import json
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx2

from shared import discovery
from shared.messaging.topology import Topology, subscriptions_of, topology_of
from tests.e2e.running import RunningStack
from tests.support.waiting import wait_for


def test_every_queue_is_a_quorum_queue_of_ours(stack: RunningStack) -> None:
    """Exactly the queues that the deployed actors need, with exactly their arguments."""
    queues = {queue["name"]: queue for queue in _ask(stack, "/api/queues")}
    expected = {name: dict(arguments) for name, arguments in _topology().queues.items()}
    kinds = {(queue["type"], queue["durable"], queue["auto_delete"], queue["exclusive"]) for queue in queues.values()}
    assert {name: queue["arguments"] for name, queue in queues.items()} == expected
    assert kinds == {("quorum", True, False, False)}


def test_every_exchange_and_binding_is_of_ours(stack: RunningStack) -> None:
    """Nobody has bound a queue of their own, and no delay ladder or stock exchange came to be."""
    exchanges = {
        exchange["name"]: exchange["type"]
        for exchange in _ask(stack, "/api/exchanges")
        if exchange["name"] and not exchange["name"].startswith("amq.")
    }
    bindings = {
        (binding["source"], binding["destination"], binding["routing_key"])
        for binding in _ask(stack, "/api/bindings")
        if binding["source"]
    }
    topology = _topology()
    assert exchanges == {name: exchange.type for name, exchange in topology.exchanges.items()}
    assert bindings == set(topology.bindings)


def test_every_queue_but_the_park_has_a_consumer(stack: RunningStack) -> None:
    """Each work queue, each dead-letter queue and the unroutable ones have a consumer; what is parked has none."""
    work_queues = set(_topology().work_queues)
    expected = work_queues | {f"{queue}.XQ" for queue in work_queues} | {"bellhop.unroutable"}

    def consumed() -> set[str]:
        return {consumer["queue"]["name"] for consumer in _ask(stack, "/api/consumers")}

    wait_for(lambda: consumed() == expected, 20, f"the consumers of {sorted(expected)}", every=0.5)
    assert consumed() == expected


def test_the_page_itself_is_served(stack: RunningStack) -> None:
    """The address in `env` opens RabbitMQ's own page."""
    parts = urlsplit(stack.env["RABBITMQ_MANAGEMENT_URL"])
    page = httpx2.get(f"http://{parts.hostname}:{parts.port}/", timeout=10, follow_redirects=True)
    assert (page.status_code, "RabbitMQ Management" in page.text) == (200, True)


def _topology() -> Topology:
    """What all services together need."""
    return topology_of(
        subscriptions_of(actor for service in discovery.services() for actor in discovery.actor_declarations(service))
    )


def _ask(stack: RunningStack, path: str) -> Any:
    """One call of the management API with the account in its address."""
    parts = urlsplit(stack.env["RABBITMQ_MANAGEMENT_URL"])
    account = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}".encode()
    headers = {"Authorization": f"Basic {base64.b64encode(account).decode()}"}
    answer = httpx2.get(f"http://{parts.hostname}:{parts.port}{path}", headers=headers, timeout=10)
    answer.raise_for_status()
    return json.loads(answer.text)
