"""`bellhop migrate`, `queues`, `health`, `up`, `down`, `restart`, `demo`."""

from dataclasses import asdict

import typer

from services.console.commands import JsonOption
from services.console.operations import health as health_operations
from services.console.operations import queues as queue_operations
from services.console.operations import setup
from services.console.operations.local_stack import local
from services.console.output import complain, say, show_fields, show_json, show_table
from services.console.settings import ConsoleSettings


def migrate(*, json: JsonOption = False) -> None:
    """Bring the database and the queues up to date. Safe to repeat."""
    migrated = setup.migrate(ConsoleSettings())
    if json:
        show_json(asdict(migrated))
    else:
        say(f"schemas are up to date: {', '.join(migrated.schemas)}; {migrated.queues} queues are there and answer")


def queues(*, json: JsonOption = False) -> None:
    """Show the queues: what waits in PostgreSQL, is ready in RabbitMQ, being worked on, and dead; then whose it is. Exits
    with 1 if one is missing.
    """
    listed = queue_operations.list_queues(ConsoleSettings())
    if json:
        show_json([asdict(queue) for queue in listed])
    else:
        show_table(
            ("queue", "waiting", "oldest", "ready", "unacked", "consumers", "dead letters"),
            [
                (one.name, one.waiting, _age(one.oldest), one.ready, one.unacked, one.consumers, one.dead_letters)
                for one in listed
            ],
            empty="No deployed service has queues.",
        )
        whose = [one for queue in listed for one in queue.organisations]
        show_table(
            ("queue", "organisation", "waiting", "oldest", "under way"),
            [
                (one.queue, one.organisation_id or "nobody's", one.waiting, _age(one.oldest), one.under_way)
                for one in whose
            ],
            empty="Nothing waits, and nothing is under way.",
        )
    missing = [queue.name for queue in listed if not queue.is_there]
    if missing:
        complain(f"not there: {', '.join(missing)}; run `bellhop migrate`")
        raise typer.Exit(1)


def _age(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds else ""


def health(*, json: JsonOption = False) -> None:
    """Say whether the installation is well, and what is not. Exits with 1 if something is not."""
    found = health_operations.check_health(ConsoleSettings())
    if json:
        show_json({"healthy": found.healthy, **asdict(found)})
    else:
        if found.lag is not None:
            show_fields({name.replace("_", " "): value for name, value in asdict(found.lag).items()})
        say("healthy" if found.healthy else "not healthy:")
        for issue in found.issues:
            say(f"  {issue}")
    if not found.healthy:
        raise typer.Exit(1)


def up() -> None:
    """Start the whole stack on this machine, in the background."""
    raise typer.Exit(local("up"))


def down() -> None:
    """Stop the stack on this machine. Its data stays."""
    raise typer.Exit(local("down"))


def restart() -> None:
    """Restart its processes one by one, as after a change of the code; running work is waited for."""
    raise typer.Exit(local("restart"))


def demo() -> None:
    """Run the main job once, for real, every step checked."""
    raise typer.Exit(local("demo"))
