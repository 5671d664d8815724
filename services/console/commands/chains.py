"""`bellhop chains`: where they stand."""

from dataclasses import asdict
from uuid import UUID

import typer

from services.console.commands import JsonOption
from services.console.operations import compositions
from services.console.output import say, show_fields, show_json
from services.console.settings import ConsoleSettings

app = typer.Typer(help="Chains of messages.", no_args_is_help=True)


@app.command("show")
def show(chain_id: UUID, *, json: JsonOption = False) -> None:
    """Show one chain: its state, its steps (counted from 0), what they handed on, and why it failed."""
    fields = asdict(compositions.show_chain(ConsoleSettings(), chain_id))
    (show_json if json else show_fields)(fields)


@app.command("cancel")
def cancel(chain_id: UUID) -> None:
    """Take no further step. The one that runs is not interrupted."""
    compositions.cancel_chain(ConsoleSettings(), chain_id)
    say(f"cancelled {chain_id}")


@app.command("resume")
def resume(chain_id: UUID) -> None:
    """Try the step that failed again, and go on from there."""
    message_id = compositions.resume_chain(ConsoleSettings(), chain_id)
    say(f"resumed {chain_id} with message {message_id}")
