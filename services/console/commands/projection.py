"""`bellhop projection`: what the reports service keeps of the other services' events."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from services.console.commands import JsonOption
from services.console.operations import projection
from services.console.output import complain, say, show_fields, show_json
from services.console.settings import ConsoleSettings
from services.reports.domain.rebuilds import Rebuild

app = typer.Typer(help="What reports are made of.", no_args_is_help=True)


@app.command("show")
def show(*, json: JsonOption = False) -> None:
    """Show whether the projection is whole, and how far its last rebuild has come."""
    is_whole, rebuild = projection.show(ConsoleSettings())
    fields = {"is_whole": is_whole, **(_fields(rebuild) if rebuild else {})}
    (show_json if json else show_fields)(fields)


@app.command("rebuild")
def rebuild(
    *, wait: Annotated[bool, typer.Option("--wait", help="Stay until it is done, and show how far it is.")] = False
) -> None:
    """Throw the projection away and build it again from the events that were heard. Exports and figures wait for it."""
    settings = ConsoleSettings()
    rebuild_id = projection.rebuild(settings)
    if not wait:
        say(f"rebuilding {rebuild_id}: see `bellhop projection show`")
        return
    projection.wait(settings, rebuild_id, _Progress())
    say(f"rebuilt {rebuild_id}")


class _Progress:
    """A line for each step that can be seen."""

    def __init__(self) -> None:
        self._shown = ""

    def __call__(self, rebuild: Rebuild) -> None:
        line = f"{rebuild.percentage} % ({rebuild.applied} of {rebuild.total} events)"
        line = line if rebuild.emptied_at else "emptying"
        if line != self._shown:
            self._shown = line
            complain(line)


def _fields(rebuild: Rebuild) -> dict[str, Any]:
    return {**asdict(rebuild), "percentage": rebuild.percentage}
