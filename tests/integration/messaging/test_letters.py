"""Recording one dead letter: whatever stands in it, it becomes a failed job."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.relay.fates import Letter
from services.relay.letters import record_letter
from services.relay.routes import Routes
from shared.database.connections import connect
from shared.ids import new_id
from shared.messaging.topology import Subscription, dead_letter_queue
from tests.integration.messaging.shop import envelope
from tests.support.databases import Database
from tests.toyshop.contracts import MakeToy, ToyFailed

QUEUE = "toyshop.default"
TEXT = st.text(max_size=20) | st.sampled_from(["", "\x00", "toyshop", str(new_id()), "started", "time"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
OURS = st.fixed_dictionaries(
    {},
    optional={
        name: JSON | st.dictionaries(st.sampled_from(["id", "shard", "key", "until", "step", "batch_id"]), JSON)
        for name in ("unique", "batch", "chain", "turn", "tickets", "organisation_id", "correlation_id", "traceparent")
    },
)
"""The options that a letter of ours has, with anything in them."""
BODIES = st.binary(max_size=60) | st.builds(
    lambda options, fields, queue: envelope(MakeToy.kind, options=options, kwargs=fields, queue_name=queue),
    OURS,
    st.dictionaries(TEXT, JSON, max_size=3),
    TEXT,
)
HEADERS = JSON | st.fixed_dictionaries(
    {"x-death": JSON | st.lists(st.dictionaries(st.sampled_from(["queue", "reason", "time"]), JSON), max_size=2)}
)


@pytest.fixture
def routes() -> Routes:
    known = Routes()
    known.learn([Subscription("toyshop", MakeToy.kind, QUEUE, False, ToyFailed.kind)])
    return known


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(headers=HEADERS, body=BODIES)
def test_every_letter_becomes_a_failed_job(clean_database: Database, routes: Routes, headers: Any, body: bytes) -> None:
    """Its bytes are kept whole."""
    letter = Letter(dead_letter_queue(QUEUE), QUEUE, headers, body)
    with connect(clean_database.url, "test", service="relay", settings={"search_path": "messaging"}) as connection:
        recorded = record_letter(connection, routes, letter)
    kept = clean_database.value("SELECT count(*) > 0 FROM messaging.failed_job WHERE body = %s", body)

    assert (recorded, kept) == (True, True)
