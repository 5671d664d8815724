"""`bellhop scheduled`: messages that wait for their time."""

from dataclasses import asdict
from typing import Annotated

import typer

from services.console.commands import JsonOption, KindOption, LimitOption
from services.console.operations import scheduled
from services.console.output import complain, say, show_json, show_table
from services.console.settings import ConsoleSettings
from shared.errors import BellhopError

app = typer.Typer(help="Messages that wait for their time: delays, retries, snoozes.", no_args_is_help=True)


@app.command("list")
def list_(kind: KindOption = None, limit: LimitOption = 100, *, json: JsonOption = False) -> None:
    """Show what waits, the next one first."""
    waiting = scheduled.list_scheduled(ConsoleSettings(), kind, limit)
    if json:
        show_json([asdict(message) for message in waiting])
        return
    show_table(
        ("number", "due at", "kind", "why", "turn", "message id"),
        [(one.id, one.due_at, one.kind, one.reason, one.turn, one.message_id) for one in waiting],
        empty="Nothing is scheduled.",
    )


@app.command("cancel")
def cancel(numbers: Annotated[list[int], typer.Argument(help="Numbers, as `scheduled list` shows them.")]) -> None:
    """Take waiting messages away. A retry ends as a failed job, which can be retried."""
    settings, refused = ConsoleSettings(), False
    for number in numbers:
        try:
            message = scheduled.cancel(settings, number)
            say(f"cancelled {number} ({message.kind}, due {message.due_at:%Y-%m-%d %H:%M:%S} UTC)")
        except BellhopError as error:
            complain(str(error))
            refused = True
    if refused:
        raise typer.Exit(1)
