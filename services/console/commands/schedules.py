"""`bellhop schedules`: what is published when."""

from dataclasses import asdict

import typer

from services.console.commands import JsonOption
from services.console.operations import schedules
from services.console.output import say, show_json, show_table
from services.console.settings import ConsoleSettings

app = typer.Typer(help="What is published when.", no_args_is_help=True)


@app.command("list")
def list_(*, json: JsonOption = False) -> None:
    """Show the schedules of the deployed services."""
    listed = schedules.list_schedules(ConsoleSettings())
    if json:
        show_json([asdict(schedule) for schedule in listed])
        return
    show_table(
        ("name", "cron", "time zone", "missed", "last (UTC)", "next (UTC)"),
        [(one.name, one.cron, one.timezone, one.missed, one.last, one.next) for one in listed],
        empty="No deployed service has schedules.",
    )


@app.command("run")
def run(name: str, *, json: JsonOption = False) -> None:
    """Publish a schedule's message now, beside its ticks."""
    message_id = schedules.run_schedule(ConsoleSettings(), name)
    if json:
        show_json({"schedule": name, "message_id": message_id})
    else:
        say(f"published {name} as message {message_id}")
