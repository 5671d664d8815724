"""What is declared for a delivery."""

from services.webhooks import actors
from services.webhooks.domain.deliveries import SCHEDULE
from shared.contracts.webhooks import DeliverWebhook, ProbeEndpoint, PurgeWebhooks, ReleaseWaiting
from shared.messaging.actor import declarations_in


def test_a_delivery_is_tried_eight_times_with_the_long_schedule() -> None:
    """The policy that subscribers are promised, and a lease that outlasts the call."""
    policy = actors.deliver_webhook.policy
    waits = [policy.backoff.delay(attempt) for attempt in range(1, 8)]
    assert policy.tries == 8
    assert policy.lease == 50
    assert all(0.8 * base <= wait <= 1.2 * base for wait, base in zip(waits, SCHEDULE, strict=True))


def test_slow_endpoints_do_not_hold_up_the_fan_out() -> None:
    """Deliveries have a queue of their own, and so have events."""
    queues = {one.contract: one.queue for one in declarations_in(actors)}
    assert queues.pop(DeliverWebhook) == "webhooks.outbound"
    assert {queues.pop(one) for one in (ProbeEndpoint, PurgeWebhooks, ReleaseWaiting)} == {"webhooks.default"}
    assert set(queues.values()) == {"webhooks.events"}


def test_nobody_waits_for_the_lease_of_a_call_that_died() -> None:
    """Receivers know a repetition by its id."""
    assert actors.deliver_webhook.policy.repeatable
