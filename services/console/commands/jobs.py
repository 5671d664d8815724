"""`bellhop jobs`: where a message stands."""

from dataclasses import asdict
from typing import Annotated
from uuid import UUID

import typer

from services.console.commands import JsonOption
from services.console.operations import jobs
from services.console.output import say, show_fields, show_json
from services.console.settings import ConsoleSettings

app = typer.Typer(help="Where a message stands.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keep `show` a command of its own while it is the only one."""


@app.command("show")
def show(
    message_id: Annotated[UUID, typer.Argument(help="As in logs and failed jobs.")], *, json: JsonOption = False
) -> None:
    """Show the state of a message at each service that hears it: its times, attempts, and where it is now."""
    found = jobs.show_jobs(ConsoleSettings(), message_id)
    if json:
        show_json([asdict(job) for job in found])
        return
    for number, job in enumerate(found):
        if number:
            say("")
        show_fields({name.replace("_", " "): value for name, value in asdict(job).items()})
