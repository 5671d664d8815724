"""What the queues of all services hold."""

import pytest

from shared import discovery
from shared.messaging.queues import refuse_mixed_queues

SERVICES = discovery.services()
DECLARED = [actor for service in SERVICES for actor in discovery.actor_declarations(service)]


def test_no_queue_holds_commands_and_events() -> None:
    """Commands wait for their share of a window, which events would fill."""
    refuse_mixed_queues(DECLARED)
    assert DECLARED


@pytest.mark.parametrize("kind", sorted({one.kind for one in DECLARED if one.is_event}))
def test_the_handler_of_an_event_is_light(kind: str) -> None:
    """It writes rows and makes commands. Nothing shares out events, so what waits for somebody outside is a command."""
    calling = [one.service for one in DECLARED if one.kind == kind and one.calls_provider]
    assert not calling, f"{calling} call somebody outside on hearing {kind}: publish a command that does"


@pytest.mark.parametrize("service", SERVICES)
def test_events_wait_beside_no_commands_by_their_name(service: str) -> None:
    """A queue that is called after events holds events."""
    named = {one.queue for one in discovery.actor_declarations(service) if one.queue.endswith("events")}
    wrong = sorted(one.kind for one in discovery.actor_declarations(service) if one.queue in named and not one.is_event)
    assert not wrong, f"{wrong} are commands: give them another queue"
