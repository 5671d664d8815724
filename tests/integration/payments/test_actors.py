"""What becomes of an event that cannot be recorded."""

from pathlib import Path
from time import time
from typing import Any

from services.payments import actors
from services.payments.adapters.stripe import StripeEvents
from services.payments.handlers import Dependencies
from shared.clock import now
from shared.contracts.notifications import AlertFailure
from shared.contracts.webhooks import StripeEventReceived
from shared.ids import new_id
from shared.messaging.delivery import Delivery
from shared.messaging.gate import Gate
from shared.messaging.runner import Ending, Runner
from shared.messaging.testing import assert_published
from shared.messaging.time_limits import TimeLimits
from shared.metrics import Metrics
from shared.storage import open_storage
from tests.support.databases import Database


def test_an_unexpected_shape_is_a_failed_job_and_an_alert(database: Database, tmp_path: Path) -> None:
    """With its whole payload and a clear reason, and nothing recorded half."""
    dependencies = Dependencies(StripeEvents(), open_storage(tmp_path.as_uri()))
    gate, limits, metrics = Gate(lambda: None), TimeLimits(), Metrics("payments")
    runner = Runner("payments", database.engine("payments"), dependencies, gate, limits, metrics)
    ending = runner.run(actors.take_stripe_event, delivery({"id": "pi_1", "amount_received": "4598"}))
    with database.work("payments")() as session:
        notice = assert_published(session, AlertFailure, failed_kind=StripeEventReceived.kind)
    jobs = database.query("SELECT reason, error_type, error FROM messaging.failed_job")
    text = "Stripe payment_intent.amount_received must be a positive integer in minor units: it is '4598' (str)"
    assert (ending, jobs) == (Ending.SETTLED, [("permanent", "unexpected_provider_shape", text)])
    assert notice.fields["fields"]["data"] == {"id": "pi_1", "amount_received": "4598"}
    assert database.value("SELECT count(*) FROM payments.payments") == 0


def delivery(data: dict[str, Any]) -> Delivery:
    """The event as it comes off the queue."""
    event = StripeEventReceived(
        inbound_id=new_id(),
        external_id="evt_1",
        event_type="payment_intent.succeeded",
        created_at=now(),
        livemode=False,
        data=data,
    )
    return Delivery(
        service="payments",
        queue=actors.EVENTS,
        kind=event.kind,
        message_id=new_id(),
        turn=1,
        fields=event.model_dump(mode="json"),
        options={},
        redelivered=False,
        published_at=time() * 1000,
    )
