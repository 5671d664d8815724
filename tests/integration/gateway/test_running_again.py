"""Requests that lose a deadlock are run again: nobody hears of it."""

import pytest

from tests.integration.gateway.conftest import Gateway


@pytest.mark.parametrize("key", ["", "again"], ids=["without a key", "with a key"])
@pytest.mark.parametrize(("losses", "status"), [(1, 201), (2, 201), (3, 503)], ids=["once", "twice", "always"])
def test_a_request_that_loses_a_deadlock_is_run_again(gateway: Gateway, key: str, losses: int, status: int) -> None:
    """Twice; then the caller is told to try again. Its effect is there once or not at all."""
    headers = {"Idempotency_Key": key} if key else {}
    answer = gateway.call("POST", "/v1/toys", {"number": losses, "how": f"deadlock {key} {losses}"}, **headers)

    made = gateway.database.value("SELECT count(*) FROM toyshop.effect WHERE number = %s", losses)
    assert (answer.status, made) == (status, int(status == 201))
