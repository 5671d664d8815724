"""Photos, an archive, an export and an import, through the whole stack."""

from pathlib import Path

from deploy.local.demo.office import OfficeStory
from deploy.local.demo.story import Story
from tests.e2e.running import RunningStack


def test_the_third_act_is_told_to_its_end(stack: RunningStack) -> None:
    """The story of `make demo`, which checks each of its steps."""
    mails, told = Path(stack.env["MAIL_DIR"]), list[str]()
    event_id = Story(stack.shop, mails, told.append).tell()
    OfficeStory(stack.shop, mails, event_id, told.append).tell()
    assert "of four people in a file three are taken in" in told[-1], told
