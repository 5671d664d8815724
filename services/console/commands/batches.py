"""`bellhop batches`: how far they are."""

from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

import typer

from services.console.commands import JsonOption, LimitOption
from services.console.operations import compositions
from services.console.output import say, show_fields, show_json, show_table
from services.console.settings import ConsoleSettings
from shared.messaging.batch import BatchState

app = typer.Typer(help="Batches of messages.", no_args_is_help=True)


@app.command("list")
def list_(
    limit: LimitOption = 100,
    *,
    running: Annotated[bool, typer.Option("--running", help="Only those that have not ended.")] = False,
    json: JsonOption = False,
) -> None:
    """Show batches, the newest first."""
    batches = compositions.list_batches(ConsoleSettings(), running=running, limit=limit)
    if json:
        show_json([_fields(batch) for batch in batches])
        return
    columns = ("id", "name", "state", "progress", "total", "pending", "done", "failed", "cancelled", "created_at")
    show_table(
        [column.replace("_", " ") for column in columns],
        [tuple(_fields(batch)[column] for column in columns) for batch in batches],
        empty="There are no batches.",
    )


@app.command("show")
def show(batch_id: UUID, *, json: JsonOption = False) -> None:
    """Show one batch: its state, its progress in percent, its counts."""
    fields = _fields(compositions.show_batch(ConsoleSettings(), batch_id))
    (show_json if json else show_fields)(fields)


@app.command("cancel")
def cancel(batch_id: UUID) -> None:
    """End the members that have not started, unrun. Those that run are not interrupted."""
    compositions.cancel_batch(ConsoleSettings(), batch_id)
    say(f"cancelled {batch_id}")


def _fields(batch: BatchState) -> dict[str, Any]:
    return {**asdict(batch), "total": batch.total, "progress": batch.progress}
