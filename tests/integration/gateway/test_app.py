"""The gateway as its callers see it."""

from concurrent.futures import ThreadPoolExecutor

import orjson
import psycopg
import pytest
from obstore.store import MemoryStore
from openapi_spec_validator import validate

from services.gateway.app import create_app
from services.gateway.settings import GatewaySettings
from shared.api import Resources
from shared.crypto import Vault
from shared.storage import Storage
from tests.integration.gateway.conftest import Gateway, ask
from tests.integration.gateway.toys import Waker, settings_for
from tests.support.databases import SECRET_KEY, Database
from tests.support.waiting import wait_for

REQUEST_ID = "01a203a4-6621-77a1-b619-c7f9fa15cb7e"
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        ("", "unauthorized"),
        ("Bearer", "unauthorized"),
        ("Basic dXNlcjpwdw==", "unauthorized"),
        ("Bearer bh_wrong", "invalid_key"),
        ("Bearer käse", "invalid_key"),
    ],
)
def test_without_a_valid_key_nothing_is_told(gateway: Gateway, authorization: str, code: str) -> None:
    """401 with a challenge, also from an endpoint that does not ask for its caller."""
    headers = {"Authorization": authorization.encode().decode("latin-1")} if authorization else {}
    answers = [ask(gateway.port, "GET", path, headers=headers) for path in ("/v1/toys", "/v1/open", "/v1/nothing")]
    assert [(one.status, one.code) for one in answers] == [(401, code)] * 3
    assert answers[0].headers["www-authenticate"].startswith("Bearer")


def test_valid_key_is_let_in_and_known_again_without_a_query(gateway: Gateway) -> None:
    """The second request needs no look into the database, so it works while the keys' table is locked."""
    first = gateway.call("GET", "/v1/toys")
    with psycopg.connect(gateway.database.url) as connection:
        connection.execute("LOCK TABLE gateway.api_key IN ACCESS EXCLUSIVE MODE")
        second = gateway.call("GET", "/v1/toys")
    assert (first.status, second.status) == (200, 200)


def test_use_of_a_key_is_noted_at_most_once_a_minute(gateway: Gateway) -> None:
    """Reading must not write a row for each request."""
    gateway.call("GET", "/v1/toys")
    written = gateway.database.value("SELECT last_used_at FROM gateway.api_key")
    gateway.call("GET", "/v1/toys")
    assert written is not None
    assert gateway.database.value("SELECT last_used_at FROM gateway.api_key") == written


def test_revoked_key_is_refused(gateway: Gateway) -> None:
    """A gateway that has not seen the key before refuses it at once."""
    gateway.key()
    gateway.database.query("UPDATE gateway.api_key SET revoked_at = now()")
    assert gateway.call("GET", "/v1/toys").code == "invalid_key"


def test_organisations_see_their_own_data_only(gateway: Gateway) -> None:
    """The key decides whose data it is."""
    gateway.call("POST", "/v1/toys", {"number": 1}, organisation="Acme")
    gateway.call("POST", "/v1/toys", {"number": 2}, organisation="Zenith")
    lists = [gateway.call("GET", "/v1/toys", organisation=name).body["data"] for name in ("Acme", "Zenith")]
    assert lists == [[1], [2]]


def test_endpoint_runs_as_its_services_role(gateway: Gateway) -> None:
    """The gateway has an engine for each service, with no more rights than the service."""
    assert gateway.call("GET", "/v1/role").body == "bellhop_toyshop"


def test_cause_is_carried_by_what_is_published(gateway: Gateway) -> None:
    """Correlation, organisation and trace of the request are options of the message."""
    answer = gateway.call("POST", "/v1/toys", {"number": 1}, X_Request_Id=REQUEST_ID, traceparent=TRACE)
    options = orjson.loads(bytes(gateway.database.value("SELECT body FROM messaging.outbox")))["options"]
    assert answer.headers["x-request-id"] == REQUEST_ID
    assert (options["correlation_id"], options["organisation_id"], options["traceparent"]) == (
        REQUEST_ID,
        str(gateway.organisation_id()),
        TRACE,
    )


def test_relay_is_woken_after_a_commit_that_published(gateway: Gateway) -> None:
    """Once for each such commit, none for a read."""
    gateway.call("POST", "/v1/toys", {"number": 1})
    gateway.call("GET", "/v1/toys")
    assert gateway.waker.pokes == 1


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/v1/nothing", None, 404, "not_found"),
        ("DELETE", "/v1/toys", None, 405, "method_not_allowed"),
        ("POST", "/v1/toys", b"{", 400, "malformed_json"),
        ("POST", "/v1/toys", {"number": "hunter2"}, 422, "validation_failed"),
        ("POST", "/v1/toys", {"number": 1, "how": "sold_out"}, 409, "sold_out"),
        ("POST", "/v1/toys", {"number": 1, "how": "bug"}, 500, "internal_error"),
        ("POST", "/v1/toys", b"x" * (1024 * 1024 + 1), 413, "payload_too_large"),
        ("GET", "/v1/toys?cursor=x", None, 400, "invalid_cursor"),
        ("GET", "/v1/toys?limit=101", None, 422, "validation_failed"),
        ("POST", "/hooks/toys", b"[]", 422, "validation_failed"),
    ],
)
def test_every_error_is_a_problem(
    gateway: Gateway, method: str, path: str, body: bytes | None, status: int, code: str
) -> None:
    """One form for all of them, with the request's id, and nothing of the input or of our code."""
    answer = gateway.call(method, path, body)
    assert (answer.status, answer.code) == (status, code)
    assert answer.body["request_id"] == answer.headers["x-request-id"]
    assert b"hunter2" not in answer.raw


def test_refused_method_is_told_which_there_are(gateway: Gateway) -> None:
    """All of the path, though each is a route of its own."""
    assert gateway.call("DELETE", "/v1/toys").headers["allow"] == "GET, POST"


def test_ten_megabytes_are_answered_too(gateway: Gateway) -> None:
    """A client that sends all before it reads sees 413, not a broken pipe."""
    answer = gateway.call("POST", "/hooks/toys", b"x" * 10_000_000)
    assert (answer.status, answer.code) == (413, "payload_too_large")


def test_database_away_is_503_soon_and_heals(gateway: Gateway) -> None:
    """Known callers get 503 with Retry-After, the probe says so, and all is well again by itself."""
    gateway.call("GET", "/v1/toys")
    name = gateway.database.url.rpartition("/")[2]
    server = gateway.database.url.replace(f"/{name}", "/postgres")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false".encode())
        cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND backend_type = 'client backend'"
        connection.execute(cut, (name,))
        away = [gateway.call("GET", "/v1/toys"), ask(gateway.port, "GET", "/readyz")]
        alive = ask(gateway.port, "GET", "/healthz")
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true".encode())
    assert [one.status for one in away] == [503, 503]
    assert (away[0].code, away[0].headers["retry-after"], alive.status) == ("database_unavailable", "5", 200)
    assert wait_for(lambda: gateway.call("GET", "/v1/toys").status == 200, 5, "the gateway to answer again")


def test_many_requests_at_once_all_get_their_answer(gateway: Gateway) -> None:
    """More requests with keys than threads and connections: none waits for another for ever."""
    with ThreadPoolExecutor(100) as pool:
        answers = list(pool.map(lambda number: gateway.make({"number": number}, f"k{number}").status, range(150)))
    assert answers == [201] * 150
    assert sorted(gateway.toys()) == list(range(150))


def test_metrics_name_routes_not_paths(gateway: Gateway) -> None:
    """A label for each id would grow without end."""
    gateway.call("GET", "/v1/toys?limit=3")
    gateway.call("GET", "/v1/nothing/42")
    text = ask(gateway.port, "GET", "/metrics").raw.decode()
    assert 'bellhop_http_request_duration_seconds_count{method="GET",route="/v1/toys",status="200"} 1.0' in text
    assert "/v1/nothing" not in text


def test_document_is_valid_and_tells_of_keys_and_problems(gateway: Gateway) -> None:
    """OpenAPI 3.1: security under /v1, Idempotency-Key on its POSTs, problems in their own media type."""
    document = ask(gateway.port, "GET", "/openapi.json").body
    validate(document)
    post, hook = document["paths"]["/v1/toys"]["post"], document["paths"]["/hooks/toys"]["post"]
    assert post["security"] == [{"ApiKey": []}]
    assert {"$ref": "#/components/parameters/IdempotencyKey"} in post["parameters"]
    assert set(post["responses"]) == {"201", "401", "409", "422", "503", "default"}
    assert all(list(post["responses"][status]["content"]) == ["application/problem+json"] for status in ("401", "409"))
    assert document["paths"]["/v1/open"]["get"]["security"] == [{"ApiKey": []}]
    assert list(document["paths"]["/pages/toys"]["get"]["responses"]["422"]["content"]) == ["application/problem+json"]
    assert ("security" in hook, "401" in hook["responses"], "/healthz" in document["paths"]) == (False, False, False)


def test_document_of_the_whole_product_is_valid(database: Database) -> None:
    """Every installed service's router, in one document, each operation with a summary and an id of its own."""
    settings = settings_for(database.url, SECRET_KEY)
    resources = Resources(Storage(MemoryStore()), Vault(SECRET_KEY), settings)
    document = create_app(resources, GatewaySettings(), notifier=Waker()).openapi()
    validate(document)
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    assert len({operation["operationId"] for operation in operations}) == len(operations)
    assert all(operation["summary"] for operation in operations)
