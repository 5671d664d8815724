"""Endpoints and deliveries over HTTP."""

from ipaddress import ip_network
from typing import Any
from uuid import UUID

import pytest
import uvicorn
from fastapi import FastAPI
from standardwebhooks import Webhook

from deploy.local.ports import free_port
from services.webhooks.http import router
from tests.integration.webhooks.conftest import Answered, Gateway
from tests.integration.webhooks.receiver import answer, receiving
from tests.integration.webhooks.shop import Shop, Worker
from tests.support.databases import Database

PATH = "/v1/webhook-endpoints"
URL = "http://127.0.0.1:9/hooks"


class Client:
    """Somebody with a key."""

    def __init__(self, gateway: Gateway, organisation: str) -> None:
        self.gateway = gateway
        self.organisation_id, self.key = gateway.key(organisation)

    def __call__(self, method: str, path: str, body: dict[str, Any] | None = None, **headers: str) -> Answered:
        return self.gateway.call(method, path, body, {"Authorization": f"Bearer {self.key}", **headers})

    def subscribe(self, **fields: Any) -> dict[str, Any]:
        created = self("POST", PATH, {"url": URL, **fields})
        assert created.status == 201, created
        return dict(created.body)


@pytest.fixture
def client(gateway: Gateway) -> Client:
    return Client(gateway, "Blue Hall")


def test_a_new_endpoint_shows_its_secret_once(client: Client, database: Database) -> None:
    """32 random bytes, encrypted at rest."""
    created = client.subscribe(event_types=["order.paid"])
    shown = client("GET", f"{PATH}/{created['id']}").body
    at_rest = bytes(database.value("SELECT secret FROM webhooks.endpoints"))
    assert len(Webhook(created["secret"])._whsecret) == 32
    assert created["secret"].startswith("whsec_")
    assert created["secret"].encode() not in at_rest
    assert shown == {name: value for name, value in created.items() if name != "secret"}


def test_a_url_that_may_not_be_called_is_refused(client: Client, database: Database) -> None:
    """With a problem that names the reason."""
    expected = {
        "ftp://shop.example/": "invalid_url",
        "http://user@127.0.0.1/": "invalid_url",
        "http://no-such-host.invalid/": "host_not_found",
        "http://10.0.0.1/": "address_not_allowed",
        "http://169.254.169.254/latest/meta-data": "address_not_allowed",
        "http://[::ffff:10.0.0.1]/": "address_not_allowed",
    }
    answers = {url: client("POST", PATH, {"url": url}) for url in expected}
    assert {url: answered.body["code"] for url, answered in answers.items()} == expected
    assert {answered.status for answered in answers.values()} == {422}
    assert database.value("SELECT count(*) FROM webhooks.endpoints") == 0


def test_this_machine_is_refused_unless_it_is_allowed(gateway: Gateway, client: Client) -> None:
    """By name as by address."""
    gateway.configure(allowed_networks=(ip_network("10.0.0.0/8"),))
    refused = client("POST", PATH, {"url": "http://localhost:9/"}).body
    assert refused["code"] == "address_not_allowed"
    assert not any(address in refused["detail"] for address in ("127.0.0.1", "::1")), "it tells addresses of names"
    assert client("POST", PATH, {"url": "http://10.1.2.3/"}).status == 201


def test_an_invalid_body_is_422(client: Client) -> None:
    """Before anything is looked up."""
    bodies: list[dict[str, Any]] = [{}, {"url": ""}, {"url": 5}, {"url": URL, "event_types": []}]
    assert {client("POST", PATH, body).body["code"] for body in bodies} == {"validation_failed"}


def test_an_unknown_event_type_is_refused(client: Client) -> None:
    """A misspelt one would stay silent for ever."""
    answered = client("POST", PATH, {"url": URL, "event_types": ["order.payed"]})
    assert (answered.status, answered.body["errors"][0]["pointer"]) == (422, "#/event_types/0")


def test_endpoints_are_listed_in_pages(client: Client) -> None:
    """Oldest first, none twice, none missing."""
    created = [client.subscribe()["id"] for _ in range(3)]
    first = client("GET", f"{PATH}?limit=2").body
    second = client("GET", f"{PATH}?limit=2&cursor={first['next_cursor']}").body
    assert [row["id"] for row in first["data"] + second["data"]] == created
    assert second["next_cursor"] is None


def test_an_endpoint_is_changed_in_part(client: Client) -> None:
    """What is left out stays; null means every type."""
    created = client.subscribe(event_types=["order.paid"])
    path = f"{PATH}/{created['id']}"
    disabled = client("PATCH", path, {"enabled": False}).body
    changed = client("PATCH", path, {"url": f"{URL}/new", "event_types": None, "enabled": True}).body
    same = client("PATCH", path, {}).body
    assert (disabled["enabled"], disabled["disabled_reason"]) == (False, "disabled by its owner")
    assert disabled["event_types"] == ["order.paid"]
    assert (changed["url"], changed["event_types"], changed["enabled"]) == (f"{URL}/new", None, True)
    assert changed["disabled_reason"] is None
    assert same == changed


def test_a_change_is_checked_like_a_new_endpoint(client: Client) -> None:
    """It could lead elsewhere."""
    path = f"{PATH}/{client.subscribe()['id']}"
    changes: list[dict[str, Any]] = [{"url": "http://10.0.0.1/"}, {"url": None}, {"enabled": None}, {"url": ""}]
    assert {client("PATCH", path, change).status for change in changes} == {422}


def test_a_deleted_endpoint_is_gone(client: Client, database: Database) -> None:
    """Its row stays for its deliveries, its secret does not."""
    path = f"{PATH}/{client.subscribe()['id']}"
    assert client("DELETE", path).status == 204
    assert [client(method, path, body).status for method, body in (("GET", None), ("PATCH", {}), ("DELETE", None))] == [
        404
    ] * 3
    assert bytes(database.value("SELECT secret FROM webhooks.endpoints")) == b""


def test_others_see_nothing(gateway: Gateway, client: Client, shop: Shop) -> None:
    """Not the endpoint, not its deliveries, not whether there are any."""
    shop.organisation_id = client.organisation_id
    endpoint_id, _ = shop.subscribe(URL)
    shop.pay_an_order()
    other = Client(gateway, "Red Hall")
    path = f"{PATH}/{endpoint_id}"
    answers = [
        other("GET", path),
        other("PATCH", path, {"enabled": False}),
        other("DELETE", path),
        other("GET", f"{path}/deliveries"),
        other("POST", f"/v1/deliveries/{shop.delivery()}/retry"),
    ]
    assert [answered.status for answered in answers] == [404] * 5
    assert other("GET", PATH).body["data"] == []


def test_deliveries_show_their_attempts_and_can_be_retried(client: Client, shop: Shop, worker: Worker) -> None:
    """The whole way: refused, looked at, retried, delivered."""
    shop.organisation_id = client.organisation_id
    with receiving(answer(404, b"no such page"), answer(200)) as receiver:
        endpoint = client.subscribe(url=receiver.url())
        shop.pay_an_order()
        worker.run_outbox()
        (failed,) = client("GET", f"{PATH}/{endpoint['id']}/deliveries").body["data"]
        retried = client("POST", f"/v1/deliveries/{failed['id']}/retry")
        worker.run_outbox()
        (delivered,) = client("GET", f"{PATH}/{endpoint['id']}/deliveries").body["data"]
    Webhook(endpoint["secret"]).verify(receiver.sent[1].body, receiver.sent[1].headers)
    assert (failed["state"], failed["event_type"]) == ("pending", "order.paid")
    assert [(one["number"], one["status"], one["response"]) for one in failed["attempts"]] == [(1, 404, "no such page")]
    assert (retried.status, retried.body) == (202, {"id": failed["id"], "state": "pending"})
    assert (delivered["state"], len(delivered["attempts"])) == ("delivered", 2)
    assert delivered["webhook_id"] == receiver.sent[0].headers["webhook-id"]


def test_an_endpoint_has_limits_of_its_own(client: Client) -> None:
    """From the beginning or later; null is what the installation says, and what makes no sense is refused."""
    made = client("POST", PATH, {"url": "http://127.0.0.1:9/", "max_concurrency": 2})
    path = f"{PATH}/{made.body['id']}"
    changed = client("PATCH", path, {"max_per_second": 5})
    reset = client("PATCH", path, {"max_concurrency": None})
    refused = [client("PATCH", path, {name: 0}).status for name in ("max_concurrency", "max_per_second")]
    assert (made.body["max_concurrency"], made.body["max_per_second"], made.body["paused_at"]) == (2, None, None)
    assert (changed.body["max_concurrency"], changed.body["max_per_second"]) == (2, 5)
    assert (reset.body["max_concurrency"], reset.body["max_per_second"]) == (None, 5)
    assert refused == [422, 422]


def test_deliveries_are_listed_newest_first_in_pages(client: Client, shop: Shop) -> None:
    """None twice, none missing."""
    shop.organisation_id = client.organisation_id
    endpoint = client.subscribe()
    for _ in range(3):
        shop.pay_an_order()
    path = f"{PATH}/{endpoint['id']}/deliveries?limit=2"
    first = client("GET", path).body
    second = client("GET", f"{path}&cursor={first['next_cursor']}").body
    ids = [row["id"] for row in first["data"] + second["data"]]
    assert ids == sorted(ids, reverse=True)
    assert (len(set(ids)), second["next_cursor"]) == (3, None)


def test_a_delivery_to_a_disabled_endpoint_is_not_retried(client: Client, shop: Shop) -> None:
    """409 says what to do first."""
    shop.organisation_id = client.organisation_id
    endpoint = client.subscribe()
    shop.pay_an_order()
    client("PATCH", f"{PATH}/{endpoint['id']}", {"enabled": False})
    answered = client("POST", f"/v1/deliveries/{shop.delivery()}/retry")
    assert (answered.status, answered.body["code"]) == (409, "endpoint_disabled")
    assert shop.state() == ("skipped", "the endpoint was disabled")


def test_creating_twice_with_one_idempotency_key_makes_one(client: Client, database: Database) -> None:
    """The secret of the first answer is not lost with the connection."""
    key = {"Idempotency-Key": "subscribe-1"}
    first, second = (client("POST", PATH, {"url": URL}, **key) for _ in range(2))
    assert first.body == second.body
    assert database.value("SELECT count(*) FROM webhooks.endpoints") == 1


def test_an_id_that_is_none_is_422(client: Client) -> None:
    """As everywhere."""
    assert client("GET", f"{PATH}/not-an-id").status == 422
    assert client("GET", f"{PATH}/{UUID(int=0)}").status == 404


def test_a_wrong_setting_ends_the_gateway_at_its_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not found out by the first caller."""
    monkeypatch.setenv("WEBHOOKS_ALLOWED_NETWORKS", "10.0.0.1/8")
    app = FastAPI()
    app.include_router(router)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=free_port(), log_config=None))
    with pytest.raises(SystemExit):
        server.run()
    assert not server.started
