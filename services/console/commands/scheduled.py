"""`bellhop scheduled`: messages that wait for their time."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from services.console.commands import JsonOption, KindOption, LimitOption
from services.console.operations import scheduled
from services.console.output import complain, say, show_json, show_table
from services.console.settings import ConsoleSettings
from shared.errors import BellhopError

FORMATS = ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d"]

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


Numbers = Annotated[list[int], typer.Argument(help="Numbers, as `scheduled list` shows them.")]


@app.command("cancel")
def cancel(numbers: Numbers) -> None:
    """Take waiting messages away. A retry ends as a failed job, which can be retried."""
    settings = ConsoleSettings()
    _each(numbers, "cancelled", lambda number: scheduled.cancel(settings, number))


@app.command("move")
def move(
    number: Annotated[int, typer.Argument(help="A number, as `scheduled list` shows it.")],
    due: Annotated[datetime, typer.Argument(formats=FORMATS, help="When, in UTC: 2026-01-31T18:00 or 2026-01-31.")],
) -> None:
    """Let a message wait for another moment."""
    settings = ConsoleSettings()
    _each([number], "moved", lambda row_id: scheduled.move(settings, row_id, due.replace(tzinfo=UTC)))


@app.command("run")
def run(numbers: Numbers) -> None:
    """Let messages wait no longer: they are sent at once."""
    settings = ConsoleSettings()
    _each(numbers, "sent", lambda number: scheduled.run_now(settings, number))


def _each(numbers: list[int], what: str, do: Callable[[int], scheduled.ScheduledMessage]) -> None:
    """Do it to all that can be found. Exit code 1 if one could not."""
    refused = False
    for number in numbers:
        try:
            message = do(number)
            say(f"{what} {number} ({message.kind}, due {message.due_at:%Y-%m-%d %H:%M:%S} UTC)")
        except BellhopError as error:
            complain(str(error))
            refused = True
    if refused:
        raise typer.Exit(1)
