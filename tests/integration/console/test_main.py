"""The command line as a whole, and as a process."""

import json
import os
import subprocess
import sys

import pytest

from shared.crypto import hash_api_key
from shared.discovery import actor_declarations
from shared.ids import new_id
from tests.integration.console.conftest import Bellhop
from tests.support.databases import Database
from tests.support.processes import ROOT
from tests.support.vhosts import VirtualHost


def run_process(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """`python -m services.console …`, with these variables and no others of ours."""
    return subprocess.run(
        [sys.executable, "-m", "services.console", *arguments],
        cwd=ROOT,
        env={"PATH": os.defpath, "COLUMNS": "200", **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_missing_setting_is_one_line_on_stderr() -> None:
    """No traceback: what is missing and how to come by it, and exit code 1."""
    ran = run_process("failed", "list")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == "bellhop: DATABASE_URL is not set: run `make up` and `. .run/env`, or export it\n"


def test_key_is_made_as_json(database: Database) -> None:
    """What `make up` reads: nothing but one document on standard output."""
    ran = run_process("keys", "create", "--organisation", "Demo", "--json", DATABASE_URL=database.url)
    assert ran.returncode == 0, ran.stderr
    [(kept, organisation_id)] = database.query("SELECT key_hash, organisation_id FROM gateway.api_key")
    made = json.loads(ran.stdout)
    assert (hash_api_key(made["key"]), made["organisation_id"]) == (bytes(kept), str(organisation_id))


def test_keys_are_listed_and_revoked(bellhop: Bellhop) -> None:
    """The whole key is never shown again."""
    made = bellhop("keys", "create", "--organisation", "Demo", "--json").json
    listed = bellhop("keys", "list", "--json").json
    revoked = bellhop("keys", "revoke", made["key_id"])
    assert made["key"] not in str(listed)
    assert (revoked.code, bellhop("keys", "list", "--json").json[0]["revoked_at"] is None) == (0, False)


def test_key_is_made_for_what_it_is_needed_for(bellhop: Bellhop) -> None:
    """With scopes and an end; without them it has every right."""
    bellhop(
        "keys", "create", "--organisation", "Demo", "--name", "door", "--scope", "check_in", "--expires", "2031-05-17"
    )
    bellhop("keys", "create", "--organisation", "Demo")
    door, other = bellhop("keys", "list", "--json").json
    assert (door["name"], door["scopes"], door["expires_at"][:10]) == ("door", ["check_in"], "2031-05-17")
    assert (other["scopes"], other["expires_at"]) == (["*"], None)


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--scope", "checkin", "did you mean 'check_in'?"),
        ("--expires", "2020-01-01", "give a moment to come"),
        ("--expires", "tomorrow", "write 2031-05-17"),
    ],
    ids=["unknown-scope", "expiry-in-the-past", "no-moment"],
)
def test_key_that_cannot_be_is_refused_with_what_is_right(bellhop: Bellhop, option: str, value: str, said: str) -> None:
    """And none is made."""
    ran = bellhop("keys", "create", "--organisation", "Demo", option, value)
    assert (ran.code == 0, bellhop("keys", "list", "--json").json) == (False, [])
    assert said in " ".join((ran.out + ran.err).replace("│", " ").split())


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(("keys", "create"), 2), (("keys", "create", "--organisation", "  "), 2), (("nothing",), 2), (("keys",), 2)],
)
def test_wrong_command_line_is_explained(bellhop: Bellhop, arguments: tuple[str, ...], code: int) -> None:
    """Exit code 2, as everywhere."""
    assert bellhop(*arguments).code == code


@pytest.mark.parametrize(
    ("variables", "complaint"),
    [
        ({"DATABASE_URL": "postgresql://x@127.0.0.1:1/x"}, "the database does not answer at 127.0.0.1:1"),
        ({"DATABASE_URL": "postgresql://x@127.0.0.1:1/secret"}, "start it, or correct DATABASE_URL"),
    ],
)
def test_database_that_is_away_is_said(bellhop: Bellhop, variables: dict[str, str], complaint: str) -> None:
    """One line with its address."""
    ran = bellhop("failed", "list", **variables)
    assert ran.code == 1
    assert complaint in ran.err
    assert len(ran.err.splitlines()) == 1


def test_database_that_was_not_migrated_is_said(bellhop: Bellhop, database: Database) -> None:
    """What to do is `bellhop migrate`."""
    database.query("DROP TABLE messaging.scheduled")
    ran = bellhop("scheduled", "list")
    assert ran.code == 1
    assert "run `bellhop migrate`" in ran.err


def test_broker_that_is_away_is_said(bellhop: Bellhop) -> None:
    """Queues cannot be told, and it is said where they were looked for."""
    ran = bellhop("queues", RABBITMQ_URL="amqp://user:secret@127.0.0.1:1/")
    assert ran.code == 1
    assert ran.err.startswith("bellhop: RabbitMQ does not answer at 127.0.0.1:1 ")


def test_missing_queues_are_named(bellhop: Bellhop) -> None:
    """An empty virtual host: exit code 1, and what to do."""
    ran = bellhop("queues")
    assert ran.code == 1
    assert "ticketing.critical" in ran.err
    assert "run `bellhop migrate`" in ran.err


@pytest.mark.parametrize("asks_management", [True, False])
def test_queues_are_counted(
    bellhop: Bellhop, database: Database, rabbitmq: VirtualHost, *, asks_management: bool
) -> None:
    """By the management API or over AMQP; only the first knows what is unacknowledged."""
    rabbitmq.set_up(database.url, actor_declarations("ticketing"))
    url = rabbitmq.management_url if asks_management else ""
    ran = bellhop("queues", "--json", RABBITMQ_MANAGEMENT_URL=url)
    [critical] = [queue for queue in ran.json if queue["name"] == "ticketing.critical"]
    unacked = 0 if asks_management else None
    assert ran.code == 0
    assert critical == {
        "name": "ticketing.critical",
        "ready": 0,
        "unacked": unacked,
        "consumers": 0,
        "dead_letters": 0,
        "waiting": 0,
        "oldest": 0.0,
        "organisations": [],
    }


def test_what_waits_and_what_is_under_way_is_told_by_organisation(
    bellhop: Bellhop, database: Database, rabbitmq: VirtualHost
) -> None:
    """Commands wait in PostgreSQL; those that are in the queue and not done count as under way; what is done, does not."""
    rabbitmq.set_up(database.url, actor_declarations("ticketing"))
    ada, kind = new_id(), "ticketing.order.generate_tickets"
    for message_id in (done := new_id(), new_id()):
        database.query(
            "INSERT INTO messaging.published (id, message_id, kind, is_event, turn, fairness_key, organisation_id, body, "
            "created_at) VALUES (1, %s, %s, false, 1, %s, %s, '', clock_timestamp())",
            message_id, kind, ada, ada,
        )  # fmt: skip
    database.query(
        "INSERT INTO messaging.inbox (message_id, service, kind, status, turn, attempts) "
        "VALUES (%s, 'ticketing', %s, 'done', 1, 1)",
        done, kind,
    )  # fmt: skip
    for whose in (ada, ada, None):
        database.query(
            "INSERT INTO messaging.outbox (message_id, kind, is_event, body, organisation_id) "
            "VALUES (gen_random_uuid(), %s, false, '', %s)",
            kind, whose,
        )  # fmt: skip

    [queue] = [one for one in bellhop("queues", "--json").json if one["waiting"]]

    told = [(one["organisation_id"], one["waiting"], one["under_way"]) for one in queue["organisations"]]
    assert told == [(str(ada), 2, 1), (None, 1, 0)]
    assert "nobody's" in bellhop("queues").out


def test_health_names_the_issues(bellhop: Bellhop, database: Database, rabbitmq: VirtualHost) -> None:
    """Nobody works on the queues, and the relay is far behind: not healthy, exit code 1."""
    rabbitmq.set_up(database.url, actor_declarations("ticketing"))
    database.query(
        "INSERT INTO messaging.outbox (message_id, kind, is_event, body, created_at) "
        "VALUES (gen_random_uuid(), 'toyshop.toy.made', true, '', now() - interval '5 minutes')"
    )
    found = bellhop("health", "--json")
    assert (found.code, found.json["healthy"], found.json["lag"]["outbox_rows"]) == (1, False, 1)
    assert any("nobody works on queue ticketing.critical" in issue for issue in found.json["issues"])
    assert any("does the relay run?" in issue for issue in found.json["issues"])


def test_health_without_a_broker_to_ask(bellhop: Bellhop) -> None:
    """With memory:// the database alone decides."""
    assert bellhop("health", RABBITMQ_URL="memory://").out.splitlines()[-1] == "healthy"


def test_repair_says_what_it_would_do_and_what_it_did(
    bellhop: Bellhop, database: Database, rabbitmq: VirtualHost
) -> None:
    """A message of an hour ago is in no queue and no inbox: named first, published again then, and then not again."""
    rabbitmq.set_up(database.url, actor_declarations("ticketing"))
    database.query(
        "INSERT INTO messaging.published (id, message_id, kind, is_event, turn, fairness_key, body, created_at, published_at)"
        " SELECT 1, gen_random_uuid(), kind, false, 1, gen_random_uuid(), 'body', clock_timestamp(),"
        " clock_timestamp() - interval '1 hour' FROM messaging.subscription WHERE NOT is_event ORDER BY kind LIMIT 1"
    )
    would = bellhop("repair")
    did = bellhop("repair", "--apply", "--json")
    then = bellhop("repair", "--apply")

    assert (would.code, did.code, then.code) == (0, 0, 0)
    assert "would be published again" in would.out
    assert "Nothing was changed: run `bellhop repair --apply`." in would.out
    assert (did.json["applied"], list(did.json["republished"].values())) == (True, [1])
    assert "No message was missing." in then.out


def test_repair_of_a_queue_that_is_none_of_ours_is_refused(
    bellhop: Bellhop, database: Database, rabbitmq: VirtualHost
) -> None:
    """Nothing is deleted by a slip of the pen."""
    rabbitmq.set_up(database.url, actor_declarations("ticketing"))
    ran = bellhop("repair", "--apply", "--force", "ticketing.defualt")
    assert (ran.code, "`bellhop queues` lists them" in ran.err) == (1, True)


def test_job_is_shown_with_its_state(bellhop: Bellhop, database: Database) -> None:
    """And one that nobody knows is refused in a sentence."""
    bellhop("schedules", "run", "ticketing.expire_orders")
    message_id = str(database.value("SELECT message_id FROM messaging.outbox"))
    shown = bellhop("jobs", "show", message_id, "--json")
    unknown = bellhop("jobs", "show", "00000000-0000-7000-8000-000000000000")

    assert [(job["message_id"], job["state"], job["where"]) for job in shown.json] == [
        (message_id, "dispatched", "in the outbox")
    ]
    assert (unknown.code, "it never was, or it is done and no longer kept" in unknown.err) == (1, True)


def test_schedules_are_listed_with_their_next_tick(bellhop: Bellhop) -> None:
    """By name, with cron and time zone."""
    every = bellhop("schedules", "list", "--json").json
    [listed] = [one for one in every if one["name"] == "ticketing.expire_orders"]
    assert [one["name"] for one in every] == sorted(one["name"] for one in every)
    assert (listed["name"], listed["timezone"]) == ("ticketing.expire_orders", "Europe/Berlin")
    assert listed["next"] is not None


def test_schedule_is_run_by_hand(bellhop: Bellhop, database: Database) -> None:
    """Its message is in the outbox."""
    ran = bellhop("schedules", "run", "ticketing.expire_orders", "--json")
    assert str(database.value("SELECT message_id FROM messaging.outbox")) == ran.json["message_id"]


def test_unknown_schedule_is_said(bellhop: Bellhop) -> None:
    """Exit code 1, and where to look."""
    ran = bellhop("schedules", "run", "ticketing.nothing")
    assert (ran.code, "`bellhop schedules list`" in ran.err) == (1, True)


def test_migrate_makes_everything_and_may_be_repeated(bellhop: Bellhop) -> None:
    """Schemas and queues are there, and each queue answers."""
    first = bellhop("migrate")
    second = bellhop("migrate", "--json")
    assert (first.code, second.code, second.json["schemas"]) == (0, 0, ["messaging", "gateway", "ticketing"])
    assert bellhop("queues").code == 0
