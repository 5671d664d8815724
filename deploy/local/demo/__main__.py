"""`python -m deploy.local.demo`: start the stack if it is not up, tell the story, stop what was started."""

import sys
from collections.abc import Mapping
from pathlib import Path

from deploy.local import commands
from deploy.local.demo.calls import Accounts, CallStory
from deploy.local.demo.client import Shop, StepFailedError
from deploy.local.demo.office import OfficeStory
from deploy.local.demo.story import Story
from deploy.local.env_file import read_env
from deploy.local.run_folder import RunFolder

PROJECT = Path(__file__).resolve().parents[3]


def main() -> int:
    """The exit code says whether every step was checked and held."""
    folder = RunFolder(PROJECT / ".run")
    was_up = folder.ready.exists()
    supervisor = [sys.executable, "-m", "deploy.local", "run", "--folder", str(folder.path)]
    commands.say("Bellhop: a paid order becomes delivered tickets")
    if code := commands.up(folder, supervisor, PROJECT):
        return code
    try:
        return tell(folder)
    finally:
        if not was_up:
            commands.down(folder)


def tell(folder: RunFolder) -> int:
    """The story against the running stack."""
    values = read_env(folder.env)
    shop = Shop(values["BELLHOP_URL"], values["BELLHOP_API_KEY"], values["PAYMENTS_STRIPE_WEBHOOK_SECRET"])
    try:
        event_id = Story(shop, Path(values["MAIL_DIR"]), commands.say).tell()
        _second_act(shop, values)
        commands.say("the third act: an afternoon in the office")
        OfficeStory(shop, Path(values["MAIL_DIR"]), event_id, commands.say).tell()
    except StepFailedError as error:
        commands.say(f"  ✗ {error}")
        commands.say(f"the logs of every process are in {folder.logs}")
        return 1
    commands.say("every step was checked")
    return 0


def _second_act(shop: Shop, values: Mapping[str, str]) -> None:
    """A call becomes an appointment, where both providers are local ones."""
    accounts = Accounts.of_stack(values)
    if accounts is None:
        commands.say("no second act: the calls and the calendar of this stack are not the local ones")
        return
    commands.say("the second act: a call becomes an appointment")
    CallStory(shop, accounts, Path(values["MAIL_DIR"]), commands.say).tell()


if __name__ == "__main__":
    sys.exit(main())
