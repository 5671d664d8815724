"""The terminal session in the runbook is what an operator sees."""

import re
from pathlib import Path

from shared.messaging.actor import declarations_in
from shared.messaging.setup import set_up_messaging
from tests.integration.console.conftest import Bellhop
from tests.support.databases import Database
from tests.toyshop import actors

RUNBOOK = Path(__file__).parents[3] / "docs" / "runbook.md"
CONFIRMED = {"toyshop.toy.make": 40, "toyshop.toy.made": 35}


def session() -> list[tuple[str, str]]:
    """(command, what it prints) of the runbook's one terminal session."""
    block = RUNBOOK.read_text().partition("```console\n")[2].partition("```")[0]
    steps = [step.partition("\n") for step in block.split("$ ") if step]
    return [(command, printed) for command, _, printed in steps]


def as_pattern(shown: str) -> str:
    """`…` stands for anything, and columns are as wide as they are."""
    lines = [" +".join(re.escape(word) for word in re.split(" +", line)) for line in shown.strip().splitlines()]
    return " *\n".join(lines).replace("…", ".*")


def test_repair_after_the_folder_was_deleted_looks_as_the_runbook_shows(bellhop: Bellhop, database: Database) -> None:
    """The broker is empty; 40 commands and 35 events were confirmed an hour ago and are not done."""
    set_up_messaging(database.url, "memory://", declarations_in(actors))
    database.query("UPDATE messaging.subscription SET since = clock_timestamp() - interval '1 day'")
    for kind, count in CONFIRMED.items():
        database.query(
            "INSERT INTO messaging.published"
            " (id, message_id, kind, is_event, turn, fairness_key, body, created_at, published_at)"
            " SELECT n, gen_random_uuid(), kind, is_event, 1, gen_random_uuid(), 'body', clock_timestamp(),"
            " clock_timestamp() - interval '1 hour' FROM messaging.subscription, generate_series(1, %s) AS n WHERE kind = %s",
            count,
            kind,
        )

    ran = [(bellhop(*command.split()[1:]), shown) for command, shown in session()]

    assert len(ran) == 2
    for did, shown in ran:
        assert re.fullmatch(as_pattern(shown), did.out.strip()), did.out
    assert [did.code for did, _ in ran] == [0, 0]
