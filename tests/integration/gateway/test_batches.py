"""Batches, as the organisation sees them whose work they are."""

from uuid import UUID

import pytest

from shared.ids import new_id
from shared.messaging.actor import declarations_in
from shared.messaging.batch import Batch, publish_batch
from shared.messaging.testing import Inline
from tests.integration.gateway.conftest import Gateway
from tests.toyshop import actors
from tests.toyshop.contracts import MakeToy


@pytest.fixture
def shop(gateway: Gateway) -> Inline:
    """The toy shop, whose jobs run when the test says so."""
    return Inline(gateway.database.engine, declarations_in(actors))


def batch_of(gateway: Gateway, shop: Inline, numbers: range) -> UUID:
    with shop.work() as session:
        toys = [MakeToy(number=number) for number in numbers]
        return publish_batch(session, Batch("toys", toys), organisation_id=gateway.organisation_id())


def test_batch_tells_how_far_it_is(gateway: Gateway, shop: Inline) -> None:
    """From its first look to its end."""
    path = f"/v1/batches/{batch_of(gateway, shop, range(4))}"
    first = gateway.call("GET", path).body
    shop.drain()
    last = gateway.call("GET", path).body
    assert (first["state"], first["progress"], first["pending"], first["finished_at"]) == ("running", 0, 4, None)
    assert (last["state"], last["progress"], last["total"], last["done"], last["name"]) == ("done", 100, 4, 4, "toys")
    assert last["finished_at"] > last["created_at"]


def test_cancelled_batch_runs_no_further(gateway: Gateway, shop: Inline) -> None:
    """Twice is once, also after its end."""
    path = f"/v1/batches/{batch_of(gateway, shop, range(4))}"
    answers = [gateway.call("POST", f"{path}/cancel") for _ in range(2)]
    shop.drain()
    answers.append(gateway.call("POST", f"{path}/cancel"))
    assert [(one.status, one.body["state"]) for one in answers] == [(200, "cancelled")] * 3
    assert (answers[-1].body["cancelled"], answers[-1].body["done"], gateway.toys()) == (4, 0, [])


def test_batch_that_has_ended_cannot_be_cancelled(gateway: Gateway, shop: Inline) -> None:
    """What is done stays done."""
    path = f"/v1/batches/{batch_of(gateway, shop, range(1))}"
    shop.drain()
    answer = gateway.call("POST", f"{path}/cancel")
    assert (answer.status, answer.code) == (409, "invalid_batch")


def test_batches_of_others_are_not_there(gateway: Gateway, shop: Inline) -> None:
    """Neither seen nor cancelled; an unknown one is answered alike."""
    path = f"/v1/batches/{batch_of(gateway, shop, range(2))}"
    asked = [("GET", path), ("POST", f"{path}/cancel"), ("GET", f"/v1/batches/{new_id()}")]
    answers = [gateway.call(method, where, organisation="Zenith") for method, where in asked]
    assert [(one.status, one.code) for one in answers] == [(404, "not_found")] * 3
    assert gateway.call("GET", path).body["state"] == "running"


def test_cancelling_is_done_once_for_each_key(gateway: Gateway, shop: Inline) -> None:
    """It takes an Idempotency-Key as every POST does."""
    path = f"/v1/batches/{batch_of(gateway, shop, range(2))}/cancel"
    first, second = (gateway.call("POST", path, Idempotency_Key="k") for _ in range(2))
    assert (second.raw, second.headers["idempotency-replayed"]) == (first.raw, "true")
