"""`bellhop credentials`: what is kept encrypted."""

from dataclasses import asdict

import typer

from services.console.commands import JsonOption
from services.console.operations import credentials
from services.console.output import show_json, show_table
from services.console.settings import ConsoleSettings

app = typer.Typer(help="Secrets that are kept encrypted.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keeps `rotate` a command of its own, though it is the only one."""


@app.command("rotate")
def rotate(*, json: JsonOption = False) -> None:
    """Encrypt all of them anew, from FORMER_SECRET_KEY to SECRET_KEY. Stop the services first. Safe to repeat."""
    rotated = credentials.rotate(ConsoleSettings())
    if json:
        show_json([asdict(one) for one in rotated])
        return
    show_table(
        ("service", "what", "changed"),
        [(one.service, one.what, one.changed) for one in rotated],
        empty="No deployed service keeps anything encrypted.",
    )
