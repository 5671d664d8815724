"""The main job, from the event on sale to the ticket at the door."""

from pathlib import Path

from deploy.local.demo.story import Story
from tests.e2e.running import RunningStack


def test_a_paid_order_becomes_delivered_tickets(stack: RunningStack) -> None:
    """The story of `make demo`, which checks each of its steps, told to the end."""
    told: list[str] = []
    Story(stack.shop, Path(stack.env["MAIL_DIR"]), told.append).tell()
    assert "let in once, refused the second time" in told[-1], told
